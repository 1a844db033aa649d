#include "client/trigger/event_names.h"

#include "shared/text/text_distance.h"

#include <string.h>

static const struct list {
	const char *provider;
	const char *const *events; /* NULL after the last */
} lists[] = {
#define EVENTS(name, ...) { (name), (const char *const[]){ __VA_ARGS__, NULL } },
#include "client/trigger/event_names.def"
};

static const struct list *list_of(const char *provider, size_t len)
{
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (strlen(lists[i].provider) == len && memcmp(lists[i].provider, provider, len) == 0)
			return &lists[i];
	return NULL;
}

bool event_names_doubt(const char *provider, size_t len, const char *event, const char *near[EVENT_NAMES_NEAR])
{
	const struct list *l = list_of(provider, len);
	size_t distances[EVENT_NAMES_NEAR], count = 0, limit = text_distance_limit(event);
	near[0] = NULL;
	for (const char *const *e = l ? l->events : NULL; e && *e; e++) {
		size_t distance = text_distance(event, *e), at = count;
		if (distance == 0) {
			near[0] = NULL;
			return false;
		}
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
		near[at] = *e;
		distances[at] = distance;
		count += count < EVENT_NAMES_NEAR;
	}
	if (count < EVENT_NAMES_NEAR)
		near[count] = NULL;
	return count > 0;
}
