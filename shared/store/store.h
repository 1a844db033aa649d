/* The client's record of deliveries: one SQLite file, an open format described in shared/store.sql.
 *
 * One connection (`struct store`) belongs to one thread at a time. The running client writes through a batch_writer
 * (store_sync_apart_ops) on the writer thread; commands open their own connection. WAL, synchronous=FULL: what was
 * committed (in the running client: and synced) is there after a power loss. Bytes given by reference are copied by
 * SQLite; views handed to callbacks live until the callback returns. Errors carry EXIT_STORE and name the file. */
#pragma once

#include "shared/disk/batch_writer.h"
#include "shared/base/buffer.h"
#include "shared/base/delivery_state.h"
#include "shared/base/error.h"
#include "shared/disk/spill.h"
#include "shared/base/uuid.h"

struct store;

enum store_mode { STORE_READ_WRITE, STORE_READ_ONLY };

/* How one call of the app ended. ATTEMPT_OK: an answer came whole, whatever its status. */
enum attempt_result {
	ATTEMPT_OK = 0,
	ATTEMPT_UNREACHABLE = 1, /* refused, no route, DNS, or not a loopback address */
	ATTEMPT_TIMEOUT = 2,
	ATTEMPT_ABORTED = 3, /* the app broke off before or in the middle of its answer */
	ATTEMPT_TLS = 4,
	ATTEMPT_CANCELLED = 5, /* we stopped it (shutdown) */
};

/* Why not all of an answer's body is on record. */
enum answer_cut {
	ANSWER_CUT_NOT = 0,     /* it is, or --record-max was less */
	ANSWER_CUT_SENDER_GONE, /* it was not read to its end */
	ANSWER_CUT_NO_ROOM,     /* the store's bound (store_bound.h) */
	ANSWER_CUT_GAVE_WAY,    /* it was there, and gave way to what came later */
	ANSWER_CUT_CLIENT_GONE, /* the client was killed before the body was in the store */
};

/* A delivery to be inserted. Unknown texts are empty. */
struct store_delivery {
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	uint64_t reached_at_us; /* whole at the client, by its clock; 0: it came another way */
	enum delivery_origin origin;
	enum delivery_state state;
	int refused_status; /* with DELIVERY_REFUSED: what its sender got, shown as its status; 0: nothing */
	int64_t replay_of;  /* delivery id, 0 for none */
	bool https;
	bool has_body;  /* the sender framed a body, perhaps an empty one */
	bool forwarded; /* the X-Forwarded-… among the headers are those of a proxy that the relay trusts */
	struct bytes tunnel, method, target, prefix, peer;
	struct bytes provider, event_type;
	struct bytes signature; /* "valid", "invalid", "none" or "unknown"; empty: unknown */
	bool redacted;          /* its secrets were taken out: its signature cannot be checked */
	struct bytes headers;   /* shared/http/headers.h block, as received */
	struct bytes trailers;
	struct bytes body;
	const struct spill *spilled; /* not NULL: the body is its first body.len bytes, and body.at is not looked at */
	uint64_t body_size;          /* as received; > body.len when the record was cut (--record-max) */
};

/* The state a recorded attempt leaves its delivery in. */
enum attempt_then {
	ATTEMPT_THEN_OVER = 0, /* delivered or failed, as the result says */
	ATTEMPT_THEN_HELD,     /* waits for the app */
	ATTEMPT_THEN_WAITING,  /* is called again: the call was lost with the client that made it */
};

struct store_attempt {
	int64_t delivery_id;
	uint8_t
	    event_id[UUID_LEN]; /* the delivery's, and the call's number, as a journal names them; the store numbers */
	int number;             /* calls itself */
	int64_t job;            /* that asked for it (shared/store/store_jobs.h) and is done by it; 0 none */
	enum attempt_then then;
	uint64_t started_at_us;
	enum attempt_result result;
	int status;          /* 0 when no status line came */
	struct bytes url;    /* where it was sent */
	struct bytes reason; /* reason phrase */
	struct bytes error;  /* one sentence, empty with ATTEMPT_OK */
	uint64_t connect_us, first_byte_us, total_us;
	struct bytes headers, trailers, body; /* of the answer */
	struct bytes raw;                     /* as struct message has it; empty: none */
	const struct spill *spilled;          /* as in store_delivery */
	uint64_t body_size;                   /* as received, > body.len when cut */
	enum answer_cut cut;
	uint64_t answered_at_us; /* when the tunnel had been given the whole answer; 0: not, or not yet */
};

/* A row as list pages and JSON show it. */
struct delivery_row {
	int64_t id;
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	uint64_t reached_at_us; /* as struct store_delivery has it; 0: not known */
	enum delivery_origin origin;
	enum delivery_state state;
	int64_t replay_of; /* 0 none */
	int status;        /* of the last attempt or the refusal; 0 none */
	bool timed_out;    /* last attempt ended in ATTEMPT_TIMEOUT */
	bool broke_off;    /* last attempt failed though a status had come: there is no whole answer */
	int64_t took_us;   /* last attempt's total; -1 none */
	int attempts;
	uint64_t request_bytes, response_bytes;
	struct bytes tunnel, method, target, path, peer, provider, event_type;
	struct bytes signature; /* "valid" | "invalid" | "none" | "unknown" */
	bool redacted;          /* as struct store_delivery has it */
	/* For front ends, who read them besides; empty in what this file's functions give. */
	struct bytes host;       /* the header field */
	struct bytes note, tags; /* as in struct store_labels */
};

#define STORE_RAW_MOST (64u << 10)

struct message { /* owned copy; store_message_free */
	struct buffer headers, trailers, body;
	/* Of an answer: its first bytes as they came, STORE_RAW_MOST at most, when it could not be used (it has no
	 * status then, and nothing else), or its head, when fields of it were put right. */
	struct buffer raw;
	uint64_t body_size;
	enum answer_cut cut; /* of an answer */
	bool forwarded;      /* of a request: as struct store_delivery has it */
};

struct attempt_row {
	int number; /* 1, 2, … */
	uint64_t started_at_us;
	enum attempt_result result;
	int status;
	uint64_t connect_us, first_byte_us, total_us;
	uint64_t answered_at_us; /* as struct store_attempt has it */
	uint64_t response_bytes;
	enum answer_cut cut;
	struct bytes url, reason, error;
	struct bytes chaos; /* "delay,badsig": what --chaos did to it, of a running client's alone */
	bool skipped;       /* by --only or --skip; the same */
};

/* What a running client reports about itself, for `creel status`: one row a process. */
struct client_status {
	int64_t pid;
	uint64_t started_at_us;
	uint64_t confirmed_at_us; /* last time the relay confirmed the tunnel */
	uint64_t ping_interval_ms;
	uint64_t lag_us;     /* of the last ping; 0: not known */
	struct bytes state;  /* "online" | "connecting" | "offline" */
	struct bytes detail; /* why it is not online, one sentence */
	struct bytes relay, url, tunnel, target;
	struct bytes secrets; /* the providers whose secrets it knows, names with blanks between them */
	struct bytes routes;  /* where it sends besides `target`: the texts of --route, a line feed after each */
};

/* $XDG_DATA_HOME/creel/creel.db (or ~/.local/share/…). Caller frees; NULL and *e on failure. */
char *store_default_path(struct error *e);

/* Called while store_open brings the record of an older creel up to date, which may take long when there are many
 * deliveries. On the thread that opens it. */
struct store_upgrade_ops {
	void (*begins)(void *user);
	bool (*goes_on)(void *user); /* now and then; false: it is given up, the file stays as it was */
	void (*over)(void *user);
};
/* Sets this for all stores that the process opens. To be called before the first. */
void store_watch_upgrades(const struct store_upgrade_ops *ops, void *user);

/* Opens or, with STORE_READ_WRITE, creates (0600, missing folders 0700) and migrates. A missing file is an error when
 * read-only. */
MUST_CHECK bool store_open(struct store **out, const char *path, enum store_mode mode, struct error *e);
/* Opens a store without a file, which is gone when it is closed. */
MUST_CHECK bool store_open_in_memory(struct store **out, struct error *e);
void store_close(struct store *s);
extern const struct batch_ops store_batch_ops; /* begin, commit, rollback of a struct store */
/* The same for a store that syncs apart from its commits (store_sync.c): once committed, rows are seen by others and
 * outlive a kill of this process; `sync`, on any thread, makes all committed before it outlive a power cut. */
extern const struct batch_ops store_sync_apart_ops;
/* Makes it such a store. Its commits leave most of the work of moving its log into the database to
 * store_shorten_log. */
MUST_CHECK bool store_sync_apart(struct store *s, struct error *e);
/* Whether the log ought to be moved into the database. Any thread. */
bool store_log_is_long(const struct store *s);
/* Does so, on a connection of its own (NULL: there is none) and any thread, while the writer goes on. What fails is
 * left to the next time. */
void store_shorten_log(struct store *own, struct store *writer);

/* The folder of the store's large bodies (store.sql, schema 16), whether it is there or not; NULL for a store in
 * memory. A delivery's or an answer's body that is spilled into a file there (spill_init_for_record) stays in that
 * file; the spill is to be kept (spill_keep) once that is committed. */
const char *store_bodies(const struct store *s);
/* Whether a store that syncs apart has files there whose rows it deleted. Any thread. */
bool store_body_any_gone(const struct store *s);
/* Deletes them, once that is synced, on a connection of its own and any thread, while the writer goes on. */
void store_body_delete_gone(struct store *own, struct store *writer);

/* An answer of so many bytes at most, with its head, stands in its attempt's row. Of a longer body attempt.kept has the
 * length: it has pages of its own. */
#define STORE_SHORT_ANSWER 4096

/* Inserts unless the event id is there already: then *duplicate is true and *id is the old row's. */
MUST_CHECK bool store_insert_delivery(struct store *s, const struct store_delivery *d, int64_t *id, bool *duplicate,
				      struct error *e);
/* Inserts the attempt with the next number and brings the delivery's summary (state, status, took, …) up to date. */
MUST_CHECK bool store_insert_attempt(struct store *s, const struct store_attempt *a, struct error *e);
/* Both of these at once, of a delivery whose first call is over: less work than one after the other. `delivery_id` of
 * the attempt does not count. *duplicate: neither was inserted. */
MUST_CHECK bool store_insert_whole(struct store *s, const struct store_delivery *d, const struct store_attempt *a,
				   int64_t *id, bool *duplicate, struct error *e);
/* Records when the tunnel had been given the whole answer, for an attempt that was recorded before that. */
MUST_CHECK bool store_set_answered(struct store *s, int64_t delivery_id, int number, uint64_t at_us, struct error *e);
MUST_CHECK bool store_set_state(struct store *s, int64_t id, enum delivery_state state, struct error *e);
/* "valid", "invalid", "none" or "unknown": what was found out since it was put on record. */
MUST_CHECK bool store_set_signature(struct store *s, int64_t id, struct bytes verdict, struct error *e);
MUST_CHECK bool store_put_status(struct store *s, const struct client_status *c, struct error *e);
MUST_CHECK bool store_drop_status(struct store *s, int64_t pid, struct error *e);

/* Frees what a struct message holds. */
void store_message_free(struct message *m);
/* Changes whenever another connection committed (PRAGMA data_version). */
/* Whether its file was moved, deleted or replaced since it was opened. */
bool store_has_moved(struct store *s);
MUST_CHECK bool store_version(struct store *s, int64_t *version, struct error *e);

const char *store_state_name(enum delivery_state state);
/* Why it is DELIVERY_REFUSED, for a person. */
const char *store_refusal_words(int status);
/* Why it is not all there, as the end of a sentence; for ANSWER_CUT_NOT: that the record was cut. */
const char *store_cut_words(enum answer_cut cut);
/* The option that bounded it, without its dashes; "" where none did. */
const char *store_cut_option(enum answer_cut cut);
const char *store_origin_name(enum delivery_origin origin);
const char *store_result_name(
    enum attempt_result result); /* "ok", "unreachable", "timeout", "aborted", "tls", "cancelled" */
