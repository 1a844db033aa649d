/* The JSON of deliveries and attempts (shared/DESIGN.md §10), one object a line. Text that is not UTF-8 is shown with
 * U+FFFD; a body that is not UTF-8 is given as body_base64. Any thread. Each function that makes an object gives a new
 * reference, or NULL when out of memory. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "client/json/json_fields.h"
#include "shared/json/json_bytes.h"
#include "shared/store/store.h"

/* The contract's fields in their order, after "type" where that is not NULL. */
json_t *row_json_delivery(const char *type, const struct delivery_row *row);
json_t *row_json_attempt(const char *type, const struct delivery_row *row, const struct attempt_row *a);
/* {"headers": [[name, value], …], "trailers"?, "body" | "body_base64", "body_truncated"?} */
json_t *row_json_message(const struct message *m);
/* "response_raw", or "response_raw_base64" where that is not text: an answer's first bytes as they came, where there
 * are any on record (struct message). */
void row_json_put_raw(struct json_fields *f, const struct message *answer);
/* Writes the object on one line, flushes, and drops the reference; NULL counts as out of memory. False and *e
 * (EXIT_STORE) when it cannot be written. */
bool row_json_print(FILE *out, json_t *object, struct error *e);
/* The same over several lines, indented. */
bool row_json_print_pretty(FILE *out, json_t *object, struct error *e);
