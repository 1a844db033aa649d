/* Deliveries and attempts on their way into the store: jobs for the writer thread that carry everything they need, so
 * that nothing is shared between the threads. Loop thread, but for the jobs themselves. */
#pragma once

#include <stdatomic.h>

#include "client/signing/secrets.h"
#include "shared/disk/batch_writer.h"
#include "shared/store/store.h"
#include "shared/store/store_bound.h"

struct recorder;

/* Opens the store for writing and starts its writer thread. NULL and *e. */
struct recorder *recorder_new(uv_loop_t *loop, const char *path, struct error *e);
/* Keeps the record to this size from now on; before anything is submitted. EXIT_STORE. */
MUST_CHECK bool recorder_keep_bound(struct recorder *r, const struct store_bound *bound, struct error *e);
/* What had to give way for it since the last call. */
struct store_gave_way recorder_take_gave_way(struct recorder *r);
/* Commits everything submitted, calls every `done`, closes the store; `closed` on the loop. */
void recorder_close(struct recorder *r, void (*closed)(void *user), void *user);

/* The views in *d must live until `committed`: it is in the store, and no kill takes it out again; `duplicate` when the
 * event id was there already. Then `done`: it is on disk, where no power cut takes it (`e` NULL), or it is not, and
 * maybe was never committed. */
void recorder_insert_delivery(struct recorder *r, const struct store_delivery *d,
			      void (*committed)(void *user, int64_t id, bool duplicate),
			      void (*done)(void *user, int64_t id, bool duplicate, const struct error *e), void *user);
/* When the whole answer had been given to the tunnel. The record of the attempt is made lazily and has what is known by
 * then, so that an answer that leaves a little later needs no second statement. */
struct answered {
	_Atomic uint64_t at_us; /* 0: not yet; the writer's thread reads it */
	uint64_t recorded_us;   /* what went on record, once that is done */
};
/* The same for an attempt. `answered` lives until `done`. `done` may be NULL. */
void recorder_insert_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			     void (*done)(void *user, const struct error *e), void *user);
/* What the attempt's record, which is made, could not say yet. In good time. */
void recorder_set_answered(struct recorder *r, int64_t delivery_id, int number, uint64_t at_us);
/* In good time; a failure leaves the state as it is. */
void recorder_set_state(struct recorder *r, int64_t id, enum delivery_state state);
void recorder_add_tag(struct recorder *r, int64_t id, const char *name);

/* A delivery that is on record and not finished. Owned by the receiver: recorder_left_over_free. */
struct left_over {
	struct left_over *next;
	int64_t id;
	bool held;        /* it waits for the app */
	bool was_called;  /* by a client that ended in the middle of the call, which is on record now */
	bool was_waiting; /* that client had not reached the app when it was last seen */
	bool parked;      /* that happened too often: it is failed and not to be called again */
	struct buffer target;
};
/* Finds what an earlier run of the tunnel left, oldest first (held ones behind, when asked for); none while another
 * living client holds a tunnel of that name with this store, for they may be its own. */
void recorder_find_left_over(struct recorder *r, const char *tunnel, bool with_held,
			     void (*done)(void *user, struct left_over *list, const struct error *e), void *user);
void recorder_left_over_free(struct left_over *l);

/* One of them, or a replay that was asked for, read whole and marked as sending: recorder_taken_free. */
struct taken {
	int64_t id;
	int64_t replay_of; /* 0 none */
	int attempts;      /* on record */
	enum delivery_origin origin;
	enum signature_verdict signature; /* of a replay, as it is sent; UNKNOWN: not judged */
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool has_body, https;
	struct buffer method, target, peer;
	struct message message;
};
/* `taken` NULL: it is gone, was recorded in part only, or *e. False when out of memory: `done` is not called. */
MUST_CHECK bool recorder_take(struct recorder *r, int64_t id,
			      void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
/* The same of one that is over; it was recorded whole. */
MUST_CHECK bool recorder_take_again(struct recorder *r, int64_t id,
				    void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
void recorder_taken_free(struct taken *t);

/* The secrets by which replays are judged and what others ask is signed: for as long as the recorder is there. */
void recorder_set_secrets(struct recorder *r, const struct secrets *secrets);
enum recorder_look {
	RECORDER_LOOK_IF_CHANGED, /* only when something was committed since the last look; costs 7 us when not */
	RECORDER_LOOK_ALWAYS,
};
/* Looks for replays and signatures that other programs asked of this client (shared/store/store_jobs.h,
 * shared/store/store_signing.h). `job` is called for each replay to be taken up, oldest first, before this returns.
 * Signatures are made on the writer's thread. */
void recorder_find_asked(struct recorder *r, const char *tunnel, enum recorder_look look,
			 void (*job)(void *user, int64_t id), void *user);
/* As recorder_take, of the replay that a job asks for; `taken` NULL when somebody else took it, too, or when it was
 * asked too long ago, which ends it. The attempt ends the job (struct store_attempt), or recorder_end_asked. */
MUST_CHECK bool recorder_take_asked(struct recorder *r, int64_t job,
				    void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
void recorder_end_asked(struct recorder *r, int64_t job);

/* Whether it signed something for others within the last second. */
bool recorder_signs(const struct recorder *r);

/* Copies what it needs. Failures are left to the next one. */
void recorder_put_status(struct recorder *r, const struct client_status *c);
void recorder_drop_status(struct recorder *r, int64_t pid);
