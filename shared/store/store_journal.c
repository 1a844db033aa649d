#include "shared/store/store_journal.h"

#include "shared/store/store_private.h"

#include <string.h>
#include <unistd.h>

char *store_journal_path(const char *db, const char *what)
{
	struct buffer b = { 0 };
	size_t len = strlen(db);
	if (len > 3 && strcmp(db + len - 3, ".db") == 0)
		len -= 3;
	if (buffer_append(&b, db, len) && buffer_printf(&b, ".log.%s", what) && buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

char *store_journal_file(const char *db, const char *name, int file)
{
	char what[JOURNAL_NAME_LEN + 20];
	snprintf(what, sizeof what, "%.*s-%d", JOURNAL_NAME_LEN, name, file);
	return store_journal_path(db, what);
}

/* ---- rows ---- */

static bool run_on_name(struct store *s, enum store_statement which, const char *name, int64_t second, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	store_bind_bytes(st, 1, bytes_of(name), false);
	if (sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, second);
	return store_execute(s, st, e);
}

/* The newest journal of this process. Where a network's file system takes locks for those of a process its own would
 * not keep it out. Set before other threads open the store. */
static char own[JOURNAL_NAME_LEN + 1];

bool store_journal_is_own(const char *name)
{
	return strcmp(name, own) == 0;
}

bool store_journal_add(struct store *s, const char *name, struct error *e)
{
	snprintf(own, sizeof own, "%s", name);
	return run_on_name(s, STATEMENT_ADD_JOURNAL, name, (int64_t)getpid(), e);
}

bool store_journal_drop(struct store *s, const char *name, struct error *e)
{
	return run_on_name(s, STATEMENT_DROP_JOURNAL, name, 0, e);
}

bool store_journal_mark(struct store *s, const char *name, uint64_t applied, struct error *e)
{
	return run_on_name(s, STATEMENT_MARK_JOURNAL, name, (int64_t)applied, e);
}

void store_journal_follow(struct store *s, const char *name)
{
	s->journal = name;
	s->applied = s->marked = 0;
}

bool store_journal_next(struct store *s, uint64_t sequence, struct error *e)
{
	if (s->applied + 1 != sequence)
		return error_set(e, EXIT_STORE, "%s does not take what came before", s->path);
	s->applied = sequence;
	return true;
}

bool store_journal_is_refused(struct store *s)
{
	int code = sqlite3_errcode(s->db) & 0xff;
	return code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE || code == SQLITE_CONSTRAINT;
}

/* ---- records ---- */

bool store_journal_find(struct store *s, const uint8_t event_id[UUID_LEN], int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_EVENT, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, event_id, UUID_LEN, SQLITE_STATIC);
	int code = sqlite3_step(st);
	*id = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

static bool run_plain(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	return st && store_execute(s, st, e);
}

bool store_journal_find_begin(struct store *s, struct error *e)
{
	return run_plain(s, STATEMENT_BEGIN_READING, e);
}

void store_journal_find_end(struct store *s)
{
	struct error ignored;
	if (!sqlite3_get_autocommit(s->db) && !run_plain(s, STATEMENT_COMMIT, &ignored))
		(void)run_plain(s, STATEMENT_ROLLBACK, &ignored);
}

static bool has_attempt(struct store *s, int64_t id, int number, bool *has, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_NEXT_ATTEMPT, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	*has = code == SQLITE_ROW && sqlite3_column_int64(st, 0) > number;
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

bool store_journal_apply_attempt(struct store *s, const struct journal_attempt *ja, const struct spill *body,
				 struct error *e)
{
	struct store_attempt a = ja->attempt;
	bool has;
	if (!store_journal_find(s, a.event_id, &a.delivery_id, e))
		return false;
	if (!a.delivery_id)
		return true; /* it was deleted, or never came onto the disk */
	if (!has_attempt(s, a.delivery_id, a.number, &has, e))
		return false;
	if (has)
		return true;
	if (ja->body_apart && body) {
		a.spilled = body;
	} else if (ja->body_apart) {
		a.body = bytes_of(NULL);
		a.cut = ANSWER_CUT_CLIENT_GONE;
	}
	return store_insert_attempt(s, &a, e);
}
