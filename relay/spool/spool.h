/* The spool: deliveries that the relay acknowledged (202) and that no client has recorded yet, on disk in spool.db in
 * the data folder. A delivery survives kill -9 and power cuts once the `done` of its put came without an error.
 *
 * A mailbox holds what waits for one client of one tunnel. The client is identified by its X25519 public key, and what
 * is put into its mailbox is sealed to that key (shared/wire/seal.h); a client without a key has a mailbox that is not
 * sealed. The payload is opaque here: the delivery's frames (PROTOCOL.md, SEALED).
 *
 * All functions and callbacks run on the loop's thread. What blocks is done by a writer thread, in one transaction for
 * all that one turn of the loop brings. spool_private.h says which file decides what, spool_sqlite.h what is stored. */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"
#include "shared/base/uuid.h"

struct spool;

/* The disk a put needs, in sizes of its payload: once in the log, and then in the database. */
#define SPOOL_DISK_FACTOR 2

struct spool_settings {
	int64_t max_age_ms; /* deliveries that wait longer expire, and count as a gap */
	int64_t sweep_ms;   /* how often it looks for what expires; also at once when opened */
};

struct spool_mailbox {
	int64_t id;
	struct bytes tunnel; /* its name */
	struct bytes owner;  /* the token's name, or empty */
	struct bytes key;    /* 32 bytes or empty */
	uint32_t options;    /* enum wire_option, of the client's last HELLO */
	uint32_t features;   /* enum wire_feature, of the same */
	bool random_name;    /* the relay made the tunnel's name */
	uint64_t seen_at_us; /* when the client was last online */
};

/* How much waits: deliveries that are committed and not forgotten, and those on their way in. Counted in memory. */
struct spool_level {
	uint64_t count, bytes;
	uint64_t expired; /* or missed (spool_missed), since the client was last told (spool_gap_told) */
};

struct spool_item {
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	struct bytes payload; /* plain; must live until `done` */
	bool is_sealed;       /* it comes from another spool, where it was sealed for the mailbox's client */
};

/* A delivery that waits. Its receiver owns it and frees it with spool_waiting_free. */
struct spool_waiting {
	int64_t row; /* grows in the order of arrival; not used twice in a mailbox while the process lives */
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool sealed;
	struct buffer payload;
	struct spool_waiting *next;
};

/* Opens or makes spool.db (0600) in the folder, checks it and starts the writer thread. The file is locked until it is
 * closed: a second relay, or a reader, is refused. NULL and *e (EXIT_STORE, with the file's name) on failure. */
struct spool *spool_open(uv_loop_t *loop, const char *data_folder, const struct spool_settings *settings,
			 struct error *e);
/* Commits everything submitted, calls every `done`, frees the spool and then calls `closed` (may be NULL). */
void spool_close(struct spool *s, void (*closed)(void *user), void *user);
/* Calls `mailbox` for each mailbox; only at the start, before the loop runs. When it returns false the walk ends as out
 * of memory. */
MUST_CHECK bool spool_recall(struct spool *s, bool (*mailbox)(void *user, const struct spool_mailbox *m), void *user,
			     struct error *e);

/* Makes the mailbox of that tunnel and key, or brings it up to date. Returns its id (0: out of memory, or a key of
 * another length); the row is written with the next transaction, before what is put into the mailbox later. */
int64_t spool_join(struct spool *s, const struct spool_mailbox *m);
/* The client left the tunnel for good: removes the mailbox and what waits in it. */
void spool_leave(struct spool *s, int64_t mailbox);
/* Notes that the client was online at that time. */
void spool_seen(struct spool *s, int64_t mailbox, uint64_t now_us);
struct spool_level spool_level(const struct spool *s, int64_t mailbox);
struct spool_level spool_total(const struct spool *s);

/* From now on `changed` is called whenever the level of a mailbox changes, at once for each that holds something, and
 * with nothing for one that is left. May be NULL. */
void spool_on_level(struct spool *s,
		    void (*changed)(void *user, const struct spool_mailbox *m, struct spool_level level), void *user);

/* Bytes that the disk can still take while SPOOL_RESERVE stays free, free pages of the database included; UINT64_MAX
 * where the file system does not tell. Asks the file system, which does not block. */
uint64_t spool_disk_left(const struct spool *s);
/* Whether the disk itself has less than SPOOL_RESERVE free: what waits can be handed out, little can come in. */
bool spool_disk_is_full(const struct spool *s);
/* Seals and stores; calls `done` after the commit, with `e` NULL when it is safe. An event id that waits in the mailbox
 * already is not stored twice, and is safe. The item counts at once (spool_level), and on failure no longer; the caller
 * has asked whether it fits (quota.h). A put that would take the disk's last SPOOL_RESERVE fails. `done` is called from
 * within when nothing could be submitted: out of memory, or a mailbox that was left. */
void spool_put(struct spool *s, int64_t mailbox, const struct spool_item *item,
	       void (*done)(void *user, const struct error *e), void *user);
/* Reads what came after row `after`, oldest first: at most `most` of them, and no more once 4 MiB are read. The list
 * is the callback's to free. */
void spool_fetch(struct spool *s, int64_t mailbox, int64_t after, size_t most,
		 void (*done)(void *user, struct spool_waiting *list, const struct error *e), void *user);
void spool_waiting_free(struct spool_waiting *w);
/* Deletes, lazily, a delivery that the client has recorded. After a crash it may be handed out once more, which the
 * client's store notices. */
void spool_forget(struct spool *s, int64_t mailbox, int64_t row);
/* Counts a delivery that did not fit, and that other clients have, with those that expired. */
void spool_missed(struct spool *s, int64_t mailbox);
/* To be called when the client was told that `count` of them are gone. */
void spool_gap_told(struct spool *s, int64_t mailbox, uint64_t count);
/* `gap` is called after a sweep for each mailbox whose client is to be told of a gap. May be NULL. */
void spool_on_gap(struct spool *s, void (*gap)(void *user, const struct spool_mailbox *m), void *user);

/* ---- spool_elsewhere.c: what waits at other nodes of a cluster, kept for the next start (relay/shares/levels.h) ----
 */

#define SPOOL_NODE_LEN 16

/* A mailbox at another node. */
struct spool_elsewhere {
	uint8_t node[SPOOL_NODE_LEN];
	struct bytes tunnel, key;
	uint64_t count, bytes;
	uint64_t said_at_us, adopted_at_us; /* microseconds since 1970; the latter 0 where it does not apply */
};

struct spool_elsewhere_events {
	/* One that was kept by an earlier run; soon after the beginning, borrowed for the call. */
	void (*row)(void *user, const struct spool_elsewhere *r);
	/* One that could not be written. */
	void (*failed)(void *user, const struct spool_elsewhere *r);
};

/* Reads what is kept of what was said since then, and deletes what is older. False when out of memory. */
MUST_CHECK bool spool_begin_elsewhere(struct spool *s, uint64_t since_us, const struct spool_elsewhere_events *events,
				      void *user);
/* Calls neither of them any more. */
void spool_end_elsewhere(struct spool *s);
/* Writes it with one of the next transactions; with neither count nor adopted_at_us it is deleted. A copy. False when
 * out of memory. */
MUST_CHECK bool spool_keep_elsewhere(struct spool *s, const struct spool_elsewhere *r);

/* ---- spool_copy.c: for a backup ---- */

struct spool_copy;
/* Begins to copy what waits: each spool_copy_next has `piece` called with the next of what spool_sqlite_copy gives,
 * borrowed for the call; `is_last` with the end of it, `e` (and no bytes) when it failed. Everything put before this
 * call is included. NULL when out of memory. */
struct spool_copy *spool_copy_new(struct spool *s,
				  void (*piece)(void *user, struct bytes piece, bool is_last, const struct error *e),
				  void *user);
void spool_copy_next(struct spool_copy *c);
/* Ends it, at any time before spool_close; `piece` is not called any more. NULL is allowed. */
void spool_copy_free(struct spool_copy *c);

/* ---- spool_uncopied.c: copies elsewhere, for a node that never comes back (relay/cluster/copies.h) ---- */

#define SPOOL_COPY_PARTS 64        /* of one delivery, at most */
#define SPOOL_COPY_MOST (31 << 20) /* bytes of a payload; larger ones are not copied */

/* A delivery that waits and was copied nowhere. Its receiver owns it and frees it with spool_uncopied_free. */
struct spool_uncopied {
	int64_t row, mailbox;
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool sealed;
	struct buffer payload; /* as it is stored */
	struct spool_uncopied *next;
};

/* From now on it is known what is copied. `put` is called after the commit of each put instead of its `done`, which is
 * then to be called; not for what is too large to be copied. */
MUST_CHECK bool spool_begin_copies(struct spool *s,
				   void (*put)(void *user, int64_t row, void (*done)(void *user, const struct error *e),
					       void *done_user),
				   void *user);
void spool_end_copies(struct spool *s);
/* The mailbox of that id; NULL: it was left. Valid until the next call of any function. */
const struct spool_mailbox *spool_find_mailbox(const struct spool *s, int64_t mailbox);
/* Copies are made in that stream from now on. Where those before are in another one, they are not known any more
 * (`is_another`), and what waits is not copied. `done` may be called from within where memory runs out. */
void spool_copied_in(struct spool *s, const char *stream,
		     void (*done)(void *user, bool is_another, const struct error *e), void *user);
/* As spool_sqlite_uncopied. The list is the callback's to free; it is empty on failure. */
void spool_uncopied(struct spool *s, int64_t after, size_t most,
		    void (*done)(void *user, struct spool_uncopied *list, const struct error *e), void *user);
void spool_uncopied_free(struct spool_uncopied *u);
/* Notes where the copies of its parts are. */
void spool_copied(struct spool *s, const struct spool_uncopied *u, const uint64_t *sequences, size_t count);
/* Copies of what waits no more, up to SPOOL_COPY_PARTS of them; none on failure. */
void spool_useless_copies(struct spool *s, void (*done)(void *user, const uint64_t *sequences, size_t count),
			  void *user);
/* The copy was deleted. */
void spool_copy_gone(struct spool *s, uint64_t sequence);
