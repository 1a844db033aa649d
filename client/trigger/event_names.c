#include "client/trigger/event_names.h"

#include "shared/text/text_distance.h"

#include <stdio.h>
#include <string.h>

const struct event_names *event_names_of(const char *sample)
{
	size_t len = strcspn(sample, ".");
	for (const struct event_names *e = event_names_built_in; e->provider; e++)
		if (strlen(e->provider) == len && strncmp(e->provider, sample, len) == 0)
			return e;
	return NULL;
}

bool event_names_next(const struct event_names *known, const char **at, struct bytes *name)
{
	const char *from = *at ? *at : known->names;
	size_t len = strcspn(from, "\n");
	*name = bytes_make(from, len);
	*at = from + len + 1;
	return len > 0;
}

bool event_names_has(const struct event_names *known, const char *event)
{
	struct bytes name;
	for (const char *at = NULL; event_names_next(known, &at, &name);)
		if (bytes_equal(name, bytes_of(event)))
			return true;
	return false;
}

bool event_names_doubt(const char *sample, const char *event, struct bytes near[EVENT_NAMES_NEAR])
{
	const struct event_names *known = event_names_of(sample);
	size_t distances[EVENT_NAMES_NEAR], count = 0, limit = text_distance_limit(event);
	struct bytes name;
	memset(near, 0, EVENT_NAMES_NEAR * sizeof *near);
	if (!known || event_names_has(known, event))
		return false;
	for (const char *from = NULL; event_names_next(known, &from, &name);) {
		char text[100];
		snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.at);
		size_t distance = text_distance(event, text), at = count;
		if (distance >= limit)
			continue;
		while (at > 0 && distances[at - 1] > distance)
			at--;
		if (at == EVENT_NAMES_NEAR)
			continue;
		for (size_t i = count < EVENT_NAMES_NEAR ? count : EVENT_NAMES_NEAR - 1; i > at; i--) {
			near[i] = near[i - 1];
			distances[i] = distances[i - 1];
		}
		near[at] = name;
		distances[at] = distance;
		count += count < EVENT_NAMES_NEAR;
	}
	return true;
}
