/* Inside of store*.c: the connection with its prepared statements. */
#pragma once

#include <sqlite3.h>
#include <stdatomic.h>

#include "shared/base/deadline.h"
#include "shared/disk/body_file.h"
#include "shared/filter/filter.h"
#include "shared/store/store.h"

/* The columns that store_read_row reads, in its order. */
#define DELIVERY_COLUMNS                                                                                               \
	"id, event_id, received_at, origin, state, replay_of, status, status_class, took_us, attempts, "               \
	"request_bytes, "                                                                                              \
	"response_bytes, tunnel, method, target, path, peer, provider, event_type, signature, reached_at, "            \
	"redacted"

enum store_statement {
	STATEMENT_BEGIN,
	STATEMENT_BEGIN_READING,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_INSERT_DELIVERY,
	STATEMENT_FIND_EVENT,
	STATEMENT_INSERT_MESSAGE,
	STATEMENT_NEXT_ATTEMPT,
	STATEMENT_INSERT_ATTEMPT,
	STATEMENT_SET_ANSWERED,
	STATEMENT_SUMMARISE,
	STATEMENT_SET_STATE,
	STATEMENT_ADD_TAG,
	STATEMENT_PUT_STATUS,
	STATEMENT_DROP_STATUS,
	STATEMENT_LIST,
	STATEMENT_GET,
	STATEMENT_LAST,
	STATEMENT_UNFINISHED,
	STATEMENT_HELD,
	STATEMENT_COUNT_ATTEMPTS,
	STATEMENT_FIND_PREFIX,
	STATEMENT_GET_REQUEST,
	STATEMENT_GET_PREFIX,
	STATEMENT_LIST_ATTEMPTS,
	STATEMENT_GET_RESPONSE,
	STATEMENT_LIST_STATUS,
	STATEMENT_VERSION,
	STATEMENT_INDEX_ROWS,
	STATEMENT_INDEX_LATEST,
	STATEMENT_INDEX_GONE,
	STATEMENT_INDEX_HAS,
	STATEMENT_INDEX_COUNT,
	STATEMENT_INDEX_DROP,
	STATEMENT_INDEX_BLOCK,
	STATEMENT_INDEX_PAGE,
	STATEMENT_INDEX_FORGET,
	STATEMENT_INDEX_SWEEP,
	STATEMENT_INDEX_TOUCH,
	STATEMENT_MARK,
	STATEMENT_BLOCKS_UP,
	STATEMENT_BLOCKS_DOWN,
	STATEMENT_BLOCK_PAGE,
	STATEMENT_BLOCK_PAGES_BEHIND,
	STATEMENT_FILTER_BOUNDS,
	STATEMENT_NEXT_ABOVE,
	STATEMENT_NEXT_BELOW,
	STATEMENT_COUNT_ALL,
	STATEMENT_SETTLED,
	STATEMENT_DELETE,
	STATEMENT_GET_REQUEST_PART,
	STATEMENT_GET_ANSWER_PART,
	STATEMENT_HAS_OWN_ANSWER,
	STATEMENT_LIST_REPLAYS,
	STATEMENT_ASK_JOB,
	STATEMENT_LIST_JOBS,
	STATEMENT_GET_JOB,
	STATEMENT_TAKE_JOB,
	STATEMENT_DISOWN_JOBS,
	STATEMENT_END_JOB,
	STATEMENT_DROP_TAG,
	STATEMENT_PAGE_SIZE,
	STATEMENT_PAGE_COUNT,
	STATEMENT_UNUSED_COUNT,
	STATEMENT_ANSWER_PAGES,
	STATEMENT_OLDEST_ANSWER,
	STATEMENT_OLDEST,
	STATEMENT_ANSWER_PAGES_OF,
	STATEMENT_SWEEP_FIGURES,
	STATEMENT_SWEEP_JOBS,
	STATEMENT_SWEEP_TAGS,
	STATEMENT_SWEEP_NOTES,
	STATEMENT_SWEEP_ATTEMPTS,
	STATEMENT_SWEEP_MESSAGES,
	STATEMENT_SWEEP_DELIVERIES,
	STATEMENT_EMPTY_MESSAGE,
	STATEMENT_MARK_GAVE_WAY,
	STATEMENT_NEXT_ANSWERS,
	STATEMENT_ANSWERS_OF,
	STATEMENT_EMPTY_ANSWERS,
	STATEMENT_MARK_GAVE_WAY_ALL,
	STATEMENT_SET_SIGNATURE,
	STATEMENT_ASK_SIGNING,
	STATEMENT_NEXT_SIGNING,
	STATEMENT_GET_SIGNING,
	STATEMENT_GET_SIGNING_STATE,
	STATEMENT_ANSWER_SIGNING,
	STATEMENT_DROP_SIGNING,
	STATEMENT_DROP_OLD_SIGNINGS,
	STATEMENT_ADD_JOURNAL,
	STATEMENT_DROP_JOURNAL,
	STATEMENT_MARK_JOURNAL,
	STATEMENT_GET_JOURNAL,
	STATEMENT_LIST_JOURNALS,
	STATEMENT_FIGURES,
	STATEMENT_FIGURES_KEPT,
	STATEMENT_FIGURES_MAKE,
	STATEMENT_FIGURES_KEEP,
	STATEMENT_GET_NOTE,
	STATEMENT_SET_NOTE,
	STATEMENT_DROP_NOTE,
	STATEMENT_LIST_TAGS,
	STATEMENT_CLEAR_TAGS,
	STATEMENT_NAME_FILE,
	STATEMENT_FIND_FILE,
	STATEMENT_FIND_FILE_NAME,
	STATEMENT_FILE_PAGES,
	STATEMENT_DROP_FILES,
	STATEMENT_DROP_FILE,
	STATEMENT_DROP_ANSWER_FILES,
	STATEMENT_LIST_GONE_FILES,
	STATEMENT_FORGET_GONE_FILE,
	STATEMENT_COUNT,
};

#define STORE_BUSY_MS 5000         /* that a lock is waited for */
#define MESSAGES_PER_DELIVERY 4096 /* message.id and attempt.id are delivery * 4096 + attempt (store.sql) */

/* -1, which is no message's, for ids and numbers that another program wrote and that lead beyond 63 bits. */
static inline int64_t store_message_id(int64_t delivery_id, int64_t number)
{
	if (delivery_id < 1 || delivery_id > INT64_MAX / MESSAGES_PER_DELIVERY - 1 || number < 0 ||
	    number >= MESSAGES_PER_DELIVERY)
		return -1;
	return delivery_id * MESSAGES_PER_DELIVERY + number;
}

/* store_bound.c's: the bound, in pages, and what was last found out. */
struct keeping {
	bool on;
	bool counted; /* `answers` is known, as of `version` */
	int64_t page_size, database, requests, slack;
	int64_t answers, version;
	int64_t room, request_room, over; /* over: pages in use beyond the bound, negative when there are none */
	int64_t total;                    /* of database and files */
	int64_t allowed;                  /* total beyond the bound that a new file may bring it back to */
	int64_t freed;                    /* grows with what is deleted: unused pages less those that files would be */
	int64_t presumed;                 /* pages that may be written before the next look */
	int log_short;
	bool log_full;          /* it is too long, and somebody reads in it */
	uint64_t wait_again_ms; /* for readers, of a steady clock */
	atomic_uint_fast64_t gone_deliveries, gone_answers;
};

/* store_body.c: one body on record, wherever it lies. Zeroed at first; opened again for the next one. */
struct store_body {
	uint64_t len;
	sqlite3_blob *blob;
	bool in_attempt; /* the blob's table */
	bool in_file;
	int fd;                            /* of the file */
	char name[BODY_FILE_NAME_LEN + 1]; /* of the file */
	int code;                          /* SQLite's, with STORE_BODY_FAILED */
};

enum store_body_found {
	STORE_BODY_FOUND,
	STORE_BODY_NO_ROW, /* or the row has no bytes there: of a damaged database */
	STORE_BODY_LOST,   /* its file is missing or too short */
	STORE_BODY_FAILED,
};

struct store {
	sqlite3 *db;
	char *path;
	char *bodies;           /* the folder of large bodies; NULL: in memory, where there is none */
	atomic_bool files_gone; /* rows that name files were deleted, since somebody looked */
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* prepared at first use */
	/* Of searches (store_filter.c). */
	bool has_functions, has_found_table;
	/* store_stop.c */
	atomic_bool interrupted;
	struct deadline deadline;
	struct store_body body; /* one under way; that of a blob keeps a read transaction open */
	struct buffer scratch;
	struct keeping keeping;
	int64_t figures_from; /* the block that store_figures_keep_some looks at next */
	/* Of the journal that this connection brings in (store_journal_follow); NULL: there is none. */
	const char *journal;
	uint64_t applied, marked; /* up to which record, in the transaction under way and before it */
	/* store_sync.c */
	sqlite3_file *log;
	atomic_int log_frames, log_again; /* how long the log is, and from what length it is long */
	atomic_int log_moved; /* how much of it store_shorten_log has moved, all but a few frames; 0: nothing new */
};

/* The statement, reset and ready to bind; NULL and *e on failure. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which, struct error *e);
/* Its text; a test holds how SQLite means to do each. */
const char *store_statement_sql(enum store_statement which);
/* The database's last error as a sentence with the path and what to do, or why the question ended before it was
 * answered (store_stop.h). Returns false. Cold: or every statement would keep room for it. */
bool store_fail(struct store *s, const char *doing, struct error *e) __attribute__((cold));
/* What SQLite's code means and what to do, as the end of a sentence. */
const char *store_advice(int code);
/* The columns of a struct figure, in the order in which store_figures.c reads them. */
#define FIGURE_COLUMNS                                                                                                 \
	"d.id, d.received_at, d.state, d.status, d.status_class, d.took_us, d.request_bytes, d.signature = 'invalid'," \
	" d.provider, d.event_type, d.path"
MUST_CHECK bool store_add_functions(struct store *s, struct error *e);
/* Reads the first `most` bytes of a long body into s->scratch; s->body is to be closed when they are not needed any
 * more, and has the code after a failure. */
MUST_CHECK enum store_body_found store_read_beginning(struct store *s, int64_t message, size_t most);
/* How a test of the filter is given up: when the question is over, or Ctrl-C came. */
struct filter_stop store_filter_stop(struct store *s);
void store_bind_bytes(sqlite3_stmt *st, int index, struct bytes b, bool blob);
/* Runs a statement that gives no rows. */
MUST_CHECK bool store_execute(struct store *s, sqlite3_stmt *st, struct error *e);
/* The same for one whose only value is an id. */
MUST_CHECK bool store_execute_with_id(struct store *s, enum store_statement which, int64_t id, struct error *e);
/* The bytes of a request or an answer. With `spilled` the first body.len bytes of it are the body. */
struct store_bytes {
	struct bytes headers, trailers, raw, body;
	const struct spill *spilled;
};
/* store_message.c. In the caller's transaction. */
MUST_CHECK bool store_insert_message(struct store *s, int64_t delivery_id, int64_t number, const struct store_bytes *m,
				     struct error *e);

/* store_body.c. Everybody who reads a body does so through these. */
/* Points *out at the request's body, or an answer's, that is message's; `in_attempt`: it stands in its attempt's row.
 * To be closed after a failure, too. */
MUST_CHECK enum store_body_found store_body_open(struct store *s, int64_t message, bool in_attempt,
						 struct store_body *out);
/* Copies `len` bytes of it from `at` on, which are within its length. */
MUST_CHECK enum store_body_found store_body_copy(struct store_body *b, uint64_t at, void *to, size_t len);
void store_body_close(struct store_body *b);
/* Says why a body cannot be read. Returns false. */
bool store_body_fail(struct store *s, const struct store_body *b, enum store_body_found found, int64_t message,
		     struct error *e);
/* Appends all of a body that lies in a file; nothing where there is none. */
MUST_CHECK bool store_body_load(struct store *s, int64_t message, struct buffer *out, struct error *e);
/* Whether it lies in a file that is missing or too short. */
bool store_body_is_lost(struct store *s, int64_t message);
/* Has a body that lies in a file read from there by *out; nothing where there is none. */
MUST_CHECK bool store_body_spill(struct store *s, int64_t message, struct spill *out, struct error *e);
/* Runs one of the statements that delete from body_file, with one id, or with two. */
MUST_CHECK bool store_body_drop(struct store *s, enum store_statement which, int64_t first, int64_t last,
				struct error *e);

/* Deletes the files whose rows are gone; not within a transaction. On a connection whose commits are synced. What fails
 * is left to the next time. */
void store_body_files_delete(struct store *s);
/* The same, and those that a killed program left. */
void store_body_files_sweep(struct store *s);
/* store_message.c: the pages that the files of large bodies would be, where a bound is kept. */
MUST_CHECK bool store_message_file_pages(struct store *s, int64_t *out, struct error *e);
