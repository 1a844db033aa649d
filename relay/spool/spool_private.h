/* What the files of the spool's loop side share. They decide: which mailboxes there are (spool_mailbox.c), what waits
 * and in which order (spool_queue.c), how much (spool_level.c), how long (spool_expiry.c). What they decide is counted
 * here in memory and written by jobs for the writer thread, which call spool_seal.h and spool_sqlite.h. Of these files
 * spool.c calls the others, and each only those that stand below it:
 *
 *    spool · spool_expiry · spool_elsewhere · spool_copy · spool_queue · spool_mailbox · spool_level · spool_jobs */
#pragma once

#include "relay/common/hash.h"
#include "relay/spool/spool_seal.h"
#include "relay/spool/spool_sqlite.h"

struct mailbox {
	struct spool_mailbox is; /* its texts lie in `name` and `owner` */
	struct buffer name;      /* tunnel, NUL, key: what tells mailboxes apart */
	struct buffer owner;
	struct spool_level level;
	bool unwritten; /* its row could not be written: it is written again before the next put */
	bool has_gap;   /* some of it expired or was missed since the last sweep */
	UT_hash_handle by_id, by_name;
};

/* A write that nobody waits for. If it fails, because the disk is full, it is kept and done again at the next sweep. */
struct small_job {
	struct writer_job job;
	struct spool *spool;
	int64_t mailbox, row;
	uint64_t value; /* seen: the time; told: the count; forget: the size, given by the writer */
	bool found;     /* forget: the row was there; purge: there is more to remove */
	void (*after)(struct small_job *j);
	UT_hash_handle hh; /* forget: in `forgetting`, by row, until it is committed */
};

struct spool {
	struct spool_settings settings;
	struct spool_sqlite *db;
	struct spool_seals seals; /* the writer thread's */
	struct batch_writer *writer;
	struct mailbox *by_id, *by_name;
	struct spool_level total;
	struct small_job *forgetting; /* recorded by their clients: handed out no more */
	int64_t last_mailbox, last_row;
	uv_timer_t sweep_timer;
	struct sweep_job *sweep;
	bool sweeping, purging, closing;
	bool purge_again;          /* a mailbox was left while one was under way */
	bool troubled;             /* a small job failed, and that was logged */
	struct writer_job *failed; /* small jobs to be done again */
	int open_parts;            /* on closing: the writer and the timer */
	void (*gap)(void *user, const struct spool_mailbox *m);
	void *gap_user;
	void (*level)(void *user, const struct spool_mailbox *m, struct spool_level level);
	void *level_user;
	void (*put)(void *user, int64_t row, void (*done)(void *user, const struct error *e), void *done_user);
	void *put_user; /* of copies elsewhere */
	struct spool_elsewhere_events elsewhere;
	void *elsewhere_user;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- spool_jobs.c ---- */

/* Makes a job that nobody waits for; the caller submits it. NULL when out of memory. */
struct small_job *spool_small_job(struct spool *s, int64_t mailbox,
				  bool (*run)(struct writer_job *job, void *db, struct error *e));
/* Logs the failure, once for several in a row. */
void spool_jobs_trouble(struct spool *s, const struct error *e);
/* Submits the failed ones again. */
void spool_jobs_again(struct spool *s);
void spool_jobs_drop(struct spool *s);

/* ---- spool_level.c ---- */

/* Tells whom it concerns. */
void spool_level_tell(const struct spool *s, const struct mailbox *m, struct spool_level level);
void spool_level_add(struct spool *s, struct mailbox *m, uint64_t bytes);
/* Counts one fewer that waits. NULL when the mailbox was left: its share of the total was subtracted already. */
struct mailbox *spool_level_take(struct spool *s, int64_t mailbox, uint64_t bytes);

/* ---- spool_mailbox.c ---- */

struct mailbox *spool_mailbox_find(const struct spool *s, int64_t id);
/* Copies `from`. NULL when out of memory. */
struct mailbox *spool_mailbox_add(struct spool *s, const struct spool_mailbox *from);
/* Writes the mailbox's row with the next transaction. */
bool spool_mailbox_write(struct spool *s, struct mailbox *m);
/* Begins to remove what mailboxes that were left still hold. */
void spool_mailbox_purge(struct spool *s);
void spool_mailbox_drop_all(struct spool *s);

/* ---- spool_expiry.c ---- */

/* Makes the job that looks for what is too old; spool_expiry_sweep, on each turn of the timer, submits it. */
MUST_CHECK bool spool_expiry_new(struct spool *s);
void spool_expiry_sweep(uv_timer_t *timer);
