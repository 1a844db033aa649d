/* Sends recorded deliveries to the app again: each replay is a delivery of its own, linked to its original. Where a
 * client runs for the delivery's tunnel it calls the app (shared/store/store_jobs.h), else this does. The store is read
 * and written on a worker thread, the app called on the loop. Loop thread. */
#pragma once

#include "client/app/forwarder.h"
#include "client/signing/secrets.h"

struct replayer;
struct replay;

struct replayer_options {
	const char *db;
	const struct forward_options *forward; /* of calls by itself; extra_headers go on record as well */
	const char *to;                        /* in the place of where it went before; or NULL */
	const struct secrets *secrets;         /* to judge by and to sign with; NULL: none */
	bool resign;                           /* each is signed anew */
	bool own_only;                         /* by `secrets` alone, not by a running client that knows its own */
	const char *url;                       /* signed by those who sign it; NULL: the public one */
	bool alone;                            /* not through a running client */
};

/* What is sent in the place of the original's: a body, or all of it. The views must live until `done`. */
struct replay_change {
	bool has_body;
	struct bytes body;
	bool whole;
	struct bytes method, target, headers;
};

struct replayed {
	int64_t original, id; /* id 0: nothing was put on record */
	enum attempt_result result;
	int status; /* 0: none came */
	bool by_client;
};

/* Options must live as long. NULL and *e. */
struct replayer *replayer_new(uv_loop_t *loop, const struct replayer_options *options, struct error *e);
/* Replays must be over or stopped; `closed` (may be NULL) on the loop. */
void replayer_close(struct replayer *r, void (*closed)(void *user), void *user);

/* `done` on the loop, once; `e` is a sentence when it could not be sent, or no answer came (EXIT_TARGET), or it was
 * stopped (EXIT_INTERRUPTED). NULL when out of memory. */
struct replay *replayer_start(struct replayer *r, int64_t original, const struct replay_change *change,
			      void (*done)(void *user, const struct replayed *result, const struct error *e),
			      void *user);
/* What was begun is put on record as cancelled; what a client took already it finishes by itself. `done` comes. */
void replayer_stop(struct replay *p);
