/* The JSON of deliveries (shared/DESIGN.md §10): one object a line. Text that is not UTF-8 is shown with U+FFFD; a body
 * that is not is given as body_base64. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "shared/store/store.h"

/* A new object with the contract's fields in their order, behind "type" when it is not NULL. NULL when out of memory.
 */
json_t *row_json_delivery(const char *type, const struct delivery_row *row);
/* {"headers": [[name, value], …], "trailers"?, "body" | "body_base64", "body_truncated"?} */
json_t *row_json_message(const struct message *m);
json_t *row_json_attempt(const char *type, const struct delivery_row *row, const struct attempt_row *a);
/* Any bytes as a JSON string, null when empty and `empty_is_null`. */
json_t *row_json_text(struct bytes b, bool empty_is_null);
/* Writes it on one line, flushes, and drops the reference. False and *e when it cannot be written. */
bool row_json_print(FILE *out, json_t *object, struct error *e);
