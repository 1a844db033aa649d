#include "client/trigger/event_names.h"

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

bool event_names_doubt(const char *sample, const char *event)
{
	const struct event_names *known = event_names_of(sample);
	return known && !event_names_has(known, event);
}
