#include "shared/query/store_part.h"

#include "shared/store/store_private.h"
#include "shared/store/store_stop.h"

#include <string.h>

#define PIECE ((size_t)256 << 10) /* of a body that is handed over */

static bool gone(int64_t id, int attempt, struct error *e)
{
	if (attempt)
		return error_set(e, EXIT_USAGE, "delivery %lld has no attempt %d on record", (long long)id, attempt);
	return error_set(e, EXIT_USAGE, "delivery %lld is no longer on record", (long long)id);
}

static struct bytes column(sqlite3_stmt *st, int index)
{
	const void *at = sqlite3_column_blob(st, index); /* the order of these two calls matters to SQLite */
	int len = sqlite3_column_bytes(st, index);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_make(NULL, 0);
}

/* Appends `len` bytes of it. */
static bool append_body(struct store *s, struct store_body *b, int64_t message, uint64_t from, size_t len,
			struct buffer *out, struct error *e)
{
	if (!buffer_reserve(out, len))
		return error_set(e, EXIT_STORE, "out of memory");
	enum store_body_found found = store_body_copy(b, from, out->at + out->len, len);
	if (found != STORE_BODY_FOUND)
		return store_body_fail(s, b, found, message, e);
	out->len += len;
	return true;
}

static bool read_body(struct store *s, bool in_attempt, int64_t message, uint64_t most, struct store_part *out,
		      struct error *e)
{
	struct store_body b = { .fd = -1 };
	uint64_t len = out->body_size < most ? out->body_size : most;
	if (len == 0)
		return true;
	enum store_body_found found = store_body_open(s, message, in_attempt, &b);
	bool fine = found == STORE_BODY_FOUND || store_body_fail(s, &b, found, message, e);
	fine = fine && append_body(s, &b, message, 0, (size_t)(len < b.len ? len : b.len), &out->body, e);
	store_body_close(&b);
	return fine;
}

bool store_get_part(struct store *s, int64_t id, int attempt, uint64_t most, struct store_part *out, struct error *e)
{
	int64_t message = store_message_id(id, attempt);
	memset(out, 0, sizeof *out);
	if (message < 0)
		return gone(id, attempt, e);
	sqlite3_stmt *st = store_statement(s, attempt ? STATEMENT_GET_ANSWER_PART : STATEMENT_GET_REQUEST_PART, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, message);
	int code = sqlite3_step(st);
	bool fine = code == SQLITE_ROW;
	if (fine) {
		int64_t size = sqlite3_column_int64(st, 2);
		out->body_size = size > 0 && size <= INT32_MAX ? (uint64_t)size : 0;
		fine = (buffer_append_bytes(&out->headers, column(st, 0)) &&
			buffer_append_bytes(&out->trailers, column(st, 1)) &&
			buffer_append_bytes(&out->raw, column(st, 3))) ||
		       error_set(e, EXIT_STORE, "out of memory");
		/* While the statement has its row the body is of the same moment. */
		bool in_attempt = sqlite3_column_int(st, 4) != 0;
		fine = fine && read_body(s, in_attempt, message, most, out, e);
	} else if (code == SQLITE_DONE) {
		gone(id, attempt, e);
	} else {
		store_fail(s, "read", e);
	}
	sqlite3_reset(st);
	if (!fine)
		store_part_free(out);
	return fine;
}

static bool has_own_answer(struct store *s, int64_t message, bool *own, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_HAS_OWN_ANSWER, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, message);
	int code = sqlite3_step(st);
	*own = code == SQLITE_ROW;
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

/* To be closed in any case. */
static bool open_body(struct store *s, int64_t id, int attempt, struct store_body *b, struct error *e)
{
	int64_t message = store_message_id(id, attempt);
	bool own = false;
	if (message < 0)
		return gone(id, attempt, e);
	if (attempt && !has_own_answer(s, message, &own, e))
		return false;
	enum store_body_found found = store_body_open(s, message, own, b);
	if (found == STORE_BODY_FOUND)
		return true;
	return found == STORE_BODY_NO_ROW ? gone(id, attempt, e) : store_body_fail(s, b, found, message, e);
}

bool store_get_body(struct store *s, int64_t id, int attempt, uint64_t from, uint64_t len, struct buffer *out,
		    struct error *e)
{
	struct store_body b = { .fd = -1 };
	bool fine = open_body(s, id, attempt, &b, e);
	uint64_t left = fine && from < b.len ? b.len - from : 0;
	fine =
	    fine && append_body(s, &b, store_message_id(id, attempt), from, (size_t)(len < left ? len : left), out, e);
	store_body_close(&b);
	return fine;
}

bool store_walk_body(struct store *s, int64_t id, int attempt, uint64_t from, uint64_t len,
		     bool (*take)(void *user, struct bytes piece, uint64_t at, struct error *e), void *user,
		     struct error *e)
{
	struct store_body b = { .fd = -1 };
	struct buffer piece = { 0 };
	bool fine = open_body(s, id, attempt, &b, e);
	uint64_t end = !fine || from >= b.len ? from : len < b.len - from ? from + len : b.len;
	for (uint64_t at = from; fine && at < end; at += piece.len) {
		piece.len = 0;
		size_t most = end - at < PIECE ? (size_t)(end - at) : PIECE;
		fine = !store_stopped(s, e) && append_body(s, &b, store_message_id(id, attempt), at, most, &piece, e) &&
		       take(user, buffer_view(&piece), at, e);
	}
	buffer_free(&piece);
	store_body_close(&b);
	return fine;
}

void store_part_free(struct store_part *p)
{
	buffer_free(&p->headers);
	buffer_free(&p->trailers);
	buffer_free(&p->raw);
	buffer_free(&p->body);
}

bool store_list_replays(struct store *s, int64_t id, int most, void (*replay)(void *user, int64_t id), void *user,
			struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_REPLAYS, e);
	int code;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, most);
	while ((code = sqlite3_step(st)) == SQLITE_ROW)
		replay(user, sqlite3_column_int64(st, 0));
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_set_cache(struct store *s, int kib, struct error *e)
{
	char sql[60];
	snprintf(sql, sizeof sql, "PRAGMA cache_size=-%d", kib);
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, "read", e);
}

bool store_set_relaxed(struct store *s, struct error *e)
{
	return sqlite3_exec(s->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL) == SQLITE_OK ||
	       store_fail(s, "written", e);
}
