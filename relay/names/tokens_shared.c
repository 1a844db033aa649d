/* What a node of a cluster tells the others of its tokens. The table `token` stays what `creel-relay token …` and the
 * checks of secrets use; `cluster_token` is what the cluster was told of it, so that a token that is missing from the
 * one and good in the other was revoked here. A relay without a cluster has neither table and needs none. */
#include "relay/names/tokens_private.h"
#include "shared/base/clock.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_LEN 32

static bool run(struct tokens *t, const char *sql, struct error *e)
{
	return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK || tokens_fail(t, "written", e);
}

static bool prepare(struct tokens *t, const char *sql, sqlite3_stmt **out, struct error *e)
{
	return sqlite3_prepare_v2(t->db, sql, -1, out, NULL) == SQLITE_OK || tokens_fail(t, "read", e);
}

static bool finish(struct tokens *t, sqlite3_stmt *st, struct error *e)
{
	int code = sqlite3_step(st);
	sqlite3_finalize(st);
	return code == SQLITE_DONE || tokens_fail(t, "written", e);
}

/* ---- the node's id ---- */

static bool read_id(struct tokens *t, uint8_t id[TOKENS_NODE_ID_LEN], struct error *e)
{
	sqlite3_stmt *st;
	if (!prepare(t, "SELECT id FROM cluster_node", &st, e))
		return false;
	bool fine = sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 0) == TOKENS_NODE_ID_LEN;
	if (fine)
		memcpy(id, sqlite3_column_blob(st, 0), TOKENS_NODE_ID_LEN);
	sqlite3_finalize(st);
	return fine || error_set(e, EXIT_STORE, "the node's id in %s cannot be read", t->path);
}

bool tokens_shared_open(struct tokens *t, uint8_t node_id[TOKENS_NODE_ID_LEN], struct error *e)
{
	uint8_t fresh[TOKENS_NODE_ID_LEN];
	sqlite3_stmt *st;
	if (RAND_bytes(fresh, sizeof fresh) != 1)
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	if (!run(t,
		 "CREATE TABLE IF NOT EXISTS cluster_node (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL) "
		 "STRICT;"
		 "CREATE TABLE IF NOT EXISTS cluster_token (name TEXT PRIMARY KEY, tunnels TEXT NOT NULL,"
		 " hash BLOB NOT NULL, created_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL) STRICT",
		 e) ||
	    !prepare(t, "INSERT OR IGNORE INTO cluster_node (one, id) VALUES (1, ?1)", &st, e))
		return false;
	sqlite3_bind_blob(st, 1, fresh, sizeof fresh, SQLITE_STATIC);
	return finish(t, st, e) && read_id(t, node_id, e);
}

/* ---- what is known ---- */

static bool put_known(struct tokens *t, const struct token_shared *k, struct error *e)
{
	sqlite3_stmt *st;
	if (!prepare(t,
		     "INSERT OR REPLACE INTO cluster_token (name, tunnels, hash, created_at, revoked_at)"
		     " VALUES (?1,?2,?3,?4,?5)",
		     &st, e))
		return false;
	sqlite3_bind_text(st, 1, k->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, k->tunnels, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, k->hash, HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, (int64_t)k->created_at_us);
	sqlite3_bind_int64(st, 5, (int64_t)k->revoked_at_us);
	return finish(t, st, e);
}

/* Reads a row: name, tunnels, hash and times, from column `at` on. False: this program did not write it. */
static bool take_row(sqlite3_stmt *st, int at, struct token_shared *out)
{
	const char *name = (const char *)sqlite3_column_text(st, at),
		   *tunnels = (const char *)sqlite3_column_text(st, at + 1);
	const void *hash = sqlite3_column_blob(st, at + 2);
	memset(out, 0, sizeof *out);
	if (!name || !tunnels || !hash || sqlite3_column_bytes(st, at + 2) != HASH_LEN ||
	    strlen(name) >= sizeof out->name || strlen(tunnels) >= sizeof out->tunnels)
		return false;
	snprintf(out->name, sizeof out->name, "%s", name);
	snprintf(out->tunnels, sizeof out->tunnels, "%s", tunnels);
	memcpy(out->hash, hash, HASH_LEN);
	out->created_at_us = (uint64_t)sqlite3_column_int64(st, at + 3);
	return true;
}

struct changes {
	struct token_shared *at;
	size_t count;
};

static bool add_change(struct changes *c, const struct token_shared *k)
{
	struct token_shared *more = realloc(c->at, (c->count + 1) * sizeof *more);
	if (!more)
		return false;
	c->at = more;
	c->at[c->count++] = *k;
	return true;
}

/* What the cluster is to be told of a token that is here; `known` is what it was told last, NULL: nothing. False: it
 * knows all. A secret that is new has a later time than the one before, whatever the clocks of the nodes say. */
static bool is_news(struct token_shared *here, const struct token_shared *known)
{
	if (!known)
		return true;
	bool same = memcmp(here->hash, known->hash, HASH_LEN) == 0;
	if (same && !known->revoked_at_us && strcmp(here->tunnels, known->tunnels) == 0)
		return false;
	if (here->created_at_us <= known->created_at_us)
		here->created_at_us = known->created_at_us + 1;
	/* A hash that was revoked stays revoked, also where an old copy of relay.db was put back. */
	if (same && known->revoked_at_us)
		*here = *known;
	return true;
}

static bool find_added(struct tokens *t, struct changes *c, struct error *e)
{
	sqlite3_stmt *st;
	int code;
	bool fine = true;
	if (!prepare(t,
		     "SELECT a.name, a.tunnels, a.hash, a.created_at, b.name, b.tunnels, b.hash, b.created_at,"
		     " b.revoked_at FROM token a LEFT JOIN cluster_token b ON a.name = b.name",
		     &st, e))
		return false;
	while (fine && (code = sqlite3_step(st)) == SQLITE_ROW) {
		struct token_shared here, known;
		bool has = sqlite3_column_type(st, 4) != SQLITE_NULL && take_row(st, 4, &known);
		if (!take_row(st, 0, &here))
			continue;
		if (has)
			known.revoked_at_us = (uint64_t)sqlite3_column_int64(st, 8);
		fine = !is_news(&here, has ? &known : NULL) || add_change(c, &here);
	}
	sqlite3_finalize(st);
	return (fine && code == SQLITE_DONE) || tokens_fail(t, "read", e);
}

static bool find_revoked(struct tokens *t, struct changes *c, struct error *e)
{
	sqlite3_stmt *st;
	int code;
	bool fine = true;
	if (!prepare(t,
		     "SELECT name, tunnels, hash, created_at FROM cluster_token"
		     " WHERE revoked_at = 0 AND name NOT IN (SELECT name FROM token)",
		     &st, e))
		return false;
	while (fine && (code = sqlite3_step(st)) == SQLITE_ROW) {
		struct token_shared k;
		if (!take_row(st, 0, &k))
			continue;
		k.revoked_at_us = clock_now_us();
		fine = add_change(c, &k);
	}
	sqlite3_finalize(st);
	return (fine && code == SQLITE_DONE) || tokens_fail(t, "read", e);
}

static bool report(struct tokens *t, void (*row)(void *user, const struct token_shared *k), void *user, struct error *e)
{
	sqlite3_stmt *st;
	int code;
	if (!prepare(t, "SELECT name, tunnels, hash, created_at, revoked_at FROM cluster_token", &st, e))
		return false;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct token_shared k;
		if (!take_row(st, 0, &k))
			continue;
		k.revoked_at_us = (uint64_t)sqlite3_column_int64(st, 4);
		row(user, &k);
	}
	sqlite3_finalize(st);
	return code == SQLITE_DONE || tokens_fail(t, "read", e);
}

static bool forget_past(struct tokens *t, struct error *e)
{
	sqlite3_stmt *st;
	if (!prepare(t, "DELETE FROM cluster_token WHERE revoked_at > 0 AND revoked_at < ?1", &st, e))
		return false;
	sqlite3_bind_int64(st, 1, (int64_t)(clock_now_us() - TOKENS_REVOKED_US));
	return finish(t, st, e);
}

bool tokens_shared_update(struct tokens *t, void (*row)(void *user, const struct token_shared *k), void *user,
			  struct error *e)
{
	struct changes c = { 0 };
	bool fine = find_added(t, &c, e) && find_revoked(t, &c, e) && forget_past(t, e);
	for (size_t i = 0; fine && i < c.count; i++)
		fine = c.at[i].revoked_at_us ? tokens_shared_take(t, &c.at[i], e) : put_known(t, &c.at[i], e);
	fine = fine && report(t, row, user, e);
	free(c.at);
	return fine;
}

/* The row of `token` that follows from what is known. */
static bool put_here(struct tokens *t, const struct token_shared *k, struct error *e)
{
	sqlite3_stmt *st;
	const char *sql = k->revoked_at_us
			      ? "DELETE FROM token WHERE name = ?1"
			      : "INSERT INTO token (name, tunnels, hash, created_at) VALUES (?1,?2,?3,?4)"
				" ON CONFLICT (name) DO UPDATE SET tunnels = ?2, hash = ?3, created_at = ?4";
	if (!prepare(t, sql, &st, e))
		return false;
	sqlite3_bind_text(st, 1, k->name, -1, SQLITE_STATIC);
	if (!k->revoked_at_us) {
		sqlite3_bind_text(st, 2, k->tunnels, -1, SQLITE_STATIC);
		sqlite3_bind_blob(st, 3, k->hash, HASH_LEN, SQLITE_STATIC);
		sqlite3_bind_int64(st, 4, (int64_t)k->created_at_us);
	}
	return finish(t, st, e);
}

bool tokens_shared_take(struct tokens *t, const struct token_shared *k, struct error *e)
{
	const bool within = t->unsettled;
	if (!run(t, within ? "SAVEPOINT taken" : "BEGIN IMMEDIATE", e))
		return false;
	bool fine = put_known(t, k, e) && put_here(t, k, e) && run(t, within ? "RELEASE taken" : "COMMIT", e);
	if (!fine) /* the sentence tells what failed first */
		sqlite3_exec(t->db, within ? "ROLLBACK TO taken; RELEASE taken" : "ROLLBACK", NULL, NULL, NULL);
	t->version = -1; /* data_version does not move for our own writes */
	return fine;
}

bool tokens_shared_own(struct tokens *t, const char *tunnel, const char *owner, uint64_t claimed_at_us, struct error *e)
{
	sqlite3_stmt *st;
	bool fine = false;
	/* It can be read again where it comes from: it needs no sync. */
	tokens_sync_less(t, true);
	if (prepare(t,
		    "INSERT INTO tunnel (name, owner, created_at, seen_at) VALUES (?1,?2,?3,?4) ON CONFLICT (name)"
		    " DO UPDATE SET owner = ?2, created_at = ?3, seen_at = ?4 WHERE owner <> ?2 OR created_at <> ?3",
		    &st, e)) {
		sqlite3_bind_text(st, 1, tunnel, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, owner, -1, SQLITE_STATIC);
		sqlite3_bind_int64(st, 3, (int64_t)claimed_at_us);
		sqlite3_bind_int64(st, 4, (int64_t)clock_now_us());
		fine = finish(t, st, e);
	}
	tokens_sync_less(t, false);
	return fine;
}
