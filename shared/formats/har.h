/* HTTP Archive 1.2: deliveries for browsers' tools and others, and back. What HAR has no place for (bytes that are no
 * text, the event id, …) stands in `_creel`, so that our own files come back exactly. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/error.h"
#include "shared/formats/transcript.h"

/* The text before the entries and after them; the caller puts a comma between two. False when out of memory. */
MUST_CHECK bool har_begin(struct buffer *out);
MUST_CHECK bool har_end(struct buffer *out);
/* An entry; NULL when out of memory. */
json_t *har_entry(const struct transcript *x);

/* Goes through a file's text entry by entry, so that one at a time is taken apart; number from 1, the entry borrowed.
 * What it returns false for ends it, with "entry 3 (line 80): " put before its sentence. False and *e (EXIT_USAGE)
 * with the line when it is not a HAR file. */
MUST_CHECK bool har_read(struct bytes text,
			 bool (*entry)(void *user, size_t number, const json_t *entry, struct error *e), void *user,
			 struct error *e);
/* Whether the entry is a request over HTTP; browsers list data: URLs and the like among them. */
bool har_is_http(const json_t *entry);
/* False and a sentence without the entry's number. transcript_free in any case. */
MUST_CHECK bool har_read_entry(const json_t *entry, struct transcript *out, struct error *e);
