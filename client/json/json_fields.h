/* A JSON object that is filled field by field, with one check at the end instead of one at each field. Pure. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/store/store_labels.h"

struct json_fields {
	json_t *object;
	bool failed;
};

/* Begins an object, with the field "type" when `type` is not NULL. */
struct json_fields json_fields_begin(const char *type);
/* Takes the value; NULL (out of memory) fails the object. */
void json_fields_put(struct json_fields *f, const char *name, json_t *value);
/* Any bytes as a string: what is not UTF-8 is shown with U+FFFD. */
void json_fields_text(struct json_fields *f, const char *name, struct bytes text);
/* null when empty. */
void json_fields_text_or_null(struct json_fields *f, const char *name, struct bytes text);
void json_fields_number(struct json_fields *f, const char *name, int64_t number);
/* null when 0. */
void json_fields_number_or_null(struct json_fields *f, const char *name, int64_t number);
void json_fields_time(struct json_fields *f, const char *name, uint64_t at_us);
/* Adds "note" and "tags", where there are any. */
void json_fields_labels(struct json_fields *f, const struct store_labels *labels);
/* A new reference for the caller, or NULL when anything was out of memory. */
json_t *json_fields_end(struct json_fields *f);
