/* Sends recorded deliveries to the app again: each replay is a delivery of its own, linked to its original. Where a
 * client runs for the delivery's tunnel that client calls the app (shared/store/store_jobs.h), otherwise the replayer
 * does. The store is read and written on a worker thread, the app is called on the loop. Loop thread. */
#pragma once

#include "client/app/forwarder.h"
#include "client/signing/secrets.h"

struct replayer;
struct replay;

struct replayer_options {
	const char *db;
	const struct forward_options *forward; /* for calls of its own; extra_headers go on record as well */
	const char *to;                        /* the target instead of the one it went to before; or NULL */
	const struct secrets *secrets;         /* to judge by and to sign with; NULL: none */
	bool resign;                           /* re-sign each */
	bool own_only;                         /* by `secrets` alone: no running client is asked to sign */
	const char *url;                       /* to be signed by providers that sign the URL; NULL: the public one */
	bool alone;                            /* never through a running client */
};

/* What is sent instead of the original's body, or instead of all of it. The views must live until `done`. */
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

/* What `options` point to must live as long. NULL and *e: EXIT_STORE, or EXIT_USAGE when `to` is not a target. */
struct replayer *replayer_new(uv_loop_t *loop, const struct replayer_options *options, struct error *e);
/* All replays must be over. `closed` (may be NULL) comes on the loop, when it is freed. */
void replayer_close(struct replayer *r, void (*closed)(void *user), void *user);

/* `done` comes once, on the loop, never within this call; the replay is freed after it. With `e` it could not be sent,
 * or no answer came (EXIT_TARGET), or it was stopped (EXIT_INTERRUPTED). `change` may be NULL. NULL when out of memory.
 */
struct replay *replayer_start(struct replayer *r, int64_t original, const struct replay_change *change,
			      void (*done)(void *user, const struct replayed *result, const struct error *e),
			      void *user);
/* `recorded` comes once, on the loop, before `done` and with its `user`, when the replay is on record; not at all for
 * one that cannot be. To be called right after replayer_start. */
void replayer_tell_recorded(struct replay *p, void (*recorded)(void *user));
/* What was begun is recorded as cancelled; a client finishes what it took already. `done` comes, perhaps within this
 * call. */
void replayer_stop(struct replay *p);
