/* Writes deliveries and attempts into the store, on a thread of its own: each call makes a job that carries all it
 * needs, so nothing is shared between the threads, and many jobs share a transaction. Loop thread; every callback comes
 * on the loop. Errors are EXIT_STORE. A call that gives no answer (void, without `done`) does nothing when out of
 * memory. */
#pragma once

#include <stdatomic.h>

#include "client/signing/secrets.h"
#include "shared/disk/batch_writer.h"
#include "shared/store/store.h"
#include "shared/upkeep/store_bound.h"

struct recorder;

/* Opens the store for writing and starts its writer thread. NULL and *e on failure. */
struct recorder *recorder_new(uv_loop_t *loop, const char *path, struct error *e);
/* Commits everything submitted, calls every `done`, closes the store and frees the recorder, then calls `closed` (may
 * be NULL). */
void recorder_close(struct recorder *r, void (*closed)(void *user), void *user);
/* Keeps the record to this size from now on. Call it before anything is submitted. */
MUST_CHECK bool recorder_keep_bound(struct recorder *r, const struct store_bound *bound, struct error *e);
/* `step` is called after each step of filling the search index, the newest
 * delivery in it, the newest of all, and whether there is more to do. */
void recorder_watch_index(struct recorder *r, void (*step)(void *user, uint64_t indexed, uint64_t newest, bool goes_on),
			  void *user);
/* The store's folder of large bodies (store.sql, schema 16), in which they are to lie when they are submitted; lives
 * with the recorder. */
const char *recorder_bodies(const struct recorder *r);
/* What had to give way to the bound since the last call. */
struct store_gave_way recorder_take_gave_way(struct recorder *r);

/* Has deliveries and attempts go into a journal first (shared/store/journal.md), where the disk has room for one. After
 * recorder_keep_bound, before anything is submitted. */
void recorder_use_journal(struct recorder *r);
/* Fills no search index, for measurements of all else (CREEL_INDEX=0). Before anything is submitted. */
void recorder_leave_out_index(struct recorder *r);

/* What becomes of a delivery that was submitted, in this order except that `numbered` may come last. */
struct record_delivery_ops {
	/* It is on record, where it outlives a kill; `duplicate` when its event id was there already. An id below 0 is
	 * one for the time being, which all functions here take as well. The views in the struct store_delivery must
	 * live until now. */
	void (*committed)(void *user, int64_t id, bool duplicate);
	/* With `e` NULL it is on disk, where it outlives a power cut; otherwise it is not, and `committed` may never
	 * have come. */
	void (*done)(void *user, const struct error *e);
	/* After a `committed` with an id below 0: it is in the database under this number, and others see it there. 0:
	 * the recorder is closed before that. Always before the recorder is closed, and before the `done` of its
	 * attempt. */
	void (*numbered)(void *user, int64_t id);
};
/* *ops must live as long as the recorder. */
void recorder_insert_delivery(struct recorder *r, const struct store_delivery *d, const struct record_delivery_ops *ops,
			      void *user);

/* When the whole answer had been given to the tunnel. An attempt is recorded lazily, so an answer that leaves a little
 * after the app's call still gets onto the record without a second statement. */
struct answered {
	_Atomic uint64_t at_us; /* 0: not yet; the writer's thread reads it */
	uint64_t recorded_us;   /* what went on record, valid once `done` came */
};
/* The views in *a and `answered` must live until `done`, which may be NULL and says that it is in the database. `kept`
 * comes before, or within this call: the call's end outlives a kill, as far as it is to. */
void recorder_insert_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			     void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user);

/* These three change what is on record, lazily. A failure leaves the record as it is. */
void recorder_set_answered(struct recorder *r, int64_t delivery_id, int number, uint64_t at_us);
void recorder_set_state(struct recorder *r, int64_t id, enum delivery_state state);
void recorder_add_tag(struct recorder *r, int64_t id, const char *name);

/* A delivery that an earlier run recorded and did not finish. The receiver frees it: recorder_left_over_free. */
struct left_over {
	struct left_over *next;
	int64_t id;
	bool held;        /* it waits for the app */
	bool was_called;  /* that run ended during the call, which is on record now */
	bool was_waiting; /* that run had not reached the app when it ended */
	bool parked;      /* that happened too often: it is failed and not to be called again */
	struct buffer target;
};
/* Finds what an earlier run of the tunnel left over, oldest first, held ones last and only when asked for. The list is
 * empty while another living client holds a tunnel of that name with this store, for they may be its own. */
void recorder_find_left_over(struct recorder *r, const char *tunnel, bool with_held,
			     void (*done)(void *user, struct left_over *list, const struct error *e), void *user);
void recorder_left_over_free(struct left_over *l);

/* A delivery read whole and marked as sending. The receiver frees it: recorder_taken_free. */
struct taken {
	int64_t id;
	int64_t replay_of; /* 0: none */
	int attempts;      /* on record */
	enum delivery_origin origin;
	enum signature_verdict signature; /* of a replay as it is sent; UNKNOWN: not judged */
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool has_body, https;
	struct buffer method, target, peer;
	struct message message;
	struct spill file; /* the body, where it lies in a file of its own; message.body is empty then */
};
/* Takes an unfinished delivery up. `taken` is NULL when it is gone, finished or was recorded in part only, or with *e.
 * False when out of memory; `done` is not called then. */
MUST_CHECK bool recorder_take(struct recorder *r, int64_t id,
			      void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
/* The same for a delivery in any state. */
MUST_CHECK bool recorder_take_again(struct recorder *r, int64_t id,
				    void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
void recorder_taken_free(struct taken *t);

/* ---- what other programs ask of this client (shared/store/store_jobs.h, shared/store/store_signing.h) ---- */

/* The secrets by which replays are judged and what others ask for is signed. They must live as long as the recorder. */
void recorder_set_secrets(struct recorder *r, const struct secrets *secrets);
enum recorder_look {
	RECORDER_LOOK_IF_CHANGED, /* only when something was committed since the last look; costs 7 us when not */
	RECORDER_LOOK_ALWAYS,
};
/* Looks for replays and signatures that are asked for. `job` is called for each replay to be taken up, oldest first,
 * before this returns. Signatures are made on the writer's thread. */
void recorder_find_asked(struct recorder *r, const char *tunnel, enum recorder_look look,
			 void (*job)(void *user, int64_t id), void *user);
/* Takes up the replay that a job asks for, as recorder_take does. `taken` is also NULL when another client took it, or
 * when it was asked for too long ago, which ends the job. The record of the attempt ends the job (struct
 * store_attempt), or recorder_end_asked. */
MUST_CHECK bool recorder_take_asked(struct recorder *r, int64_t job,
				    void (*done)(void *user, struct taken *taken, const struct error *e), void *user);
void recorder_end_asked(struct recorder *r, int64_t job);
/* Whether something was signed for others within the last second. */
bool recorder_signs(const struct recorder *r);

/* The row by which `creel status` and other programs know of this client. Copies what it needs; a failure is made good
 * by the next call. */
void recorder_put_status(struct recorder *r, const struct client_status *c);
void recorder_drop_status(struct recorder *r, int64_t pid);
