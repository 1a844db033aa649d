/* Postman collections, versions 2.0 and 2.1 (schema.getpostman.com), as `creel import` reads and `creel export` writes
 * them. Variables are those of the collection; auth is that of the item or of the nearest folder; an example (saved
 * response) is the answer of its request. What Postman adds by itself when it sends is not in them. Pure but for what
 * the sink does. */
#pragma once

#include "shared/formats/import_sink.h"

/* False when the sink ended it, or the text is not a collection (EXIT_USAGE). */
MUST_CHECK bool postman_read(struct bytes text, const struct import_sink *sink, struct error *e);
