/* Which options of which command a project's file may set: the table, and the look at a value. */
#include "client/options/project_options.h"

#include "client/app/forwarder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One line for each option of each command; the walk in tests/unit/client/test_project_options.c fails for one that is
 * missing. PROJECT_MAY is for what cannot hurt whatever its value: a name, a time limit, which deliveries are shown and
 * how. What runs, writes, deletes or sends anything, or loosens a check, is the user's. */
static const struct project_option table[] = {
	{ "listen", "name", PROJECT_MAY },
	{ "listen", "route", PROJECT_LOCAL },
	{ "listen", "forward-to", PROJECT_USER },
	{ "listen", "output", PROJECT_MAY },
	{ "listen", "color", PROJECT_MAY },
	{ "listen", "ascii", PROJECT_MAY },
	{ "listen", "mouse", PROJECT_MAY },
	{ "listen", "ready-file", PROJECT_USER },
	{ "listen", "exec", PROJECT_USER },
	{ "listen", "secret", PROJECT_USER },
	{ "listen", "answer-challenges", PROJECT_USER },
	{ "listen", "chaos", PROJECT_USER },
	{ "listen", "host-header", PROJECT_MAY },
	{ "listen", "header", PROJECT_USER },
	{ "listen", "no-forwarded", PROJECT_USER },
	{ "listen", "timeout", PROJECT_MAY },
	{ "listen", "wait-for-target", PROJECT_MAY },
	{ "listen", "hold", PROJECT_USER },
	{ "listen", "offline", PROJECT_USER },
	{ "listen", "ack", PROJECT_USER },
	{ "listen", "drain-parallel", PROJECT_USER },
	{ "listen", "share", PROJECT_USER },
	{ "listen", "allow-remote-target", PROJECT_USER },
	{ "listen", "insecure", PROJECT_USER },
	{ "listen", "ca", PROJECT_USER },
	{ "listen", "allow-plain-token", PROJECT_USER },
	{ "listen", "pin", PROJECT_USER },
	{ "listen", "ping-interval", PROJECT_MAY },
	{ "listen", "connect-timeout", PROJECT_MAY },
	{ "listen", "keep", PROJECT_USER },
	{ "listen", "max-size", PROJECT_USER },
	{ "listen", "record-max", PROJECT_USER },
	{ "listen", "record-max-abandoned", PROJECT_USER },
	{ "listen", "relay", PROJECT_USER },
	{ "listen", "db", PROJECT_USER },
	{ "listen", "config", PROJECT_USER },

	{ "dev", "port", PROJECT_MAY },
	{ "dev", "name", PROJECT_MAY },
	{ "dev", "output", PROJECT_MAY },
	{ "dev", "color", PROJECT_MAY },
	{ "dev", "ascii", PROJECT_MAY },
	{ "dev", "mouse", PROJECT_MAY },
	{ "dev", "ready-file", PROJECT_USER },
	{ "dev", "secret", PROJECT_USER },
	{ "dev", "answer-challenges", PROJECT_USER },
	{ "dev", "host-header", PROJECT_MAY },
	{ "dev", "header", PROJECT_USER },
	{ "dev", "timeout", PROJECT_MAY },
	{ "dev", "wait-for-target", PROJECT_MAY },
	{ "dev", "hold", PROJECT_USER },
	{ "dev", "ack", PROJECT_USER },
	{ "dev", "drain-parallel", PROJECT_USER },
	{ "dev", "insecure", PROJECT_USER },
	{ "dev", "max-size", PROJECT_USER },
	{ "dev", "record-max", PROJECT_USER },
	{ "dev", "record-max-abandoned", PROJECT_USER },
	{ "dev", "relay", PROJECT_UNUSED },
	{ "dev", "db", PROJECT_USER },
	{ "dev", "config", PROJECT_USER },

	{ "ui", "color", PROJECT_MAY },
	{ "ui", "ascii", PROJECT_MAY },
	{ "ui", "secret", PROJECT_USER },
	{ "ui", "mouse", PROJECT_MAY },
	{ "ui", "relay", PROJECT_UNUSED },
	{ "ui", "db", PROJECT_USER },
	{ "ui", "config", PROJECT_USER },

	{ "list", "filter", PROJECT_MAY },
	{ "list", "number", PROJECT_MAY },
	{ "list", "json", PROJECT_MAY },
	{ "list", "relay", PROJECT_UNUSED },
	{ "list", "db", PROJECT_USER },
	{ "list", "config", PROJECT_USER },

	{ "show", "request", PROJECT_MAY },
	{ "show", "response", PROJECT_MAY },
	{ "show", "headers", PROJECT_MAY },
	{ "show", "body", PROJECT_MAY },
	{ "show", "raw", PROJECT_MAY },
	{ "show", "attempt", PROJECT_USER },
	{ "show", "json", PROJECT_MAY },
	{ "show", "relay", PROJECT_UNUSED },
	{ "show", "db", PROJECT_USER },
	{ "show", "config", PROJECT_USER },

	{ "diff", "json", PROJECT_MAY },
	{ "diff", "no-color", PROJECT_MAY },
	{ "diff", "ignore-volatile", PROJECT_USER },
	{ "diff", "key-order", PROJECT_USER },
	{ "diff", "relay", PROJECT_UNUSED },
	{ "diff", "db", PROJECT_USER },
	{ "diff", "config", PROJECT_USER },

	{ "replay", "last", PROJECT_USER },
	{ "replay", "where", PROJECT_USER },
	{ "replay", "to", PROJECT_USER },
	{ "replay", "header", PROJECT_USER },
	{ "replay", "body", PROJECT_USER },
	{ "replay", "resign", PROJECT_USER },
	{ "replay", "secret", PROJECT_USER },
	{ "replay", "url", PROJECT_USER },
	{ "replay", "times", PROJECT_USER },
	{ "replay", "edit", PROJECT_USER },
	{ "replay", "parallel", PROJECT_USER },
	{ "replay", "rate", PROJECT_USER },
	{ "replay", "speed", PROJECT_USER },
	{ "replay", "watch", PROJECT_USER },
	{ "replay", "yes", PROJECT_USER },
	{ "replay", "fail", PROJECT_USER },
	{ "replay", "json", PROJECT_MAY },
	{ "replay", "host-header", PROJECT_MAY },
	{ "replay", "no-forwarded", PROJECT_USER },
	{ "replay", "timeout", PROJECT_MAY },
	{ "replay", "wait-for-target", PROJECT_MAY },
	{ "replay", "allow-remote-target", PROJECT_USER },
	{ "replay", "insecure", PROJECT_USER },
	{ "replay", "relay", PROJECT_UNUSED },
	{ "replay", "db", PROJECT_USER },
	{ "replay", "config", PROJECT_USER },

	{ "export", "format", PROJECT_MAY },
	{ "export", "output", PROJECT_USER },
	{ "export", "redact", PROJECT_MAY },
	{ "export", "dry-run", PROJECT_USER },
	{ "export", "secrets", PROJECT_USER },
	{ "export", "force", PROJECT_USER },
	{ "export", "to", PROJECT_USER },
	{ "export", "where", PROJECT_USER },
	{ "export", "relay", PROJECT_UNUSED },
	{ "export", "db", PROJECT_USER },
	{ "export", "config", PROJECT_USER },

	{ "import", "format", PROJECT_USER },
	{ "import", "json", PROJECT_MAY },
	{ "import", "relay", PROJECT_UNUSED },
	{ "import", "db", PROJECT_USER },
	{ "import", "config", PROJECT_USER },

	{ "verify", "secret", PROJECT_USER },
	{ "verify", "provider", PROJECT_USER },
	{ "verify", "url", PROJECT_USER },
	{ "verify", "tolerance", PROJECT_USER },
	{ "verify", "at", PROJECT_USER },
	{ "verify", "json", PROJECT_MAY },
	{ "verify", "relay", PROJECT_UNUSED },
	{ "verify", "db", PROJECT_USER },
	{ "verify", "config", PROJECT_USER },

	{ "wait", "filter", PROJECT_MAY },
	{ "wait", "count", PROJECT_USER },
	{ "wait", "timeout", PROJECT_MAY },
	{ "wait", "since", PROJECT_USER },
	{ "wait", "json", PROJECT_MAY },
	{ "wait", "relay", PROJECT_UNUSED },
	{ "wait", "db", PROJECT_USER },
	{ "wait", "config", PROJECT_USER },

	{ "trigger", "to", PROJECT_USER },
	{ "trigger", "secret", PROJECT_USER },
	{ "trigger", "list", PROJECT_USER },
	{ "trigger", "data", PROJECT_USER },
	{ "trigger", "header", PROJECT_USER },
	{ "trigger", "templates", PROJECT_USER },
	{ "trigger", "timeout", PROJECT_MAY },
	{ "trigger", "fail", PROJECT_USER },
	{ "trigger", "ca", PROJECT_USER },
	{ "trigger", "json", PROJECT_MAY },
	{ "trigger", "relay", PROJECT_UNUSED },
	{ "trigger", "db", PROJECT_USER },
	{ "trigger", "config", PROJECT_USER },

	{ "prune", "filter", PROJECT_USER },
	{ "prune", "keep", PROJECT_USER },
	{ "prune", "max-size", PROJECT_USER },
	{ "prune", "dry-run", PROJECT_USER },
	{ "prune", "json", PROJECT_MAY },
	{ "prune", "relay", PROJECT_UNUSED },
	{ "prune", "db", PROJECT_USER },
	{ "prune", "config", PROJECT_USER },

	{ "status", "json", PROJECT_MAY },
	{ "status", "relay", PROJECT_UNUSED },
	{ "status", "db", PROJECT_USER },
	{ "status", "config", PROJECT_USER },

	{ "doctor", "target", PROJECT_USER },
	{ "doctor", "ca", PROJECT_USER },
	{ "doctor", "allow-plain-token", PROJECT_USER },
	{ "doctor", "pin", PROJECT_USER },
	{ "doctor", "insecure", PROJECT_USER },
	{ "doctor", "json", PROJECT_MAY },
	{ "doctor", "relay", PROJECT_USER },
	{ "doctor", "db", PROJECT_USER },
	{ "doctor", "config", PROJECT_USER },

	{ "login", "token", PROJECT_USER },
	{ "login", "no-token", PROJECT_USER },
	{ "login", "ca", PROJECT_USER },
	{ "login", "allow-plain-token", PROJECT_USER },
	{ "login", "relay", PROJECT_UNUSED },
	{ "login", "db", PROJECT_UNUSED },
	{ "login", "config", PROJECT_USER },

	/* It reads no config file. */
	{ "trust", "list", PROJECT_USER },
	{ "trust", "remove", PROJECT_USER },
	{ "trust", "relay", PROJECT_UNUSED },
	{ "trust", "db", PROJECT_UNUSED },
	{ "trust", "config", PROJECT_USER },
};
#define COUNT (sizeof table / sizeof *table)

const struct project_option *project_option_at(size_t i)
{
	return i < COUNT ? &table[i] : NULL;
}

const struct project_option *project_option_find(const char *command, const char *option)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(table[i].command, command) == 0 && strcmp(table[i].option, option) == 0)
			return &table[i];
	return NULL;
}

/* "/path=TARGET", as --route takes it, to a target on this machine. */
static bool leads_here(const char *route)
{
	const char *text = forward_route_target(route);
	char *target = text ? forward_parse_target(text, false, NULL) : NULL;
	free(target);
	return target != NULL;
}

enum project_verdict project_option_judge(const char *command, const char *option, const char *value)
{
	const struct project_option *o = project_option_find(command, option);
	switch (o ? o->right : PROJECT_USER) {
	case PROJECT_MAY:
		return PROJECT_TAKEN;
	case PROJECT_LOCAL:
		return leads_here(value) ? PROJECT_TAKEN : PROJECT_REFUSED;
	case PROJECT_UNUSED:
		return PROJECT_PASSED_OVER;
	case PROJECT_USER:
		break;
	}
	return PROJECT_REFUSED;
}

enum project_verdict project_key_judge(const char *command, const char *key, const char *value,
				       const struct project_option **option)
{
	char name[64], joined[600];
	const char *dot = strchr(key, '.');
	*option = project_option_find(command, key);
	if (!*option && dot && (size_t)(dot - key) < sizeof name) {
		memcpy(name, key, (size_t)(dot - key));
		name[dot - key] = 0;
		*option = project_option_find(command, name);
		snprintf(joined, sizeof joined, "%s=%s", dot + 1, value); /* a line holds less */
		value = joined;
	}
	return *option ? project_option_judge(command, (*option)->option, value) : PROJECT_PASSED_OVER;
}
