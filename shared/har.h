/* HTTP Archive 1.2: deliveries for browsers' tools and others, and back. What HAR has no place for (bytes that are no
 * text, the event id, …) stands in `_creel`, so that our own files come back exactly. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/error.h"
#include "shared/exchange.h"

/* {"log": {…, "entries": []}}; NULL when out of memory. */
json_t *har_new(void);
/* An entry; NULL when out of memory. */
json_t *har_entry(const struct exchange *x);

/* The entries of a file's text, borrowed from *root (the caller drops it). NULL and *e with the line. */
json_t *har_entries(struct bytes text, json_t **root, struct error *e);
/* False and a sentence without the entry's number. exchange_free in any case. */
MUST_CHECK bool har_read_entry(const json_t *entry, struct exchange *out, struct error *e);
