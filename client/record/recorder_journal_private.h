/* The journal inside (recorder_journal.c says how a record goes), shared with recorder_bring_in.c. Loop thread, except
 * where another is named. */
#pragma once

#include "client/record/journal_file.h"
#include "client/record/journal_syncer.h"
#include "client/record/recorder_private.h"

/* What the writer's thread needs of a record to bring it in. */
struct bringing {
	enum journal_kind kind;
	uint64_t sequence;
	struct buffer record; /* as it stands in the journal */
	struct ticket *ticket;
	/* A delivery. */
	_Atomic(struct bringing *) call; /* its first, once that is in the journal; or NULL */
	int64_t id;                      /* in the database, once it is there */
	atomic_bool *full;               /* is set where there was no room for it */
	/* The end of a call. */
	struct store_attempt attempt;
	struct answered *answered;
	bool is_in; /* with its delivery */
};

struct entry {
	struct writer_job job; /* first */
	struct journal *journal;
	struct bringing in; /* kind 0: a delivery whose event id is on its way into the database already. The record is
			     * freed once it is there. */
	struct entry *next; /* in a list of the journal */
	struct entry *next_unsynced;
	size_t bytes;
	void *user;
	/* A delivery. */
	UT_hash_handle hh; /* by event id, until it is in the database */
	struct store_delivery delivery;
	const struct record_delivery_ops *ops;
	bool waits_for_sync;
	bool brought_in; /* into the database */
	bool over;       /* and synced there, or given up */
	/* The end of a call. */
	void (*kept)(void *user);
	void (*done)(void *user, const struct error *e);
};

struct list {
	struct entry *first, **last;
};

struct journal {
	struct recorder *recorder;
	struct journal_files files;
	struct journal_syncer *syncer;
	struct store *reader; /* finds what was on record before */
	bool reading;         /* it is looking at one state of the database */
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	uv_timer_t retry;
	uv_timer_t again; /* looks whether deliveries that wait may be written */
	int open_handles;
	void (*stopped)(struct recorder *r);
	struct entry *by_event;
	struct list turn, stuck;
	struct entry *unsynced, **unsynced_last;
	struct iovec *pieces;
	size_t pieces_room;
	uint64_t written, synced, safe; /* sequences; safe: synced in the database */
	size_t behind;                  /* bytes that are not in the database */
	size_t allowed;                 /* of these, while it is slow: bytes that may be written yet */
	uint64_t took_ms;               /* when the database took something last */
	size_t in_writer;               /* entries */
	int64_t tickets;                /* given out */
	struct error why;               /* of `stuck` */
	bool closing, failed;
	bool roomy; /* the disk, when it was looked at last */
	uint64_t looked_at_ms;
};

static inline void list_init(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static inline void list_add(struct list *l, struct entry *n)
{
	n->next = NULL;
	*l->last = n;
	l->last = &n->next;
}

static inline struct entry *list_take(struct list *l)
{
	struct entry *first = l->first;
	list_init(l);
	return first;
}

/* recorder_bring_in.c. Whether a call may be brought in together with its delivery. */
bool recorder_bring_in_together(const struct store_attempt *a);
/* Starts bringing a written record into the database, after all that were written before it. */
void recorder_bring_in(struct entry *n);
/* Frees it once nothing uses it any more. */
void recorder_bring_in_release(struct entry *n);
void recorder_bring_in_forget_event(struct entry *n);
/* Ends the reader's view of the database, which has changed since. */
void recorder_bring_in_end_reading(struct journal *j);
