/* Recorded requests as what a person copies or keeps. */
#pragma once

#include "shared/error.h"
#include "shared/store.h"

/* Appends a delivery's request in a format: curl (secret header fields as placeholders), curl-secrets, http (text to be
 * edited), raw (its bytes as HTTP/1.1 would have them), headers, body, url. EXIT_USAGE for another. */
MUST_CHECK bool inspect_export(struct store *s, int64_t id, const char *format, struct buffer *out, struct error *e);
/* Several to a file that must not exist (0600), or into *out when path is NULL. */
MUST_CHECK bool inspect_export_all(struct store *s, const int64_t *ids, size_t count, const char *format,
				   const char *path, struct buffer *out, struct error *e);
