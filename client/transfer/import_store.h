/* Deliveries of a file put on record all or none, beside a running client: in transactions so short that it waits for
 * none of them in vain. What was committed is deleted again when something later is wrong. */
#pragma once

#include "shared/formats/transcript.h"

struct import_store {
	struct store *store;
	uint64_t imported, known; /* known: on record already, left as it is */
	int64_t *ids;             /* of what would have to be deleted again */
	size_t count, cap, committed;
	bool open; /* a transaction, since */
	uint64_t opened_at_ms;
};

MUST_CHECK bool import_store_add(struct import_store *i, const struct transcript *x, struct error *e);
/* Commits, or when not `fine` takes all back. False and *e when that fails; then *e says what is on record now. */
MUST_CHECK bool import_store_finish(struct import_store *i, bool fine, struct error *e);
