/* Deliveries as one page that is read anywhere: a self-contained HTML file without script and without network, which
 * `creel import` takes back exactly. Each delivery is a section to read, with its curl command to copy, and its line of
 * NDJSON (ndjson.h) in a block that browsers do not show. Pure; any thread. */
#pragma once

#include "shared/transcripts/transcript.h"

struct report_delivery {
	const struct transcript *x;
	struct bytes line; /* its NDJSON */
	struct bytes curl; /* its command; empty: none */
};

/* Each appends; false when out of memory. */
MUST_CHECK bool report_begin(struct buffer *out);
MUST_CHECK bool report_put(struct buffer *out, const struct report_delivery *d);
MUST_CHECK bool report_end(struct buffer *out);

/* Whether a file that begins so may be one. */
bool report_is(struct bytes start);
/* Appends the lines of NDJSON out of it; none where it is another page. */
MUST_CHECK bool report_lines(struct bytes page, struct buffer *out);
