/* The header fields of a request that the table of providers knows, and the rows that they belong to. They are found in
 * one pass over the head, because every delivery is looked at and most have none of them. Inside of shared/providers.
 * Pure; any thread. */
#pragma once

#include "shared/signature/signature_private.h"

/* A set of rows of the table, by their places in it. */
struct signature_rows {
	uint64_t bits[SIGNATURE_ROWS_MOST / 64];
};

#define SIGNATURE_FIELDS_MOST 64 /* known ones; those after them are not looked at */

struct signature_fields {
	struct bytes names[SIGNATURE_FIELDS_MOST], values[SIGNATURE_FIELDS_MOST]; /* of the block they were found in */
	size_t count;
	struct signature_rows own;   /* rows of which one of the own_fields is there */
	struct signature_rows forms; /* not hidden, and the field of one of their forms is there */
};

void signature_fields_find(struct bytes headers, struct signature_fields *out);
/* The first field of that name, which has to be User-Agent or one that the table names. */
bool signature_fields_value(const struct signature_fields *f, const char *name, struct bytes *value);
/* Steps through the set in the table's order: start with *next = 0. NULL at the end. */
const struct signature_provider *signature_rows_next(const struct signature_rows *rows, size_t *next);
