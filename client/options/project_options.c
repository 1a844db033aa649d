#include "client/options/project_options.h"

#include "client/app/forwarder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether "/path=TARGET", as --route takes it, has its target on this machine. */
static bool leads_here(const char *route)
{
	const char *text = forward_route_target(route);
	return text && forward_target_is_harmless(text);
}

enum project_verdict project_options_judge(const struct option_row *row, const char *value)
{
	if (row->sources & OPTION_FROM_PROJECT)
		return PROJECT_TAKEN;
	return (row->sources & OPTION_FROM_LOCAL) && leads_here(value) ? PROJECT_TAKEN : PROJECT_REFUSED;
}

enum project_verdict project_options_judge_key(const struct command *c, const char *key, const char *value,
					       const struct option_row **row)
{
	char name[64], joined[600];
	const char *dot = strchr(key, '.');
	*row = command_find_option(c, key);
	if (!*row && dot && (size_t)(dot - key) < sizeof name) {
		memcpy(name, key, (size_t)(dot - key));
		name[dot - key] = 0;
		*row = command_find_option(c, name);
		snprintf(joined, sizeof joined, "%s=%s", dot + 1, value); /* a line holds less */
		value = joined;
	}
	return *row ? project_options_judge(*row, value) : PROJECT_PASSED_OVER;
}
