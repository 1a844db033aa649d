/* What the writers of Postman collections and of Insomnia exports share. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/transcripts/transcript.h"

/* Whether a body can stand in the file: JSON can hold it, and the client reads no variable or template in it. */
bool collection_write_fits(struct bytes body);
/* Header fields as [{NAME: …, "value": …}] with the member that the client calls a name. Fields that concern only one
 * connection are left out. With `latin1`, bytes beyond ASCII are characters of ISO-8859-1; otherwise they must be
 * UTF-8: NULL and *bad when they are not. */
json_t *collection_write_fields(struct bytes block, const char *name, bool latin1, bool *bad);
/* Appends the whole URL. What would be a variable, or is not ASCII, is escaped. */
MUST_CHECK bool collection_write_url(const struct transcript *x, struct bytes base, struct buffer *out);
/* Appends the target as it stands in that URL. */
MUST_CHECK bool collection_write_target(struct bytes target, struct buffer *out);
/* {"event_id", "received_at"}, and the exact "target" if the URL has another: what the format itself has no place for,
 * so that an import gives the same delivery again. NULL when out of memory. */
json_t *collection_write_own(const struct transcript *x);
