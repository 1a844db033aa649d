/* The spool: deliveries that the relay acknowledged (202) and no client has recorded yet, on disk. One interface; rooms
 * behind it: spool_sqlite.c (spool.db in the data folder: WAL, synchronous=FULL, one transaction for all that one turn
 * of the loop brings, on a writer thread).
 *
 * A mailbox is what waits for one client of one tunnel: the client is told by its X25519 public key, and what is put in
 * is sealed to it (shared/wire/seal.h); a client without a key has an unsealed mailbox with an empty key. The payload
 * is opaque here: the delivery's frames (PROTOCOL.md, SEALED). Loop thread, callbacks too; what blocks is done on the
 * writer thread. Nothing put is lost by kill -9 or power loss once its `done` came without an error. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/base/uuid7.h"

struct spool;

/* A put needs its payload's size this many times: in the log, and then in the database. */
#define SPOOL_DISK_FACTOR 2

struct spool_settings {
	int64_t max_age_ms; /* older ones expire, and are counted as a gap */
	int64_t sweep_ms;   /* how often expiry looks (also at once when opened) */
};

struct spool_mailbox {
	int64_t id;
	struct bytes tunnel; /* its name */
	struct bytes owner;  /* the token's name, or empty */
	struct bytes key;    /* 32 bytes or empty */
	uint32_t options;    /* enum wire_option, of the client's last HELLO */
	bool random_name;    /* the relay made the tunnel's name */
	uint64_t seen_at_us; /* when the client was last online */
};

/* What waits, as the relay counts it without asking the disk: committed and not forgotten, plus what is on its way in.
 */
struct spool_level {
	uint64_t count, bytes;
	uint64_t expired; /* or missed, since the client was last told (spool_gap_told) */
};

struct spool_item {
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	struct bytes payload; /* plain; must live until `done` */
};

/* One that waits; owned by who gets it: spool_waiting_free. */
struct spool_waiting {
	int64_t row; /* grows with the order of arrival, within a mailbox never used again while the process lives */
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool sealed;
	struct buffer payload;
	struct spool_waiting *next;
};

/* Opens or makes spool.db (0600) in the folder, checks it (a corrupt one is an error that names it, EXIT_STORE), starts
 * the writer thread. It is locked until it is closed: a second relay, or a reader, is refused. NULL and *e. */
struct spool *spool_open(uv_loop_t *loop, const char *data_folder, const struct spool_settings *settings,
			 struct error *e);
/* Commits everything submitted, calls every `done`, frees; `closed` (may be NULL) on the loop. */
void spool_close(struct spool *s, void (*closed)(void *user), void *user);
/* Called for each mailbox at the start, before the loop turns. False from the callback ends it: out of memory, *e. */
MUST_CHECK bool spool_recall(struct spool *s, bool (*mailbox)(void *user, const struct spool_mailbox *m), void *user,
			     struct error *e);

/* A mailbox is made or brought up to date (tunnel and key tell which). Returns its id at once (0: out of memory, or a
 * key of another length); it is written with the next transaction, ahead of what is put into it later. */
int64_t spool_join(struct spool *s, const struct spool_mailbox *m);
/* The client left the tunnel for good: the mailbox and what waits in it go. */
void spool_leave(struct spool *s, int64_t mailbox);
/* Notes that the client is online now (seen_at). */
void spool_seen(struct spool *s, int64_t mailbox, uint64_t now_us);
struct spool_level spool_level(const struct spool *s, int64_t mailbox);
struct spool_level spool_total(const struct spool *s);

/* What the disk may still take before only its last is left (SPOOL_RESERVE), free pages of the database included;
 * UINT64_MAX where the file system does not tell. Asks it, which does not wait. */
uint64_t spool_disk_left(const struct spool *s);
/* Whether the disk itself has less than that last free: what was spooled can be handed out, little comes in. */
bool spool_disk_is_full(const struct spool *s);
/* Seals and stores; `done` after the commit: `e` NULL when it is safe. Putting an event id that waits in the mailbox
 * already is no error and changes nothing. It is counted at once (spool_level), and no more on failure; whether there
 * is room for it the caller has asked (quota.h). The last of the disk (SPOOL_RESERVE) is left free: beyond it a put
 * fails. `done` comes from within the call where nothing could be submitted: out of memory, or a mailbox that was left.
 */
void spool_put(struct spool *s, int64_t mailbox, const struct spool_item *item,
	       void (*done)(void *user, const struct error *e), void *user);
/* Reads those behind row `after`, oldest first: at most `most` of them, and no further one once 4 MiB are read. */
void spool_fetch(struct spool *s, int64_t mailbox, int64_t after, size_t most,
		 void (*done)(void *user, struct spool_waiting *list, const struct error *e), void *user);
void spool_waiting_free(struct spool_waiting *w);
/* The client has recorded it: deletes it. In its own time: lost with a crash it is handed out once more, which the
 * client's store notices. */
void spool_forget(struct spool *s, int64_t mailbox, int64_t row);
/* There was no room for one that others have: counts with those that expired. */
void spool_missed(struct spool *s, int64_t mailbox);
/* The client was told of `count` expired ones. */
void spool_gap_told(struct spool *s, int64_t mailbox, uint64_t count);
/* Asked after every sweep that expired something: the mailbox has a gap to tell. May be NULL. */
void spool_on_gap(struct spool *s, void (*gap)(void *user, int64_t mailbox), void *user);
