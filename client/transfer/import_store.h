/* Puts the deliveries of a file on record, all or none, beside a running client: in transactions so short that the
 * client never waits too long for the lock. What was committed is deleted again when something fails later. A command's
 * only thread. */
#pragma once

#include "shared/transcripts/transcript.h"

struct import_store {
	struct store *store;
	uint64_t imported, known; /* known: they were on record already, and are left as they are */
	int64_t *ids;             /* of what was imported, so that it can be deleted after a failure */
	size_t count, cap, committed;
	bool open; /* a transaction is, since opened_at_ms */
	uint64_t opened_at_ms;
};

/* EXIT_STORE; import_store_finish is still to be called. */
MUST_CHECK bool import_store_add(struct import_store *i, const struct transcript *x, struct error *e);
/* Commits when `fine`, otherwise takes all back. False when not all is on record; *e then says what is, if anything. */
MUST_CHECK bool import_store_finish(struct import_store *i, bool fine, struct error *e);
