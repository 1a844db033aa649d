/* HTTP Archive 1.2: deliveries for browsers' tools and others, and back. What HAR has no place for (bytes that are not
 * text, the event id, …) stands in `_creel`, so that our own files come back exactly. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/error.h"
#include "shared/transcripts/transcript.h"

/* The text before the entries and after them; the caller puts a comma between two. False when out of memory. */
MUST_CHECK bool har_begin(struct buffer *out);
MUST_CHECK bool har_end(struct buffer *out);
/* An entry; NULL when out of memory. */
json_t *har_entry(const struct transcript *x);

struct har_reader {
	void *user;
	/* One entry, number from 1, borrowed; what is in it may be taken out. Returning false ends the reading. */
	bool (*entry)(void *user, size_t number, json_t *entry, struct error *e);
	/* An entry that is not JSON, or for which `entry` gave false and EXIT_USAGE: the sentence begins with "entry 3
	 * (line 80): ". True: go on with the next one. May be NULL. */
	bool (*refused)(void *user, const struct error *why);
};
/* Goes through a file's text entry by entry, so that one at a time is taken apart; the text's bytes are undefined then
 * (json_once.h). False and *e (EXIT_USAGE) with the
 * line when it is not a HAR file, or with the entry that ended it. */
MUST_CHECK bool har_read(struct bytes text, const struct har_reader *reader, struct error *e);
/* Whether the entry is a request over HTTP; browsers list data: URLs and the like among them. */
bool har_is_http(const json_t *entry);
/* Reads one entry. False and a sentence without the entry's number. transcript_free in any case. */
MUST_CHECK bool har_read_entry(const json_t *entry, struct transcript *out, struct error *e);
