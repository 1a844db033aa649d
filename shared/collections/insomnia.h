/* Insomnia's exports: version 4 (JSON, resources) and 5 (YAML, type collection.insomnia.rest), as `creel import` reads
 * and `creel export` writes (4) them. Variables are those of the base environment and of the folders; a template
 * ({% … %}) is refused. Pure but for what the sink does. */
#pragma once

#include <jansson.h>

#include "shared/transcripts/import_sink.h"

/* False when the sink ended it, or the text is not such an export (EXIT_USAGE). */
MUST_CHECK bool insomnia_read(struct bytes text, const struct import_sink *sink, struct error *e);

/* The text before the requests, with the workspace, and after them; the caller puts a comma before each. False when out
 * of memory. */
MUST_CHECK bool insomnia_begin(struct buffer *out);
MUST_CHECK bool insomnia_end(struct buffer *out);
/* A resource of version 4. `base` is the URL in front of the target; `body_file` where the body is, or NULL. NULL when
 * out of memory, or, with *bad, when a header field is not UTF-8. */
json_t *insomnia_request(const struct transcript *x, struct bytes base, const char *body_file, bool *bad);
