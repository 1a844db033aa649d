/* What the spool's files share. The loop's side: spool_mailbox.c (opening, mailboxes, counting) and spool_queue.c
 * (deliveries and expiry). The writer thread's side: spool_sqlite.c (SQL) and spool_sqlite_open.c; their `struct
 * spool_sqlite` is used on the loop's thread until the writer is started, and by the writer thread alone from then on.
 */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "relay/common/hash.h"
#include "relay/spool/spool.h"
#include "shared/disk/batch_writer.h"

#define SPOOL_STEP 256 /* rows that one transaction removes at most */
#define SPOOL_LOG_PAGES 2048
/* Puts leave so much of the disk free, twice the log between two checkpoints: what frees space, the removal of what was
 * handed out, must be written first and then find room in the database. */
#define SPOOL_RESERVE (UINT64_C(2) * SPOOL_LOG_PAGES * 4096)

enum spool_statement {
	SPOOL_BEGIN,
	SPOOL_COMMIT,
	SPOOL_ROLLBACK,
	SPOOL_DISPLACE,
	SPOOL_WRITE_MAILBOX,
	SPOOL_LEAVE,
	SPOOL_SEEN,
	SPOOL_TOLD,
	SPOOL_PUT,
	SPOOL_PUT_PAYLOAD,
	SPOOL_FETCH,
	SPOOL_FORGET,
	SPOOL_FORGET_PAYLOAD,
	SPOOL_OLD,
	SPOOL_EXPIRED,
	SPOOL_LEFT,
	SPOOL_DROP_LEFT,
	SPOOL_MAILBOXES,
	SPOOL_LAST_IDS,
	SPOOL_FREE_PAGES,
	SPOOL_STATEMENTS,
};

struct spool_sqlite {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[SPOOL_STATEMENTS]; /* prepared at first use */
	struct sealing *sealings;                   /* by mailbox, made at first use */
	struct buffer sealed;                       /* scratch */
	bool was_full;
	uint64_t disk_left;           /* for the puts of this transaction */
	_Atomic uint64_t free_inside; /* bytes of free pages; 0 while the disk has plenty. The loop reads it */
};

struct spool_put {
	int64_t mailbox, row;
	const struct spool_item *item;
	const uint8_t *key; /* SEAL_KEY_LEN bytes, NULL for an unsealed mailbox */
};

/* A row that was removed. */
struct spool_removed {
	int64_t mailbox;
	uint64_t size;
};

struct spool_loaded {
	struct spool_mailbox mailbox;
	struct spool_level level;
};

MUST_CHECK bool spool_sqlite_open(struct spool_sqlite **out, const char *data_folder, struct error *e);
void spool_sqlite_close(struct spool_sqlite *s);
extern const struct batch_ops spool_sqlite_batch_ops; /* of a struct spool_sqlite */

/* Free bytes of the disk that holds the file; UINT64_MAX where the file system does not tell. Any thread. */
uint64_t spool_sqlite_disk_free(const struct spool_sqlite *s);
/* The database's last error as a sentence with the path and what to do. Returns false. */
bool spool_sqlite_fail(struct spool_sqlite *s, const char *doing, struct error *e);

/* Calls `each` for every mailbox with what waits in it; false from it ends the walk: out of memory. */
MUST_CHECK bool spool_sqlite_load(struct spool_sqlite *s, bool (*each)(void *user, const struct spool_loaded *m),
				  void *user, struct error *e);
/* The largest ids in use, 0 for none, and whether a mailbox that was left still holds something. */
MUST_CHECK bool spool_sqlite_last_ids(struct spool_sqlite *s, int64_t *mailbox, int64_t *row, bool *left,
				      struct error *e);

MUST_CHECK bool spool_sqlite_write_mailbox(struct spool_sqlite *s, const struct spool_mailbox *m, struct error *e);
MUST_CHECK bool spool_sqlite_leave(struct spool_sqlite *s, int64_t mailbox, struct error *e);
MUST_CHECK bool spool_sqlite_seen(struct spool_sqlite *s, int64_t mailbox, uint64_t now_us, struct error *e);
MUST_CHECK bool spool_sqlite_missed(struct spool_sqlite *s, int64_t mailbox, struct error *e);
MUST_CHECK bool spool_sqlite_told(struct spool_sqlite *s, int64_t mailbox, uint64_t count, struct error *e);
/* *stored is false when the event id waits already. */
MUST_CHECK bool spool_sqlite_put(struct spool_sqlite *s, const struct spool_put *put, bool *stored, struct error *e);
MUST_CHECK bool spool_sqlite_fetch(struct spool_sqlite *s, int64_t mailbox, int64_t after, size_t most,
				   struct spool_waiting **list, struct error *e);
/* *found is false when it is gone already. */
MUST_CHECK bool spool_sqlite_forget(struct spool_sqlite *s, int64_t mailbox, int64_t row, uint64_t *size, bool *found,
				    struct error *e);
/* Removes up to SPOOL_STEP rows received before that time and counts them in their mailboxes. */
MUST_CHECK bool spool_sqlite_expire(struct spool_sqlite *s, uint64_t before_us,
				    struct spool_removed removed[SPOOL_STEP], size_t *count, struct error *e);
/* Removes up to SPOOL_STEP rows of mailboxes that were left, and those mailboxes once empty. */
MUST_CHECK bool spool_sqlite_purge(struct spool_sqlite *s, bool *more, struct error *e);

/* ---- the loop's side ---- */

struct mailbox {
	struct spool_mailbox is; /* its texts lie in `name` and `owner` */
	struct buffer name;      /* tunnel, NUL, key: what tells mailboxes apart */
	struct buffer owner;
	struct spool_level level;
	bool unwritten; /* its row could not be written: again before the next put */
	bool has_gap;   /* some of it expired or was missed since the last sweep */
	UT_hash_handle by_id, by_name;
};

/* A write that nobody waits for. One that fails is kept and done again at the next sweep: until then the disk was full.
 */
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
	void (*gap)(void *user, int64_t mailbox);
	void *gap_user;
	void (*closed)(void *user);
	void *closed_user;
};

struct mailbox *spool_find(const struct spool *s, int64_t id);
/* Writes the mailbox's row with the next transaction. */
bool spool_write_mailbox(struct spool *s, struct mailbox *m);
/* NULL when out of memory. */
struct small_job *spool_small_job(struct spool *s, int64_t mailbox,
				  bool (*run)(struct writer_job *job, void *db, struct error *e));
void spool_trouble(struct spool *s, const struct error *e);
/* spool_queue.c: the sweep at each turn of the timer, and the removal of what mailboxes that were left still hold. */
void spool_sweep(uv_timer_t *timer);
MUST_CHECK bool spool_sweep_new(struct spool *s);
void spool_purge(struct spool *s);
