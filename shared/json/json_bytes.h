/* Bytes from outside as JSON values, and back. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"

/* A string; what is not UTF-8 becomes U+FFFD. NULL when out of memory. */
json_t *json_from_bytes(struct bytes b);
json_t *json_from_base64(struct bytes b);
/* "a,b" as an array of strings; empty for an empty text. NULL when out of memory. */
json_t *json_from_words(struct bytes words, char separator);
/* Whether a string holds them exactly: UTF-8 without NUL. */
bool json_can_hold(struct bytes b);
/* A view of the string's bytes; empty for anything else. */
struct bytes json_to_bytes(const json_t *string);
