/* Reads of single deliveries and short lists: by number, by what a person types, what waits, the clients' reports.
 * Where a filter is to be applied, see store_filter.h. Nothing in the file is trusted: a number out of range or of the
 * wrong type reads as 0, an event id of the wrong length as zeros. The store's thread. */
#pragma once

#include "shared/store/store.h"

/* Calls `row` for up to `limit` newest deliveries with id < before (0: no bound), oldest of them first. */
MUST_CHECK bool store_list(struct store *s, int64_t before, int limit,
			   void (*row)(void *user, const struct delivery_row *), void *user, struct error *e);
/* One delivery by row id. False with e->code EXIT_STORE on failure, EXIT_USAGE when there is none. */
MUST_CHECK bool store_get(struct store *s, int64_t id, void (*row)(void *user, const struct delivery_row *), void *user,
			  struct error *e);
/* Finds a delivery by what a person types: a row id ("187", "#187"), an event id or a unique beginning of one
 * (8 characters at least). EXIT_USAGE when there is none or more than one. */
MUST_CHECK bool store_resolve(struct store *s, const char *text, int64_t *id, struct error *e);
MUST_CHECK bool store_last(struct store *s, int64_t *id, struct error *e); /* newest, neither a replay nor refused */
/* The request's bytes, with `has_body` and `https` as recorded. */
MUST_CHECK bool store_get_request(struct store *s, int64_t id, struct message *out, bool *has_body, bool *https,
				  struct error *e);
/* The same, but a body that lies in a file of its own is left there, to be read through `file`, which was initialised
 * and is the caller's to free; out->body is empty then. *lost: it cannot be read, and nothing was. */
MUST_CHECK bool store_get_request_apart(struct store *s, int64_t id, struct message *out, struct spill *file,
					bool *has_body, bool *https, bool *lost, struct error *e);
/* Appends what the relay took off the front of the target; *https: the delivery came to the relay over TLS. */
MUST_CHECK bool store_get_prefix(struct store *s, int64_t id, struct buffer *prefix, bool *https, struct error *e);
MUST_CHECK bool store_list_attempts(struct store *s, int64_t delivery_id,
				    void (*row)(void *user, const struct attempt_row *), void *user, struct error *e);
/* The answer of attempt `number` (0: the last). EXIT_USAGE when there is no such attempt. */
MUST_CHECK bool store_get_response(struct store *s, int64_t delivery_id, int number, struct message *out,
				   struct error *e);
/* Deliveries recorded by a client that ended before it called the app: state waiting or sending, origin live/spool. */
MUST_CHECK bool store_list_unfinished(struct store *s, void (*row)(void *user, const struct delivery_row *), void *user,
				      struct error *e);
/* Deliveries that wait for the app (DELIVERY_HELD), oldest first. */
MUST_CHECK bool store_list_held(struct store *s, void (*row)(void *user, const struct delivery_row *), void *user,
				struct error *e);
/* How many of a delivery's attempts ended so. */
MUST_CHECK bool store_count_attempts(struct store *s, int64_t delivery_id, enum attempt_result result, int *count,
				     struct error *e);
MUST_CHECK bool store_list_status(struct store *s, void (*row)(void *user, const struct client_status *), void *user,
				  struct error *e);
