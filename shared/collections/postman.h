/* Postman collections, versions 2.0 and 2.1 (schema.getpostman.com), as `creel import` reads and `creel export` writes
 * them. Variables are those of the collection; auth is that of the item or of the nearest folder; an example (saved
 * response) is the answer of its request. What Postman adds by itself when it sends is not in them. Pure but for what
 * the sink does. */
#pragma once

#include <jansson.h>

#include "shared/transcripts/import_sink.h"

/* False when the sink ended it, or the text is not a collection (EXIT_USAGE). */
MUST_CHECK bool postman_read(struct bytes text, const struct import_sink *sink, struct error *e);

/* The text before the items and after them; the caller puts a comma between two. False when out of memory. */
MUST_CHECK bool postman_begin(struct buffer *out);
MUST_CHECK bool postman_end(struct buffer *out);
/* An item of version 2.1, with the answer as an example where it is text. `base` is the URL in front of the target;
 * `body_file` where the body is, or NULL. Header bytes beyond ASCII are characters of ISO-8859-1, as which Postman
 * sends them. NULL when out of memory. */
json_t *postman_item(const struct transcript *x, struct bytes base, const char *body_file);
