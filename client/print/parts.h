/* What `listen --print` shows of each delivery, below its line: the request's header fields, its body, the app's
 * answer. Made safe for a terminal, JSON laid out, "> " before lines of the request and "< " before those of the
 * answer. */
#pragma once

#include <stdio.h>

#include "shared/store/store.h"

#define PARTS_BODY_MOST ((size_t)64 << 10) /* of a body that is shown; the rest is in the record */

struct parts {
	bool headers, body, response;
};

/* Reads "headers,body,response", in any order. EXIT_USAGE. */
MUST_CHECK bool parts_parse(const char *text, struct parts *out, struct error *e);
/* Prints those of a delivery on record. Reads the store, on its thread. EXIT_STORE, EXIT_USAGE when it is not there. */
MUST_CHECK bool parts_print(const struct parts *p, FILE *out, struct store *s, int64_t id, struct error *e);
