/* Writes one delivery in each of the export formats. Pure. */
#pragma once

#include <jansson.h>

#include "client/transfer/export.h"
#include "shared/transcripts/transcript.h"

/* Appends it to *out. `row` is needed for NDJSON, `base` for all that need a whole URL. `body_file` stands for the
 * body where the format can name a file; NULL: the body itself does. EXIT_STORE when out of memory. */
MUST_CHECK bool export_put(const struct transcript *x, const struct delivery_row *row, const struct export_options *o,
			   const char *base, const char *body_file, struct buffer *out, struct error *e);
/* A delivery as NDJSON has it. NULL when out of memory. */
json_t *export_put_line(const struct transcript *x, const struct delivery_row *row);
/* Whether the format has a place for all of its head. EXIT_USAGE. */
MUST_CHECK bool export_put_fits(const struct transcript *x, enum export_as as, struct error *e);
