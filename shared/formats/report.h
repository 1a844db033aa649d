/* Deliveries as one page that is read anywhere: a self-contained HTML file without script and without network, which
 * `creel import` takes back exactly. Each delivery is a section to read, with its curl command to copy, and its line of
 * NDJSON (ndjson.h) in a block that browsers do not show. Pure; any thread. */
#pragma once

#include "shared/transcripts/transcript.h"

struct report_delivery {
	const struct transcript *x;
	struct bytes curl;    /* its command; empty: none */
	const char *uncurled; /* says why there is none; or NULL */
};

/* Each appends; false when out of memory. */
MUST_CHECK bool report_begin(struct buffer *out);
/* The section to read. Its block follows: begin, the pieces of its NDJSON in their order, end. */
MUST_CHECK bool report_put(struct buffer *out, const struct report_delivery *d);
MUST_CHECK bool report_block_begin(struct buffer *out);
MUST_CHECK bool report_block_put(struct buffer *out, struct bytes piece);
MUST_CHECK bool report_block_end(struct buffer *out);
MUST_CHECK bool report_end(struct buffer *out);

/* Whether a file that begins so may be one. */
bool report_is(struct bytes start);
/* Reads a page piece by piece: appends the lines of NDJSON out of it, as far as they are there, and takes what it has
 * looked at from `page`; none where it is another page. *within, false at first, is its own. A page that ends within a
 * block leaves a line without its end. */
MUST_CHECK bool report_lines(struct buffer *page, bool *within, struct buffer *out);
