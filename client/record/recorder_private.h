/* What the files recorder*.c share. They call each other downwards only: recorder.c and recorder_take.c,
 * recorder_asked.c, recorder_left_over.c; recorder.c, recorder_journal.c, recorder_direct.c; recorder.c,
 * recorder_index.c, recorder_log.c. */
#pragma once

#include <uthash.h>

#include "client/record/recorder.h"

/* recorder_index.c. `job` is first: the writer hands it back. */
struct indexing {
	struct writer_job job;
	uv_work_t work;
	uv_timer_t timer;
	struct store *own;         /* the pool's connection; NULL until it is needed */
	struct store_index *index; /* what was read and is to be written; NULL: nothing for some time */
	uint64_t bytes;            /* about what there is to be written */
	bool leisure;              /* this step: nothing else, or little, is to be done */
	bool anew;                 /* this step: where nothing is new, a block may be made anew */
	int since_anew;            /* ticks since that was so */
	bool under_way, more, ending, timer_closed;
	bool read;                                                                 /* it could be read */
	uint64_t indexed, newest;                                                  /* after a step */
	void (*step)(void *user, uint64_t indexed, uint64_t newest, bool goes_on); /* or NULL */
	void *step_user;
	uint64_t submitted; /* deliveries and attempts so far */
	uint64_t seen;      /* of these, at the last tick */
	int wait;           /* ticks to go before the next step */
	void (*stopped)(struct recorder *r);
};

/* recorder_log.c. */
struct shortening {
	uv_work_t work;
	struct store *own; /* the pool's connection; NULL until it is needed */
	bool under_way, ending;
	void (*stopped)(struct recorder *r);
};

/* Stands for a delivery's number in the database as long as it has none. */
struct ticket {
	UT_hash_handle hh;         /* by `number`, while the number is in use on the loop */
	int64_t number;            /* below 0 */
	atomic_int_fast64_t id;    /* 0: none yet */
	struct bringing *delivery; /* what stands in the journal, until it is in the database; or NULL */
	bool changed;              /* it has to be in the database before its call is, since something lies between */
	unsigned uses;
};

struct journal;
struct bringing;
struct delivery_job;

struct recorder {
	struct store *store; /* the writer's */
	struct store *watch; /* the loop's own connection, for recorder_find_asked; NULL until it is needed */
	char *path;
	int64_t watched; /* the store's version at the last look for what was asked */
	const struct secrets *secrets;
	bool signing;          /* under way on the writer's thread */
	uint64_t signed_at_ms; /* when that was begun last, by the loop's clock; 0: never */
	struct batch_writer *writer;
	struct journal *journal;     /* or NULL: everything goes into the database at once */
	struct delivery_job *direct; /* on their way into the database with no journal ahead of it, by event id */
	bool direct_over;            /* one of them is there now, since the journal's reader began to look */
	uint64_t journal_most;       /* bytes of its files; 0: there is no room for one */
	atomic_bool full;            /* by the bound: what comes is tried on the database first */
	struct ticket *tickets;
	struct indexing indexing;
	struct shortening shortening;
	uv_loop_t *loop;
	size_t syncing;                     /* files of large bodies, before their rows are written */
	void (*synced)(struct recorder *r); /* not NULL: it is being closed, and this is called once there are none */
	int open;                           /* parts that are still to be closed */
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- on the loop ---- */

void recorder_index_start(struct recorder *r, uv_loop_t *loop);
/* `stopped` comes on the loop in a later turn. */
void recorder_index_stop(struct recorder *r, void (*stopped)(struct recorder *r));
/* Frees what is left after that. */
void recorder_index_end(struct recorder *r);
/* After each write: begins to move the log when it is long, and deletes the files of large bodies whose rows are gone.
 */
void recorder_log_look(struct recorder *r);
/* `stopped` comes on the loop, at once when nothing is under way. */
void recorder_log_stop(struct recorder *r, void (*stopped)(struct recorder *r));

/* recorder_direct.c: makes a large body's file outlive a power cut, on the pool, before a row names it: the writer's
 * thread and what waits for it do not wait for that. One at a time. False: there is no such file, or no memory; `done`
 * is not called, and the writer's thread syncs the file. The body is borrowed until `done`. */
MUST_CHECK bool recorder_sync_body(struct recorder *r, const struct spill *body,
				   void (*done)(void *user, const struct error *e), void *user);

/* Into the database, with nothing ahead of it. */
void recorder_direct_delivery(struct recorder *r, const struct store_delivery *d, const struct record_delivery_ops *ops,
			      void *user, bool lazy);
void recorder_direct_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			     void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user);
/* Whether that delivery is on its way into the database. */
bool recorder_direct_has(const struct recorder *r, const uint8_t event_id[UUID_LEN]);
/* A delivery's ticket by its number, in use once more; NULL for a number of the database. */
struct ticket *recorder_ticket_take(struct recorder *r, int64_t number);
void recorder_ticket_drop(struct recorder *r, struct ticket *t);
/* On any thread: the number in the database, 0 when it never came there. */
int64_t recorder_ticket_id(const struct ticket *t, int64_t number);

/* recorder_left_over.c: before the first job is taken. Jobs that an earlier client took which had this process's number
 * (in a container most do) can be taken again; rows of clients that were killed a day ago are deleted. */
void recorder_forget_dead(struct recorder *r);

/* recorder_journal.c. False: it is not for the journal; nothing was done. */
MUST_CHECK bool recorder_journal_delivery(struct recorder *r, const struct store_delivery *d,
					  const struct record_delivery_ops *ops, void *user);
MUST_CHECK bool recorder_journal_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
					 void (*kept)(void *user), void (*done)(void *user, const struct error *e),
					 void *user);
/* Writes and syncs what there is, and has it brought in: before the writer is closed. `stopped` comes on the loop,
 * twice: in a later turn, or at once where there is no journal. */
void recorder_journal_stop(struct recorder *r, void (*stopped)(struct recorder *r));
/* Deletes the journal when all of it is in the database; after the writer is closed, before the store is. */
void recorder_journal_end(struct recorder *r);

/* ---- on the writer's thread, within its transaction; EXIT_STORE ---- */

/* *replay is the replay that a job asks for, or 0 when this client is not to take it up. */
MUST_CHECK bool recorder_check_asked(struct store *s, int64_t job, int64_t *replay, struct error *e);
/* Puts on record a call that was lost with the client that made it. *parked: that happened too often, so the delivery
 * is failed now. */
MUST_CHECK bool recorder_record_lost(struct store *s, int64_t id, bool *parked, struct error *e);
