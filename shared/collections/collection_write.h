/* What the writers of Postman collections and of Insomnia exports share. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/transcripts/transcript.h"

/* Whether a body can stand in the file: JSON can hold it, and the client reads no variable or template in it. */
bool collection_write_fits(struct bytes body);
/* Header fields as [{NAME: …, "value": …}] with the member that the client calls a name. Those of one connection alone
 * are left out. With `latin1` bytes beyond ASCII are characters of ISO-8859-1; else they must be UTF-8: NULL and *bad.
 */
json_t *collection_write_fields(struct bytes block, const char *name, bool latin1, bool *bad);
/* The whole URL. What would be a variable, or is not ASCII, is escaped. */
MUST_CHECK bool collection_write_url(const struct transcript *x, struct bytes base, struct buffer *out);
/* The target as it stands in that URL. */
MUST_CHECK bool collection_write_target(struct bytes target, struct buffer *out);
/* {"event_id", "received_at"}, and the exact "target" where the URL has not: what no member of theirs can hold, so that
 * an import has the same delivery again. NULL when out of memory. */
json_t *collection_write_own(const struct transcript *x);
