/* The tunnel names that tokens own. */
#include <stdio.h>
#include <string.h>

#include "relay/names/tokens_private.h"
#include "shared/base/clock.h"

/* A query with the text as ?1 (NULL: none); NULL on failure. The caller finalizes it. */
static sqlite3_stmt *ask(struct tokens *t, const char *sql, const char *first)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(t->db, sql, -1, &st, NULL) != SQLITE_OK)
		return NULL;
	if (first)
		sqlite3_bind_text(st, 1, first, -1, SQLITE_STATIC);
	return st;
}

static enum claim may_own_one_more(struct tokens *t, const char *owner, const char *tunnel, int64_t most)
{
	enum claim result = CLAIM_ERROR;
	sqlite3_stmt *st = ask(t, "SELECT count(*), total(name = ?2) FROM tunnel WHERE owner = ?1", owner);
	if (!st)
		return CLAIM_ERROR;
	sqlite3_bind_text(st, 2, tunnel, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW)
		result = sqlite3_column_int64(st, 0) < most || sqlite3_column_double(st, 1) > 0 ? CLAIM_OK : CLAIM_FULL;
	sqlite3_finalize(st);
	return result;
}

enum claim tokens_ask(struct tokens *t, const char *owner, const char *tunnel, int64_t most)
{
	char now_owner[65];
	if (!tokens_may_hold(t, owner, tunnel))
		return CLAIM_FORBIDDEN;
	switch (tokens_owner_of(t, tunnel, now_owner)) {
	case NAME_OWNED:
		if (*now_owner && strcmp(now_owner, owner) != 0 && tokens_is_known(t, now_owner))
			return CLAIM_TAKEN;
		break;
	case NAME_FREE:
		break;
	case NAME_UNREADABLE:
		return CLAIM_ERROR;
	}
	return most && *owner ? may_own_one_more(t, owner, tunnel, most) : CLAIM_OK;
}

/* A sync for each name would hold up all that come at once, as after the end of another node. */
static bool begin_batch(struct tokens *t)
{
	if (!t->unsettled)
		t->unsettled = sqlite3_exec(t->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
	return t->unsettled;
}

bool tokens_is_unsettled(const struct tokens *t)
{
	return t->unsettled;
}

bool tokens_settle(struct tokens *t, struct error *e)
{
	if (!t->unsettled)
		return true;
	t->unsettled = false;
	/* SQLite ends a transaction by itself where a write fails badly. */
	const bool whole = !sqlite3_get_autocommit(t->db);
	if (whole && sqlite3_exec(t->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	tokens_fail(t, "written", e);
	if (whole)
		sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL); /* the sentence tells what failed first */
	return false;
}

/* A name that its owner takes up again. Nothing is lost where the moment of it is: it needs no sync, and a full disk
 * turns nobody away who is known. */
static void take_up(struct tokens *t, const char *tunnel)
{
	tokens_sync_less(t, true);
	sqlite3_stmt *st = ask(t, "UPDATE tunnel SET seen_at = ?2 WHERE name = ?1", tunnel);
	if (st && sqlite3_bind_int64(st, 2, (int64_t)clock_now_us()) == SQLITE_OK)
		sqlite3_step(st);
	sqlite3_finalize(st);
	tokens_sync_less(t, false);
}

enum claim tokens_claim(struct tokens *t, const char *owner, const char *tunnel, int64_t most)
{
	enum claim result = CLAIM_ERROR;
	char now_owner[65];
	if (!tokens_may_hold(t, owner, tunnel))
		return CLAIM_FORBIDDEN;
	if (tokens_owner_of(t, tunnel, now_owner) == NAME_OWNED && strcmp(now_owner, owner) == 0)
		return take_up(t, tunnel), CLAIM_OK;
	sqlite3_stmt *st =
	    ask(t,
		"INSERT INTO tunnel (name, owner, created_at, seen_at) VALUES (?1,?2,?3,?3) ON CONFLICT (name)"
		" DO UPDATE SET owner = ?2, seen_at = ?3 WHERE owner = ?2 OR owner = '' OR owner NOT IN (SELECT "
		"name FROM token)",
		tunnel);
	if (!st)
		return CLAIM_ERROR;
	/* That the name is another's is said before that the token has too many: freeing one would not help. */
	enum claim bound = most && *owner ? may_own_one_more(t, owner, tunnel, most) : CLAIM_OK;
	if (bound == CLAIM_FULL && tokens_owner_of(t, tunnel, now_owner) == NAME_OWNED && *now_owner &&
	    tokens_is_known(t, now_owner))
		bound = CLAIM_TAKEN;
	if (bound != CLAIM_OK) {
		sqlite3_finalize(st);
		return bound;
	}
	sqlite3_bind_text(st, 2, owner, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (int64_t)clock_now_us());
	if (begin_batch(t) && sqlite3_step(st) == SQLITE_DONE)
		result = sqlite3_changes(t->db) > 0 ? CLAIM_OK : CLAIM_TAKEN;
	sqlite3_finalize(st);
	return result;
}

enum name_state tokens_owner_of(struct tokens *t, const char *tunnel, char owner[65])
{
	sqlite3_stmt *st = ask(t, "SELECT owner FROM tunnel WHERE name = ?1", tunnel);
	int code = st ? sqlite3_step(st) : SQLITE_ERROR;
	const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
	if (text)
		snprintf(owner, 65, "%s", text);
	enum name_state state = text ? NAME_OWNED : code == SQLITE_DONE ? NAME_FREE : NAME_UNREADABLE;
	sqlite3_finalize(st);
	return state;
}

uint64_t tokens_claimed_at(struct tokens *t, const char *tunnel)
{
	sqlite3_stmt *st = ask(t, "SELECT created_at FROM tunnel WHERE name = ?1", tunnel);
	uint64_t at = st && sqlite3_step(st) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	sqlite3_finalize(st);
	return at;
}

bool tokens_forget_name(struct tokens *t, const char *tunnel, struct error *e)
{
	sqlite3_stmt *st = ask(t, "DELETE FROM tunnel WHERE name = ?1", tunnel);
	bool fine = st && sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	return fine || tokens_fail(t, "written", e);
}

bool tokens_free_name(struct tokens *t, const char *tunnel, struct error *e)
{
	if (!tokens_forget_name(t, tunnel, e))
		return false;
	return sqlite3_changes(t->db) > 0 ||
	       error_set(e, EXIT_USAGE, "nobody owns a tunnel %.64s; `creel-relay token names` shows those owned",
			 tunnel);
}

bool tokens_list_names(struct tokens *t, const char *owner, void (*row)(void *user, const struct name_row *),
		       void *user, struct error *e)
{
	int code = SQLITE_ERROR;
	if (owner && (tokens_count(t) < 0 || !tokens_is_known(t, owner)))
		return error_set(e, EXIT_USAGE, "there is no token %.64s; `creel-relay token list` shows them", owner);
	sqlite3_stmt *st = ask(t,
			       "SELECT name, owner, created_at, seen_at FROM tunnel WHERE ?1 IS NULL OR owner = ?1"
			       " ORDER BY owner, name",
			       owner);
	while (st && (code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0),
			   *owned_by = (const char *)sqlite3_column_text(st, 1);
		struct name_row r = { name ? name : "", owned_by ? owned_by : "", (uint64_t)sqlite3_column_int64(st, 2),
				      (uint64_t)sqlite3_column_int64(st, 3) };
		row(user, &r);
	}
	sqlite3_finalize(st);
	return code == SQLITE_DONE || tokens_fail(t, "read", e);
}

bool tokens_changed_elsewhere(struct tokens *t, int64_t *seen)
{
	int64_t version;
	if (!tokens_read_pragma(t, "PRAGMA data_version", &version) || version == *seen)
		return false;
	*seen = version;
	return true;
}

bool tokens_recall_tunnels(struct tokens *t, bool (*row)(void *user, const char *name), void *user, struct error *e)
{
	int code = SQLITE_ERROR;
	sqlite3_stmt *st = ask(t, "DELETE FROM tunnel WHERE seen_at < ?1", NULL);
	if (st) {
		sqlite3_bind_int64(st, 1, (int64_t)clock_now_us() - INT64_C(1000000) * LIMIT_NAME_UNUSED);
		code = sqlite3_step(st);
	}
	sqlite3_finalize(st);
	if (code != SQLITE_DONE)
		return tokens_fail(t, "written", e);
	bool fine = true;
	st = ask(t, "SELECT name FROM tunnel", NULL);
	while (st && fine && (code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		fine = name && row(user, name);
	}
	sqlite3_finalize(st);
	if (!fine)
		return error_set(e, EXIT_STORE, "out of memory");
	return (st && code == SQLITE_DONE) || tokens_fail(t, "read", e);
}
