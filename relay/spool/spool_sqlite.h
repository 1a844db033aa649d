/* spool.db: the spool's rows on disk, by SQLite. Its callers (spool_mailbox.c, spool_queue.c, spool_expiry.c) decide
 * what a row means, and run these functions as jobs of the batch writer.
 *
 * A `struct spool_sqlite` is used on the loop's thread until the writer is started, and by the writer thread alone from
 * then on; the two functions about the disk may be called on any thread. All return false and *e on failure. */
#pragma once

#include <sqlite3.h>

#include "relay/common/limits.h"
#include "relay/spool/spool.h"
#include "shared/disk/batch_writer.h"

#define SPOOL_STEP 256 /* rows that one transaction removes at most */
#define SPOOL_LOG_PAGES (LIMIT_DISK_RESERVE / 2 / 4096)
/* Puts leave this much of the disk free, twice the log between two checkpoints, because freeing space (removing what
 * was handed out) itself needs space in the log and in the database. */
#define SPOOL_RESERVE ((uint64_t)LIMIT_DISK_RESERVE)

struct spool_sqlite;

struct spool_put {
	int64_t mailbox, row;
	const struct spool_item *item;
	bool sealed;
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

/* Opens or makes spool.db in the folder, locks it and checks it. */
MUST_CHECK bool spool_sqlite_open(struct spool_sqlite **out, const char *data_folder, struct error *e);
void spool_sqlite_close(struct spool_sqlite *s);
extern const struct batch_ops spool_sqlite_batch_ops; /* their `db` is a struct spool_sqlite */

/* Free bytes of the disk that holds the file; UINT64_MAX where the file system does not tell. */
uint64_t spool_sqlite_disk_free(const struct spool_sqlite *s);
/* Bytes of the file's own free pages; 0 while the disk has plenty. */
uint64_t spool_sqlite_free_inside(const struct spool_sqlite *s);

/* Calls `each` for every mailbox with what waits in it; false from it ends the walk: out of memory. */
MUST_CHECK bool spool_sqlite_load(struct spool_sqlite *s, bool (*each)(void *user, const struct spool_loaded *m),
				  void *user, struct error *e);
/* The largest ids in use, 0 for none, and whether a mailbox that was left still holds something. */
MUST_CHECK bool spool_sqlite_last_ids(struct spool_sqlite *s, int64_t *mailbox, int64_t *row, bool *left,
				      struct error *e);

MUST_CHECK bool spool_sqlite_write_mailbox(struct spool_sqlite *s, const struct spool_mailbox *m, struct error *e);
MUST_CHECK bool spool_sqlite_leave(struct spool_sqlite *s, int64_t mailbox, struct error *e);
MUST_CHECK bool spool_sqlite_seen(struct spool_sqlite *s, int64_t mailbox, uint64_t now_us, struct error *e);
/* Counts one more, or `count` fewer, that the client is to be told of as lost. */
MUST_CHECK bool spool_sqlite_missed(struct spool_sqlite *s, int64_t mailbox, struct error *e);
MUST_CHECK bool spool_sqlite_told(struct spool_sqlite *s, int64_t mailbox, uint64_t count, struct error *e);
/* The row alone; *stored is false when the event id waits already. Where it is stored the payload follows. */
MUST_CHECK bool spool_sqlite_put(struct spool_sqlite *s, const struct spool_put *put, bool *stored, struct error *e);
MUST_CHECK bool spool_sqlite_put_payload(struct spool_sqlite *s, int64_t row, struct bytes payload, struct error *e);
MUST_CHECK bool spool_sqlite_fetch(struct spool_sqlite *s, int64_t mailbox, int64_t after, size_t most,
				   struct spool_waiting **list, struct error *e);
/* *found is false when it is gone already. */
MUST_CHECK bool spool_sqlite_forget(struct spool_sqlite *s, int64_t mailbox, int64_t row, uint64_t *size, bool *found,
				    struct error *e);
/* Removes up to SPOOL_STEP rows received before that time and counts them in their mailboxes. */
MUST_CHECK bool spool_sqlite_expire(struct spool_sqlite *s, uint64_t before_us,
				    struct spool_removed removed[SPOOL_STEP], size_t *count, struct error *e);
/* Removes up to SPOOL_STEP rows of mailboxes that were left, and those mailboxes once they are empty. */
MUST_CHECK bool spool_sqlite_purge(struct spool_sqlite *s, bool *more, struct error *e);

/* ---- spool_sqlite_copy.c: for a backup, and out of one ---- */

/* How far a copy has come; zeroed at first. */
struct spool_copied {
	bool begun, is_whole;
	int64_t row, last; /* the latest copied, and the latest that there was at the beginning */
	uint64_t count;
};

/* Appends the next part, about 1 MiB: pieces, each a letter of enum spool_copy_piece and what it stands for. The first
 * call gives all mailboxes; those that were left are not copied. What is removed between two calls may be copied or
 * not. */
enum spool_copy_piece {
	SPOOL_COPY_MAILBOX =
	    'm', /* a row (sqlite_row.h): id, tunnel, owner, key, options, random_name, seen_at, expired */
	SPOOL_COPY_DELIVERY = 'd', /* a row: id, mailbox, event_id, received_at, size, sealed, payload */
	SPOOL_COPY_END = 'e',      /* how many deliveries there were (eight bytes) */
};
MUST_CHECK bool spool_sqlite_copy(struct spool_sqlite *s, struct spool_copied *far, struct buffer *out,
				  struct error *e);

struct spool_merged {
	uint64_t deliveries, known; /* taken in, and those that waited here already */
};
/* Takes in what the tables `mailbox` and `waiting` of another database hold, with the columns named above, in one
 * transaction. A mailbox is identified by tunnel and key, a delivery by its event id; those that are here already stay
 * as they are. `path` is the other's name, for the sentence when it holds what no relay writes. */
MUST_CHECK bool spool_sqlite_merge(struct spool_sqlite *s, sqlite3 *from, const char *path, struct spool_merged *merged,
				   struct error *e);

/* ---- spool_uncopied.c: what is copied elsewhere ---- */

/* Makes the table of what is copied, where it is missing. */
MUST_CHECK bool spool_sqlite_begin_copies(struct spool_sqlite *s, struct error *e);
/* What was copied nowhere, after row `after`, oldest first: at most `most`, and no more once 4 MiB are read. */
MUST_CHECK bool spool_sqlite_uncopied(struct spool_sqlite *s, int64_t after, size_t most, struct spool_uncopied **list,
				      struct error *e);
/* Forgets which are copied where that was in another stream; *is_another: so it was. */
MUST_CHECK bool spool_sqlite_copied_in(struct spool_sqlite *s, const char *stream, bool *is_another, struct error *e);
MUST_CHECK bool spool_sqlite_copied(struct spool_sqlite *s, const struct spool_uncopied *u, uint64_t sequence,
				    struct error *e);
/* Copies of what waits no more. */
MUST_CHECK bool spool_sqlite_useless(struct spool_sqlite *s, uint64_t *sequences, size_t most, size_t *count,
				     struct error *e);
MUST_CHECK bool spool_sqlite_copy_gone(struct spool_sqlite *s, uint64_t sequence, struct error *e);
