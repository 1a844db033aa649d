/* Writing the client's record. Opening it is store_open.c, reading it store_query.c. */
#include "shared/disk/sqlite_file.h"
#include "shared/store/store_jobs.h"
#include "shared/store/store_private.h"
#include "shared/store/store_stop.h"

#include <string.h>

/* The pages of a long body. */
#define ANSWER_PAGES                                                                                                   \
	"(kept + (SELECT page_size - 5 FROM pragma_page_size)) / (SELECT page_size - 4 FROM pragma_page_size)"

/* In a statement that finds deliveries by another class: it tells SQLite that delivery_by_class has them all. */
#define NOT_2XX "status_class <> 2"

/* Attempts of the delivery that is bound first. */
#define OF_DELIVERY "id BETWEEN ?1 * 4096 AND ?1 * 4096 + 4095"
/* Of the deliveries from the one that is bound first to the other. */
#define OF_RUN "id BETWEEN ?1 * 4096 AND ?2 * 4096 + 4095"

#define LENGTH_OF(blob) "CASE WHEN typeof(" blob ") = 'blob' THEN length(" blob ") END"

#define FILE_LENGTH_OR(id, other) "coalesce((SELECT f.length FROM body_file f WHERE f.id = " id "), " other ")"

static const char *const statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_BEGIN_READING] = "BEGIN",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_INSERT_DELIVERY] =
	    "INSERT INTO delivery (event_id, tunnel, received_at, method, target, path, prefix, peer, https, has_body,"
	    " provider, event_type, state, status, status_class, request_bytes, origin, replay_of, signature,"
	    " reached_at, forwarded, redacted, attempts, took_us, response_bytes) VALUES "
	    "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)"
	    " ON CONFLICT (event_id) DO NOTHING",
	[STATEMENT_FIND_EVENT] = "SELECT id FROM delivery WHERE event_id = ?1",
	[STATEMENT_INSERT_MESSAGE] =
	    "INSERT INTO message (id, headers, trailers, body, raw) VALUES (?1 * 4096 + ?2,?3,?4,?5,?6)",
	[STATEMENT_NEXT_ATTEMPT] = "SELECT attempts + 1 FROM delivery WHERE id = ?1",
	[STATEMENT_INSERT_ATTEMPT] =
	    "INSERT INTO attempt (id, started_at, result, status, url, reason, error, connect_us,"
	    " first_byte_us, total_us, response_bytes, answered_at, cut, kept, headers, trailers, body, raw)"
	    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
	[STATEMENT_SET_ANSWERED] = "UPDATE attempt SET answered_at = ?2 WHERE id = ?1",
	[STATEMENT_SUMMARISE] = "UPDATE delivery SET state = ?2, status = ?3, status_class = ?4, took_us = ?5,"
				" response_bytes = ?6, attempts = ?7 WHERE id = ?1 AND attempts = ?7 - 1",
	/* What is under way again is of class 0, where STATEMENT_UNFINISHED looks for it; what is put back had no
	 * answer. */
	[STATEMENT_SET_STATE] = "UPDATE delivery SET state = ?2, status_class = CASE WHEN ?2 IN (0, 1) THEN 0"
				" WHEN ?2 IN (3, 4) AND status_class = 0 THEN 6 ELSE status_class END WHERE id = ?1",
	[STATEMENT_ADD_TAG] = "INSERT OR IGNORE INTO tag (delivery_id, name) VALUES (?1, ?2)",
	[STATEMENT_PUT_STATUS] =
	    "INSERT OR REPLACE INTO client (pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url,"
	    " tunnel, target, lag_us, secrets, routes) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
	[STATEMENT_DROP_STATUS] = "DELETE FROM client WHERE pid = ?1",
	[STATEMENT_LIST] =
	    "SELECT " DELIVERY_COLUMNS " FROM (SELECT * FROM delivery WHERE id < ?1 ORDER BY id DESC LIMIT ?2)"
	    " ORDER BY id",
	[STATEMENT_GET] = "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id = ?1",
	[STATEMENT_LAST] = "SELECT id FROM delivery WHERE origin <> 2 AND state <> 5 ORDER BY id DESC LIMIT 1",
	[STATEMENT_UNFINISHED] = "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE status_class = 0 AND " NOT_2XX
				 " AND state IN (0, 1) AND origin IN (0, 1) ORDER BY id",
	[STATEMENT_HELD] = "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE status_class = 6 AND " NOT_2XX
			   " AND state = 4 AND origin IN (0, 1) ORDER BY id",
	[STATEMENT_COUNT_ATTEMPTS] = "SELECT count(*) FROM attempt WHERE " OF_DELIVERY " AND result = ?2",
	[STATEMENT_FIND_PREFIX] = "SELECT id FROM delivery WHERE event_id >= ?1 AND event_id <= ?2 LIMIT 2",
	[STATEMENT_GET_REQUEST] = "SELECT m.headers, m.trailers, m.body, d.request_bytes, NULL, d.has_body, d.https, "
				  "d.forwarded FROM message m"
				  " JOIN delivery d ON m.id = d.id * 4096 WHERE d.id = ?1",
	[STATEMENT_GET_PREFIX] = "SELECT prefix, https FROM delivery WHERE id = ?1",
	[STATEMENT_LIST_ATTEMPTS] =
	    "SELECT number, started_at, result, status, connect_us, first_byte_us, total_us, response_bytes, url,"
	    " reason, error, answered_at, cut FROM attempt WHERE " OF_DELIVERY " ORDER BY id",
	[STATEMENT_GET_RESPONSE] =
	    "SELECT coalesce(a.headers, m.headers), coalesce(a.trailers, m.trailers), coalesce(a.body, m.body),"
	    " a.response_bytes, coalesce(a.raw, m.raw), a.cut, a.id FROM attempt a LEFT JOIN message m ON m.id = a.id "
	    "AND"
	    " a.headers IS NULL WHERE a.id BETWEEN ?1 AND ?2 ORDER BY a.id DESC LIMIT 1",
	[STATEMENT_LIST_STATUS] =
	    "SELECT pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url, tunnel,"
	    " target, lag_us, secrets, routes FROM client ORDER BY started_at",
	[STATEMENT_SET_SIGNATURE] = "UPDATE delivery SET signature = ?2 WHERE id = ?1",
	[STATEMENT_ASK_SIGNING] =
	    "INSERT INTO signing (asked_at, pid, wish, state, provider, method, url, headers, body, verdict, error)"
	    " VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, '', '')",
	[STATEMENT_NEXT_SIGNING] =
	    "SELECT id FROM signing WHERE pid = ?1 AND state = 0 AND asked_at >= ?2 ORDER BY id LIMIT 1",
	[STATEMENT_GET_SIGNING] =
	    "SELECT wish, state, provider, method, url, headers, body, verdict, error FROM signing WHERE id = ?1",
	[STATEMENT_GET_SIGNING_STATE] = "SELECT state FROM signing WHERE id = ?1",
	[STATEMENT_ANSWER_SIGNING] =
	    "UPDATE signing SET state = ?2, headers = ?3, body = ?4, verdict = ?5, error = ?6 WHERE id = ?1",
	[STATEMENT_DROP_SIGNING] = "DELETE FROM signing WHERE id = ?1",
	[STATEMENT_DROP_OLD_SIGNINGS] = "DELETE FROM signing WHERE asked_at < ?1",
	[STATEMENT_VERSION] = "PRAGMA data_version",
	[STATEMENT_INDEX_ROWS] =
	    "SELECT d.id, d.event_id, d.event_type, d.target, m.headers, iif(length(m.body) <= 65536 AND"
	    " (length(m.body) > 0 OR d.request_bytes <= 65536), m.body, NULL) FROM delivery d"
	    " LEFT JOIN message m ON m.id = d.id * 4096 WHERE d.id BETWEEN ?1 AND ?2 ORDER BY d.id",
	[STATEMENT_INDEX_LATEST] = "SELECT first, last, size FROM search_block ORDER BY first DESC",
	[STATEMENT_INDEX_GONE] = "SELECT first, last FROM search_block INDEXED BY search_block_by_gone WHERE gone > 0 "
				 "AND first > 0 AND last >= first AND"
				 " last - first < 4096 LIMIT 1",
	[STATEMENT_INDEX_HAS] = "SELECT 1 FROM search_block WHERE first = ?1 AND last = ?2",
	[STATEMENT_INDEX_COUNT] = "SELECT count(*), (SELECT event_id FROM delivery WHERE id = ?2) FROM delivery"
				  " WHERE id BETWEEN ?1 AND ?2",
	[STATEMENT_INDEX_DROP] = "DELETE FROM search_block WHERE first BETWEEN ?1 AND ?2",
	[STATEMENT_INDEX_BLOCK] = "INSERT INTO search_block (first, last, size, gone) VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_INDEX_PAGE] = "INSERT INTO search_words (block, word, words) VALUES (?1, ?2, ?3)",
	[STATEMENT_INDEX_FORGET] = "DELETE FROM search_block WHERE first < (SELECT max(first) FROM search_block"
				   " WHERE first <= (SELECT min(id) FROM delivery))",
	[STATEMENT_INDEX_SWEEP] = "DELETE FROM search_block WHERE first BETWEEN ?1 AND ?2 AND last <= ?2",
	[STATEMENT_INDEX_TOUCH] = "UPDATE search_block SET gone = gone + 1 WHERE first BETWEEN ?1 - 4095 AND ?2"
				  " AND last >= ?1",
	[STATEMENT_MARK] = "UPDATE search_mark SET indexed = ?1",
	[STATEMENT_BLOCKS_UP] = "SELECT first, last FROM search_block WHERE first BETWEEN ?1 AND ?2 ORDER BY first",
	[STATEMENT_BLOCKS_DOWN] =
	    "SELECT first, last FROM search_block WHERE first BETWEEN ?1 AND ?2 ORDER BY first DESC",
	[STATEMENT_BLOCK_PAGE] =
	    "SELECT words FROM search_words WHERE block = ?1 AND word <= ?2 ORDER BY word DESC LIMIT 1",
	[STATEMENT_BLOCK_PAGES_BEHIND] = "SELECT words FROM search_words WHERE block = ?1 AND word > ?2 ORDER BY word",
	[STATEMENT_FILTER_BOUNDS] = "SELECT (SELECT min(id) FROM delivery), (SELECT max(id) FROM delivery),"
				    " (SELECT indexed FROM search_mark)",
	[STATEMENT_NEXT_ABOVE] = "SELECT min(id) FROM delivery WHERE id > ?1",
	[STATEMENT_NEXT_BELOW] = "SELECT max(id) FROM delivery WHERE id < ?1",
	[STATEMENT_COUNT_ALL] = "SELECT count(*) FROM delivery",
	/* By class, as STATEMENT_UNFINISHED and STATEMENT_HELD. */
	[STATEMENT_SETTLED] =
	    "SELECT coalesce((SELECT min(id) - 1 FROM (SELECT min(id) AS id FROM delivery WHERE status_class = 0 "
	    "AND " NOT_2XX " AND state IN (0, 1, 4) AND id > ?1 UNION ALL SELECT min(id) FROM delivery WHERE "
	    "status_class = 6 AND " NOT_2XX " AND state = 4 AND id > ?1)), (SELECT max(id) FROM delivery), 0)",
	[STATEMENT_DELETE] = "DELETE FROM delivery WHERE id = ?1",
	/* SQLite tells a blob's length without reading it, if it is asked for a column's. */
	[STATEMENT_GET_REQUEST_PART] = "SELECT headers, trailers, " FILE_LENGTH_OR(
	    "m.id", LENGTH_OF("body")) ", NULL, 0 FROM message m WHERE id = ?1",
	[STATEMENT_GET_ANSWER_PART] =
	    "SELECT coalesce(a.headers, m.headers), coalesce(a.trailers, m.trailers), iif(a.headers IS "
	    "NULL, " FILE_LENGTH_OR("a.id", LENGTH_OF("m.body")) ", " LENGTH_OF(
		"a.body") "), coalesce(a.raw, m.raw), a.headers IS NOT NULL FROM attempt a"
			  " LEFT JOIN message m ON m.id = a.id AND a.headers IS NULL WHERE a.id = ?1",
	[STATEMENT_HAS_OWN_ANSWER] = "SELECT 1 FROM attempt WHERE id = ?1 AND headers IS NOT NULL",
	[STATEMENT_LIST_REPLAYS] =
	    "SELECT id FROM (SELECT id FROM delivery WHERE replay_of = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
	[STATEMENT_ASK_JOB] = "INSERT INTO job (delivery_id, asked_at, state, url, replay_id) VALUES (?1,?2,0,'',?3)",
	[STATEMENT_LIST_JOBS] = "SELECT j.id, j.delivery_id, j.asked_at, j.state, j.pid, j.replay_id FROM job j JOIN"
				" delivery d ON d.id = j.replay_id WHERE j.state IN (0, 1) AND (d.tunnel = ?1 OR"
				" j.asked_at < ?2) ORDER BY j.id LIMIT ?3",
	[STATEMENT_GET_JOB] = "SELECT id, delivery_id, asked_at, state, pid, replay_id FROM job WHERE id = ?1",
	[STATEMENT_TAKE_JOB] = "UPDATE job SET state = 1, pid = ?2 WHERE id = ?1",
	[STATEMENT_DISOWN_JOBS] = "UPDATE job SET pid = 0 WHERE state = 1 AND pid = ?1",
	[STATEMENT_END_JOB] = "UPDATE job SET state = ?2 WHERE id = ?1 AND state IN (0, 1)",
	[STATEMENT_PAGE_SIZE] = "PRAGMA page_size",
	[STATEMENT_PAGE_COUNT] = "PRAGMA page_count",
	[STATEMENT_UNUSED_COUNT] = "PRAGMA freelist_count",
	[STATEMENT_ANSWER_PAGES] = "SELECT coalesce(sum(" ANSWER_PAGES "), 0) FROM attempt WHERE kept IS NOT NULL",
	[STATEMENT_OLDEST_ANSWER] = "SELECT id, kept FROM attempt INDEXED BY attempt_by_kept"
				    " WHERE kept IS NOT NULL ORDER BY id LIMIT 1",
	[STATEMENT_OLDEST] = "SELECT id, state, request_bytes, response_bytes, attempts FROM delivery WHERE id > ?1"
			     " AND id < (SELECT max(id) FROM delivery) ORDER BY id",
	[STATEMENT_ANSWER_PAGES_OF] =
	    "SELECT coalesce(sum(" ANSWER_PAGES "), 0) FROM attempt INDEXED BY attempt_by_kept"
	    " WHERE kept IS NOT NULL AND " OF_RUN,
	[STATEMENT_SWEEP_FIGURES] = "DELETE FROM figures WHERE block BETWEEN ?1 / 4096 AND ?2 / 4096",
	[STATEMENT_SWEEP_JOBS] = "DELETE FROM job WHERE delivery_id BETWEEN ?1 AND ?2",
	[STATEMENT_SWEEP_TAGS] = "DELETE FROM tag WHERE delivery_id BETWEEN ?1 AND ?2",
	[STATEMENT_SWEEP_NOTES] = "DELETE FROM note WHERE delivery_id BETWEEN ?1 AND ?2",
	[STATEMENT_SWEEP_ATTEMPTS] = "DELETE FROM attempt WHERE " OF_RUN,
	[STATEMENT_SWEEP_MESSAGES] = "DELETE FROM message WHERE " OF_RUN,
	[STATEMENT_SWEEP_DELIVERIES] = "DELETE FROM delivery WHERE id BETWEEN ?1 AND ?2",
	[STATEMENT_EMPTY_MESSAGE] = "UPDATE message SET body = x'' WHERE id = ?1",
	[STATEMENT_MARK_GAVE_WAY] = "UPDATE attempt SET kept = NULL, cut = 3 WHERE id = ?1",
	[STATEMENT_NEXT_ANSWERS] = "SELECT coalesce(min(id), 0) / 4096 FROM attempt INDEXED BY attempt_by_kept"
				   " WHERE kept IS NOT NULL AND id > ?1 * 4096 + 4095",
	[STATEMENT_ANSWERS_OF] = "SELECT count(*), coalesce(sum(" ANSWER_PAGES "), 0) FROM attempt WHERE " OF_DELIVERY
				 " AND kept IS NOT NULL",
	[STATEMENT_EMPTY_ANSWERS] =
	    "UPDATE message SET body = x'' WHERE id IN (SELECT id FROM attempt WHERE " OF_DELIVERY
	    " AND kept IS NOT NULL)",
	[STATEMENT_MARK_GAVE_WAY_ALL] =
	    "UPDATE attempt SET kept = NULL, cut = 3 WHERE " OF_DELIVERY " AND kept IS NOT NULL",
	[STATEMENT_ADD_JOURNAL] = "INSERT INTO journal (name, pid, applied) VALUES (?1, ?2, 0)",
	[STATEMENT_DROP_JOURNAL] = "DELETE FROM journal WHERE name = ?1",
	[STATEMENT_MARK_JOURNAL] = "UPDATE journal SET applied = ?2 WHERE name = ?1",
	[STATEMENT_GET_JOURNAL] = "SELECT applied FROM journal WHERE name = ?1",
	[STATEMENT_LIST_JOURNALS] = "SELECT name, pid FROM journal",
	[STATEMENT_FIGURES] = "SELECT block, latest >= ?1 AND earliest < ?2, iif(latest >= ?1 AND"
			      " earliest < ?2, columns, NULL) FROM figures ORDER BY block DESC",
	[STATEMENT_FIGURES_KEPT] = "SELECT block FROM figures WHERE block >= ?1 ORDER BY block",
	[STATEMENT_FIGURES_MAKE] =
	    "SELECT " FIGURE_COLUMNS " FROM delivery d WHERE d.id BETWEEN ?1 AND ?2 ORDER BY d.id",
	[STATEMENT_FIGURES_KEEP] =
	    "INSERT OR REPLACE INTO figures (block, earliest, latest, columns) VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_DROP_TAG] = "DELETE FROM tag WHERE delivery_id = ?1 AND name = ?2",
	[STATEMENT_GET_NOTE] = "SELECT text FROM note WHERE delivery_id = ?1",
	[STATEMENT_SET_NOTE] = "INSERT OR REPLACE INTO note (delivery_id, text) VALUES (?1, ?2)",
	[STATEMENT_DROP_NOTE] = "DELETE FROM note WHERE delivery_id = ?1",
	[STATEMENT_LIST_TAGS] = "SELECT name FROM tag WHERE delivery_id = ?1 ORDER BY name",
	[STATEMENT_NAME_FILE] = "INSERT INTO body_file (id, name, length) VALUES (?1, ?2, ?3)",
	[STATEMENT_FIND_FILE] = "SELECT name, length FROM body_file WHERE id = ?1",
	[STATEMENT_FIND_FILE_NAME] = "SELECT length, 0 FROM body_file WHERE name = ?1 UNION ALL"
				     " SELECT 0, 1 FROM body_file_gone WHERE name = ?1",
	[STATEMENT_FILE_PAGES] = "SELECT coalesce(sum((length + ?1 - 1) / ?1), 0) FROM body_file",
	[STATEMENT_DROP_FILES] = "DELETE FROM body_file WHERE " OF_RUN,
	[STATEMENT_DROP_FILE] = "DELETE FROM body_file WHERE id = ?1",
	[STATEMENT_DROP_ANSWER_FILES] =
	    "DELETE FROM body_file WHERE id IN (SELECT id FROM attempt WHERE " OF_DELIVERY " AND kept IS NOT NULL)",
	[STATEMENT_LIST_GONE_FILES] = "SELECT name FROM body_file_gone LIMIT ?1",
	[STATEMENT_FORGET_GONE_FILE] = "DELETE FROM body_file_gone WHERE name = ?1",
	[STATEMENT_CLEAR_TAGS] = "DELETE FROM tag WHERE delivery_id = ?1 AND name <> 'marked'",
};

const char *store_statement_sql(enum store_statement which)
{
	return statement_sql[which];
}

static const struct sqlite_file_advice advice = {
	.damaged = "it is damaged: move it away (creel makes a new one) or repair it with sqlite3's .recover",
	.not_a_database = "it is not a database of creel: name another with --db, or move it away",
	.locked = "another program holds it: end that one or try again",
};

const char *store_advice(int code)
{
	return sqlite_file_advice(&advice, code);
}

bool store_fail(struct store *s, const char *doing, struct error *e)
{
	if (store_stopped(s, e))
		return false;
	if (sqlite3_errcode(s->db) == SQLITE_INTERRUPT)
		return error_set(e, EXIT_INTERRUPTED, "interrupted while searching");
	return sqlite_file_fail(s->db, s->path, doing, &advice, e);
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt **st = &s->statements[which];
	if (s->deadline.until_us && store_stopped(s, e))
		return NULL;
	if (!*st &&
	    sqlite3_prepare_v3(s->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
		store_fail(s, "read", e);
		return NULL;
	}
	sqlite3_reset(*st);
	return *st;
}

void store_bind_bytes(sqlite3_stmt *st, int index, struct bytes b, bool blob)
{
	/* A NULL pointer would bind SQL NULL; a failing bind leaves NULL, which NOT NULL turns into an error. */
	const void *at = b.len ? (const void *)b.at : "";
	if (blob)
		sqlite3_bind_blob64(st, index, at, b.len, SQLITE_STATIC);
	else
		sqlite3_bind_text64(st, index, at, b.len, SQLITE_STATIC, SQLITE_UTF8);
}

bool store_execute(struct store *s, sqlite3_stmt *st, struct error *e)
{
	int code = sqlite3_step(st);
	bool fine = code == SQLITE_DONE || code == SQLITE_ROW || store_fail(s, "written", e);
	sqlite3_reset(st);
	return fine;
}

static bool find_event(struct store *s, const uint8_t event_id[UUID_LEN], int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_EVENT, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, event_id, UUID_LEN, SQLITE_STATIC);
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*id = sqlite3_column_int64(st, 0);
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	/* Refused as a duplicate and yet not found: table and index disagree. */
	return fine && (code == SQLITE_ROW ||
			error_set(e, EXIT_STORE, "%s cannot be read: %s", s->path, store_advice(SQLITE_CORRUPT)));
}

static int status_class(enum attempt_result result, int status)
{
	if (status >= 100 && status < 600)
		return status / 100;
	if (status >= 600)
		return 5;
	return result == ATTEMPT_TIMEOUT ? 7 : 6;
}

/* What a delivery's row says of its calls. */
struct outcome {
	enum delivery_state state;
	int status, class;
	int64_t attempts;
	uint64_t took_us, response_bytes; /* of the last */
};

static struct outcome outcome_of(const struct store_attempt *a, int64_t number)
{
	bool delivered = a->result == ATTEMPT_OK && a->status < 400;
	return (struct outcome){
		.state = a->then == ATTEMPT_THEN_WAITING ? DELIVERY_WAITING
			 : a->then == ATTEMPT_THEN_HELD  ? DELIVERY_HELD
			 : delivered                     ? DELIVERY_DELIVERED
							 : DELIVERY_FAILED,
		.status = a->status,
		.class = a->then == ATTEMPT_THEN_WAITING
			     ? 0
			     : status_class(a->result, a->result == ATTEMPT_OK ? a->status : 0),
		.attempts = number,
		.took_us = a->total_us,
		.response_bytes = a->body_size,
	};
}

static struct outcome outcome_of_none(const struct store_delivery *d)
{
	bool refused = d->state == DELIVERY_REFUSED;
	return (struct outcome){ .state = d->state,
				 .status = refused ? d->refused_status : 0,
				 .class = refused ? status_class(ATTEMPT_OK, d->refused_status) : 0 };
}

static void bind_unless_0(sqlite3_stmt *st, int index, int64_t value)
{
	if (value)
		sqlite3_bind_int64(st, index, value);
	else
		sqlite3_bind_null(st, index);
}

static bool insert_delivery(struct store *s, const struct store_delivery *d, const struct outcome *o, int64_t *id,
			    bool *duplicate, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_DELIVERY, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, d->event_id, UUID_LEN, SQLITE_STATIC);
	store_bind_bytes(st, 2, d->tunnel, false);
	sqlite3_bind_int64(st, 3, (int64_t)d->received_at_us);
	store_bind_bytes(st, 4, d->method, false);
	store_bind_bytes(st, 5, d->target, false);
	store_bind_bytes(st, 6, bytes_until(d->target, '?'), false);
	store_bind_bytes(st, 7, d->prefix, false);
	store_bind_bytes(st, 8, d->peer, false);
	sqlite3_bind_int(st, 9, d->https);
	sqlite3_bind_int(st, 10, d->has_body);
	store_bind_bytes(st, 11, d->provider, false);
	store_bind_bytes(st, 12, d->event_type, false);
	sqlite3_bind_int(st, 13, (int)o->state);
	sqlite3_bind_int(st, 14, o->status);
	sqlite3_bind_int(st, 15, o->class);
	sqlite3_bind_int64(st, 16, (int64_t)d->body_size);
	sqlite3_bind_int(st, 17, (int)d->origin);
	bind_unless_0(st, 18, d->replay_of);
	store_bind_bytes(st, 19, d->signature.len ? d->signature : bytes_of("unknown"), false);
	bind_unless_0(st, 20, (int64_t)d->reached_at_us);
	sqlite3_bind_int(st, 21, d->forwarded);
	sqlite3_bind_int(st, 22, d->redacted);
	sqlite3_bind_int64(st, 23, o->attempts);
	if (o->attempts)
		sqlite3_bind_int64(st, 24, (int64_t)o->took_us);
	else
		sqlite3_bind_null(st, 24);
	sqlite3_bind_int64(st, 25, (int64_t)o->response_bytes);
	if (!store_execute(s, st, e))
		return false;
	*duplicate = sqlite3_changes(s->db) == 0;
	if (*duplicate)
		return find_event(s, d->event_id, id, e);
	*id = sqlite3_last_insert_rowid(s->db);
	const struct store_bytes m = {
		.headers = d->headers, .trailers = d->trailers, .body = d->body, .spilled = d->spilled
	};
	return store_insert_message(s, *id, 0, &m, e);
}

bool store_insert_delivery(struct store *s, const struct store_delivery *d, int64_t *id, bool *duplicate,
			   struct error *e)
{
	const struct outcome none = outcome_of_none(d);
	return insert_delivery(s, d, &none, id, duplicate, e);
}

/* The delivery as attempt `number` leaves it, if it is the next; *is_next false: it is not, or there is no such
 * delivery. */
static bool summarise(struct store *s, const struct store_attempt *a, int64_t number, bool *is_next, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SUMMARISE, e);
	const struct outcome o = outcome_of(a, number);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, a->delivery_id);
	sqlite3_bind_int(st, 2, (int)o.state);
	sqlite3_bind_int(st, 3, o.status);
	sqlite3_bind_int(st, 4, o.class);
	sqlite3_bind_int64(st, 5, (int64_t)o.took_us);
	sqlite3_bind_int64(st, 6, (int64_t)o.response_bytes);
	sqlite3_bind_int64(st, 7, number);
	if (!store_execute(s, st, e))
		return false;
	*is_next = sqlite3_changes(s->db) > 0;
	return true;
}

static bool next_attempt(struct store *s, int64_t delivery_id, int64_t *number, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_NEXT_ATTEMPT, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(st, 0);
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine && (code == SQLITE_ROW ||
			error_set(e, EXIT_STORE, "delivery %lld is gone from %s", (long long)delivery_id, s->path));
}

/* Nearly every attempt is a delivery's first: it is taken for that, and its number looked up where it is not. */
static bool number_attempt(struct store *s, const struct store_attempt *a, int64_t *number, struct error *e)
{
	bool is_next = false;
	*number = 1;
	return summarise(s, a, *number, &is_next, e) &&
	       (is_next || (next_attempt(s, a->delivery_id, number, e) && summarise(s, a, *number, &is_next, e)));
}

#define ANSWER_COLUMN 15 /* and the next three: its bytes */

static bool is_short(const struct store_attempt *a)
{
	return !a->spilled && a->headers.len + a->trailers.len + a->raw.len + a->body.len <= STORE_SHORT_ANSWER;
}

static void bind_answer(sqlite3_stmt *st, const struct store_attempt *a)
{
	const struct bytes columns[] = { a->headers, a->trailers, a->body, a->raw };
	for (int i = 0; i < 4; i++)
		if (!is_short(a) || (i == 3 && !a->raw.len))
			sqlite3_bind_null(st, ANSWER_COLUMN + i);
		else
			store_bind_bytes(st, ANSWER_COLUMN + i, columns[i], true);
}

static bool insert_attempt(struct store *s, const struct store_attempt *a, int64_t number, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_ATTEMPT, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, store_message_id(a->delivery_id, number));
	sqlite3_bind_int64(st, 2, (int64_t)a->started_at_us);
	sqlite3_bind_int(st, 3, (int)a->result);
	sqlite3_bind_int(st, 4, a->status);
	store_bind_bytes(st, 5, a->url, false);
	store_bind_bytes(st, 6, a->reason, false);
	store_bind_bytes(st, 7, a->error, false);
	sqlite3_bind_int64(st, 8, (int64_t)a->connect_us);
	sqlite3_bind_int64(st, 9, (int64_t)a->first_byte_us);
	sqlite3_bind_int64(st, 10, (int64_t)a->total_us);
	sqlite3_bind_int64(st, 11, (int64_t)a->body_size);
	bind_unless_0(st, 12, (int64_t)a->answered_at_us);
	sqlite3_bind_int(st, 13, (int)a->cut);
	if (a->body.len > STORE_SHORT_ANSWER)
		sqlite3_bind_int64(st, 14, (int64_t)a->body.len);
	else
		sqlite3_bind_null(st, 14);
	bind_answer(st, a);
	return store_execute(s, st, e);
}

/* All but the delivery's row. */
static bool insert_call(struct store *s, const struct store_attempt *a, int64_t number, struct error *e)
{
	const struct store_bytes m = { a->headers, a->trailers, a->raw, a->body, a->spilled };
	return insert_attempt(s, a, number, e) &&
	       (is_short(a) || store_insert_message(s, a->delivery_id, number, &m, e)) &&
	       (!a->job || store_end_job(s, a->job, JOB_DONE, e));
}

bool store_insert_attempt(struct store *s, const struct store_attempt *a, struct error *e)
{
	int64_t number;
	return number_attempt(s, a, &number, e) && insert_call(s, a, number, e);
}

bool store_insert_whole(struct store *s, const struct store_delivery *d, const struct store_attempt *a, int64_t *id,
			bool *duplicate, struct error *e)
{
	const struct outcome o = outcome_of(a, 1);
	struct store_attempt first = *a;
	if (!insert_delivery(s, d, &o, id, duplicate, e))
		return false;
	first.delivery_id = *id;
	return *duplicate || insert_call(s, &first, 1, e);
}

bool store_set_answered(struct store *s, int64_t delivery_id, int number, uint64_t at_us, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SET_ANSWERED, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, store_message_id(delivery_id, number));
	sqlite3_bind_int64(st, 2, (int64_t)at_us);
	return store_execute(s, st, e);
}

bool store_set_state(struct store *s, int64_t id, enum delivery_state state, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SET_STATE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, (int)state);
	return store_execute(s, st, e);
}

bool store_set_signature(struct store *s, int64_t id, struct bytes verdict, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SET_SIGNATURE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	store_bind_bytes(st, 2, verdict, false);
	return store_execute(s, st, e);
}

bool store_put_status(struct store *s, const struct client_status *c, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_PUT_STATUS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, c->pid);
	sqlite3_bind_int64(st, 2, (int64_t)c->started_at_us);
	sqlite3_bind_int64(st, 3, (int64_t)c->confirmed_at_us);
	sqlite3_bind_int64(st, 4, (int64_t)c->ping_interval_ms);
	store_bind_bytes(st, 5, c->state, false);
	store_bind_bytes(st, 6, c->detail, false);
	store_bind_bytes(st, 7, c->relay, false);
	store_bind_bytes(st, 8, c->url, false);
	store_bind_bytes(st, 9, c->tunnel, false);
	store_bind_bytes(st, 10, c->target, false);
	sqlite3_bind_int64(st, 11, (int64_t)c->lag_us);
	store_bind_bytes(st, 12, c->secrets, false);
	store_bind_bytes(st, 13, c->routes, false);
	return store_execute(s, st, e);
}

bool store_drop_status(struct store *s, int64_t pid, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_STATUS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, pid);
	return store_execute(s, st, e);
}
