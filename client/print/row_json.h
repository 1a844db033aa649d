/* The JSON of deliveries and attempts (shared/DESIGN.md §10), one object a line. Text that is not UTF-8 is shown with
 * U+FFFD; a body that is not UTF-8 is given as body_base64. Any thread. Each function that makes an object gives a new
 * reference, or NULL when out of memory. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "shared/json/json_bytes.h"
#include "shared/store/store.h"

/* The contract's fields in their order, after "type" where that is not NULL. */
json_t *row_json_delivery(const char *type, const struct delivery_row *row);
json_t *row_json_attempt(const char *type, const struct delivery_row *row, const struct attempt_row *a);
/* {"headers": [[name, value], …], "trailers"?, "body" | "body_base64", "body_truncated"?} */
json_t *row_json_message(const struct message *m);
/* Writes the object on one line, flushes, and drops the reference; NULL counts as out of memory. False and *e
 * (EXIT_STORE) when it cannot be written. */
bool row_json_print(FILE *out, json_t *object, struct error *e);
