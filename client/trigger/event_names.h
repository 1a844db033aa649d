/* The events that providers document, for those whose sample serves any event (NAME.any): whether one is known, and
 * which was meant where it is not. New events come up, so that a name is never refused only because it is unknown here.
 * Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define EVENT_NAMES_NEAR 3

/* Whether the provider ("stripe", `len` bytes) has an event list here, in which the name is not, while others are near:
 * it is a typing error, most likely. near[0] is the nearest; NULL after the last. */
bool event_names_doubt(const char *provider, size_t len, const char *event, const char *near[EVENT_NAMES_NEAR]);
