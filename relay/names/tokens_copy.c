/* Tokens and their tunnel names for a backup, and out of one. */
#include "relay/names/tokens_private.h"
#include "shared/disk/sqlite_row.h"

static const char select_tokens[] = "SELECT name, tunnels, hash, created_at, warning FROM token";
static const char insert_tokens[] =
    "INSERT OR IGNORE INTO token (name, tunnels, hash, created_at, warning) VALUES (?1,?2,?3,?4,?5)";
static const char select_names[] = "SELECT name, owner, created_at, seen_at FROM tunnel";
static const char insert_names[] =
    "INSERT OR IGNORE INTO tunnel (name, owner, created_at, seen_at) VALUES (?1,?2,?3,?4)";

static bool copy(struct tokens *t, sqlite3 *from, sqlite3 *to, const char *path, uint64_t counts[2], struct error *e)
{
	sqlite3 *failed;
	if (sqlite_row_copy(from, select_tokens, to, insert_tokens, &counts[0], &failed) &&
	    sqlite_row_copy(from, select_names, to, insert_names, &counts[1], &failed))
		return true;
	const char *doing = failed == to ? "written" : "read";
	return failed == t->db ? tokens_fail(t, doing, e)
			       : error_set(e, EXIT_STORE, "%s cannot be %s: %s", path, doing, sqlite3_errmsg(failed));
}

bool tokens_save(struct tokens *t, sqlite3 *to, const char *path, uint64_t *tokens, uint64_t *names, struct error *e)
{
	uint64_t counts[2] = { 0 };
	bool fine = copy(t, t->db, to, path, counts, e);
	*tokens = counts[0];
	*names = counts[1];
	return fine;
}

bool tokens_merge(struct tokens *t, sqlite3 *from, const char *path, uint64_t *tokens, uint64_t *names, struct error *e)
{
	uint64_t counts[2] = { 0 };
	if (sqlite3_exec(t->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return tokens_fail(t, "written", e);
	bool fine = copy(t, from, t->db, path, counts, e) &&
		    (sqlite3_exec(t->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK || tokens_fail(t, "written", e));
	if (!fine)
		sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL); /* the sentence tells what failed first */
	*tokens = counts[0];
	*names = counts[1];
	return fine;
}
