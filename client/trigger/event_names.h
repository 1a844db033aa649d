/* The events of providers that send very many: client/samples/events/PROVIDER, one name a line, compiled in. Pure; any
 * thread. */
#pragma once

#include "shared/base/bytes.h"

struct event_names {
	const char *provider;
	const char *names; /* each with its line end */
};

/* Made of client/samples/events; the last one's provider is NULL. */
extern const struct event_names event_names_built_in[];

/* Those of the provider whose name begins `sample` ("github.push"); NULL: there is no list, and any name may be
 * right. */
const struct event_names *event_names_of(const char *sample);
bool event_names_has(const struct event_names *known, const char *event);
/* Steps through them: *at from NULL on. False after the last. */
bool event_names_next(const struct event_names *known, const char **at, struct bytes *name);
/* Whether the provider of `sample` has a list here that does not contain the event. */
bool event_names_doubt(const char *sample, const char *event);
