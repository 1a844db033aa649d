/* The bound on the size of the client's record, kept at each commit of the running client (--max-size): what would pass
 * it makes room first, within the same transaction.
 *
 *    the files together │ journal: what is not in the database yet (journal.md); none where the bound is small
 *                       │ log: what a commit writes before it is moved into the database
 *                       │ database: requests and the rows of everything, at most three quarters of it
 *                       │           the bodies of long answers: what is left, a quarter at least
 *
 * A request makes room by deleting the oldest deliveries where requests have passed their share, and else by taking the
 * oldest long answers' bodies off the record. An answer takes the place of older answers alone: no answer pushes out a
 * request, and what is too much for all of their room is recorded cut. What is waiting or under way stays, and so does
 * the newest delivery.
 *
 * The files of large bodies (store.sql, schema 16) count as the database's pages do.
 *
 * A database's file never shrinks: where it is larger than a bound that was lowered, what becomes free is used for what
 * comes, and it does not grow. The functions work within a transaction of the connection's thread. */
#pragma once

#include "shared/store/store.h"

#define STORE_BOUND_LEAST (UINT64_C(1) << 20)

/* The limits that follow from a bound, in bytes. */
struct store_bound {
	uint64_t max_bytes;       /* of all files together; 0: no bound, and the rest is not looked at */
	uint64_t request, answer; /* of one body on record */
	uint64_t transaction;     /* what one transaction may gather, except its last body */
	uint64_t log, log_short;  /* the log at most; and from where on a commit moves it into the database itself */
	uint64_t database, requests;
	uint64_t journal; /* a client's journal (journal.md) at most; 0: there is no room for one */
};

/* `record_max`: of a body, as the user says. */
struct store_bound store_bound_of(uint64_t max_bytes, uint64_t record_max);
/* Makes the connection keep to the bound for writes that are announced by the functions below. To be called before its
 * first transaction. */
MUST_CHECK bool store_keep_bound(struct store *s, const struct store_bound *bound, struct error *e);

/* Makes room for a request of about that many bytes; EXIT_STORE when nothing more may be deleted for it. */
MUST_CHECK bool store_make_room(struct store *s, uint64_t bytes, struct error *e);
/* Makes room for an answer: `rows` bytes of its head, which it gets in any case, and `body` bytes, of which it gets
 * *granted. */
MUST_CHECK bool store_make_room_for_answer(struct store *s, uint64_t rows, uint64_t body, uint64_t *granted,
					   struct error *e);
/* Takes a small step towards the bound when the store is beyond it; *more: another is needed. */
MUST_CHECK bool store_approach_bound(struct store *s, bool *more, struct error *e);
/* Takes a small step for what may come, when there is nothing else to do: until a thirty-second of the database is
 * free, where it has 64 MiB or more. *more: another step is needed. */
MUST_CHECK bool store_make_room_ahead(struct store *s, bool *more, struct error *e);

/* How many were deleted or cut since the last call. Any thread. */
struct store_gave_way {
	uint64_t deliveries, answers;
};
struct store_gave_way store_take_gave_way(struct store *s);
