#include "shared/store/store_signing.h"

#include "shared/store/store_private.h"

bool store_ask_signing(struct store *s, const struct signing *asked, int64_t pid, uint64_t now_us, int64_t *id,
		       struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_ASK_SIGNING, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)now_us);
	sqlite3_bind_int64(st, 2, pid);
	sqlite3_bind_int(st, 3, (int)asked->wish);
	store_bind_bytes(st, 4, asked->provider, false);
	store_bind_bytes(st, 5, asked->method, false);
	store_bind_bytes(st, 6, asked->url, false);
	store_bind_bytes(st, 7, asked->headers, true);
	store_bind_bytes(st, 8, asked->body, true);
	if (!store_execute(s, st, e))
		return false;
	*id = sqlite3_last_insert_rowid(s->db);
	return true;
}

bool store_next_signing(struct store *s, int64_t pid, uint64_t since_us, int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_NEXT_SIGNING, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, pid);
	sqlite3_bind_int64(st, 2, (int64_t)since_us);
	int code = sqlite3_step(st);
	*id = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

static struct bytes column(sqlite3_stmt *st, int index)
{
	const void *at = sqlite3_column_blob(st, index); /* the order of these two calls matters to SQLite */
	int len = sqlite3_column_bytes(st, index);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_make(NULL, 0);
}

static enum signing_state state_of(int64_t number)
{
	return number == SIGNING_ASKED || number == SIGNING_DONE ? (enum signing_state)number : SIGNING_FAILED;
}

bool store_get_signing(struct store *s, int64_t id, void (*row)(void *user, const struct signing *), void *user,
		       bool *found, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_SIGNING, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	*found = code == SQLITE_ROW;
	if (*found) {
		struct signing one = {
			.wish = sqlite3_column_int64(st, 0) == SIGNING_SIGN ? SIGNING_SIGN : SIGNING_JUDGE,
			.state = state_of(sqlite3_column_int64(st, 1)),
			.provider = column(st, 2),
			.method = column(st, 3),
			.url = column(st, 4),
			.headers = column(st, 5),
			.body = column(st, 6),
			.verdict = column(st, 7),
			.error = column(st, 8),
		};
		row(user, &one);
	}
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_get_signing_state(struct store *s, int64_t id, enum signing_state *state, bool *found, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_SIGNING_STATE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	*found = code == SQLITE_ROW;
	if (*found)
		*state = state_of(sqlite3_column_int64(st, 0));
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_answer_signing(struct store *s, int64_t id, const struct signing *answer, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_ANSWER_SIGNING, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, (int)answer->state);
	store_bind_bytes(st, 3, answer->headers, true);
	store_bind_bytes(st, 4, answer->body, true);
	store_bind_bytes(st, 5, answer->verdict, false);
	store_bind_bytes(st, 6, answer->error, false);
	return store_execute(s, st, e);
}

bool store_drop_signing(struct store *s, int64_t id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_SIGNING, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	return store_execute(s, st, e);
}

bool store_drop_old_signings(struct store *s, uint64_t before_us, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_OLD_SIGNINGS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)before_us);
	return store_execute(s, st, e);
}
