#include "relay/names/tokens_private.h"

#include "shared/base/clock.h"
#include "shared/disk/sqlite_file.h"
#include "shared/http/headers.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_LEN 32
#define SCHEMA_VERSION 2

struct token {
	char name[LIMIT_TOKEN_NAME + 1];
	char tunnels[129];
	uint8_t hash[HASH_LEN];
	bool warning;
};

bool tokens_fail(struct tokens *t, const char *doing, struct error *e)
{
	static const struct sqlite_file_advice advice = {
		.damaged = "it is damaged: put back a copy of it, or move it away and add the tokens again",
		.not_a_database =
		    "it is not a database: put back a copy of it, or move it away and add the tokens again",
		.locked = "another program holds it: try again",
	};
	return sqlite_file_fail(t->db, t->path, doing, &advice, e);
}

static bool exec(struct tokens *t, const char *sql, struct error *e)
{
	return sqlite3_exec(t->db, sql, NULL, NULL, NULL) == SQLITE_OK || tokens_fail(t, "written", e);
}

void tokens_sync_less(struct tokens *t, bool less)
{
	if (!t->unsettled) /* cannot fail outside of a transaction */
		sqlite3_exec(t->db, less ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", NULL, NULL, NULL);
}

bool tokens_read_pragma(struct tokens *t, const char *sql, int64_t *out)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(t->db, sql, -1, &st, NULL) != SQLITE_OK)
		return false;
	bool fine = sqlite3_step(st) == SQLITE_ROW;
	if (fine)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return fine;
}

static bool migrate(struct tokens *t, struct error *e)
{
	int64_t version;
	if (!tokens_read_pragma(t, "PRAGMA user_version", &version))
		return tokens_fail(t, "read", e);
	if (version > SCHEMA_VERSION)
		return error_set(e, EXIT_STORE, "%s was made by a newer creel-relay: use that one", t->path);
	if (version == SCHEMA_VERSION)
		return true;
	/* Two programs may do this at once; the second one finds the version there. */
	if (!exec(t, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE", e))
		return false;
	bool fine = tokens_read_pragma(t, "PRAGMA user_version", &version) || tokens_fail(t, "read", e);
	if (fine && version < 1)
		fine = exec(t,
			    "CREATE TABLE IF NOT EXISTS token (name TEXT PRIMARY KEY, tunnels TEXT NOT NULL, hash BLOB "
			    "NOT NULL,"
			    " created_at INTEGER NOT NULL) STRICT;"
			    "CREATE TABLE IF NOT EXISTS tunnel (name TEXT PRIMARY KEY, owner TEXT NOT NULL,"
			    " created_at INTEGER NOT NULL) STRICT;"
			    "ALTER TABLE tunnel ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;"
			    "UPDATE tunnel SET seen_at = created_at;"
			    "PRAGMA user_version = 1",
			    e);
	if (fine && version < 2)
		fine = exec(t,
			    "ALTER TABLE token ADD COLUMN warning INTEGER NOT NULL DEFAULT 1;" /* --browser-warning */
			    "PRAGMA user_version = 2",
			    e);
	if (fine && exec(t, "COMMIT", e))
		return true;
	sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL); /* the sentence tells what failed first */
	return false;
}

static bool cannot_open(const struct tokens *t, const char *folder, struct error *e)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return error_set(
		    e, EXIT_STORE,
		    "there is no relay's data in %s; name the folder that `creel-relay serve` has with --data", folder);
	return error_set(e, EXIT_STORE, "%s cannot be opened: %s; check the data folder's permissions", t->path,
			 strerror(errno));
}

bool tokens_open(struct tokens **out, const char *folder, bool make, struct error *e)
{
	struct buffer path = { 0 };
	*out = NULL;
	if (make && mkdir(folder, 0700) != 0 && errno != EEXIST)
		return error_set(e, EXIT_STORE, "the data folder %s cannot be made: %s; name another with --data",
				 folder, strerror(errno));
	struct tokens *t = calloc(1, sizeof *t);
	if (!t || !buffer_printf(&path, "%s/relay.db", folder) || !buffer_put_u8(&path, 0)) {
		free(t);
		buffer_free(&path);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	t->path = (char *)path.at;
	t->version = -1;
	int fd = open(t->path, O_RDWR | (make ? O_CREAT : 0) | O_CLOEXEC, 0600);
	if (fd < 0) {
		cannot_open(t, folder, e);
		tokens_close(t);
		return false;
	}
	close(fd);
	bool fine =
	    sqlite3_open_v2(t->path, &t->db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK || tokens_fail(t, "opened", e);
	if (fine) {
		sqlite3_busy_timeout(t->db, 5000);
		sqlite3_db_config(t->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		fine = exec(t, "PRAGMA synchronous=FULL", e) && migrate(t, e);
	}
	/* A token's names are counted each time it takes a new one. Slower without, and no reason not to serve. */
	if (fine && make)
		sqlite3_exec(t->db, "CREATE INDEX IF NOT EXISTS tunnel_by_owner ON tunnel (owner)", NULL, NULL, NULL);
	if (!fine) {
		tokens_close(t);
		return false;
	}
	*out = t;
	return true;
}

void tokens_close(struct tokens *t)
{
	struct error e;
	if (!t)
		return;
	(void)!tokens_settle(t, &e); /* nobody is told of names that are claimed so late */
	sqlite3_close(t->db);
	free(t->list);
	free(t->path);
	free(t);
}

bool tokens_is_known(const struct tokens *t, const char *owner)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].name, owner) == 0)
			return true;
	return false;
}

static bool hash_secret(struct bytes secret, uint8_t out[HASH_LEN])
{
	return EVP_Digest(secret.at, secret.len, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool make_secret(char secret[TOKEN_TEXT_LEN + 1], uint8_t hash[HASH_LEN], struct error *e)
{
	uint8_t random[32];
	if (RAND_bytes(random, sizeof random) != 1)
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	snprintf(secret, TOKEN_TEXT_LEN + 1, "creel_");
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(secret + 6 + 2 * i, 3, "%02x", random[i]);
	OPENSSL_cleanse(random, sizeof random);
	return hash_secret(bytes_of(secret), hash) ||
	       error_set(e, EXIT_STORE, "SHA-256 is not available in this OpenSSL");
}

bool tokens_add(struct tokens *t, const char *name, const char *tunnels, char secret[TOKEN_TEXT_LEN + 1],
		struct error *e)
{
	uint8_t hash[HASH_LEN];
	if (!headers_name_valid(bytes_of(name)) || strlen(name) > LIMIT_TOKEN_NAME)
		return error_set(e, EXIT_USAGE,
				 "a token's name is up to 64 letters, digits, '-', '_' or '.', without blanks");
	if (strlen(tunnels) > 128)
		return error_set(e, EXIT_USAGE, "the pattern of tunnel names is longer than 128 characters");
	for (const char *at = tunnels; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return error_set(e, EXIT_USAGE, "the pattern of tunnel names has a control character in it");
	if (strstr(tunnels, "creel_"))
		return error_set(e, EXIT_USAGE,
				 "the pattern of tunnel names holds a token, and no tunnel is called that");
	if (!make_secret(secret, hash, e))
		return false;
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(t->db, "INSERT INTO token (name, tunnels, hash, created_at) VALUES (?1,?2,?3,?4)", -1,
			       &st, NULL) != SQLITE_OK)
		return tokens_fail(t, "written", e);
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, tunnels, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, hash, HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, (int64_t)clock_now_us());
	int code = sqlite3_step(st);
	sqlite3_finalize(st);
	t->version = -1; /* data_version does not move for our own writes */
	if (code == SQLITE_CONSTRAINT)
		return error_set(e, EXIT_USAGE, "there is a token %s already: revoke it first, or take another name",
				 name);
	return code == SQLITE_DONE || tokens_fail(t, "written", e);
}

/* A statement that changes the token whose name is ?1. */
static sqlite3_stmt *prepare_change(struct tokens *t, const char *sql, const char *name, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(t->db, sql, -1, &st, NULL) != SQLITE_OK) {
		tokens_fail(t, "written", e);
		return NULL;
	}
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	return st;
}

/* Runs and frees it. */
static bool change(struct tokens *t, sqlite3_stmt *st, const char *name, struct error *e)
{
	int code = sqlite3_step(st);
	sqlite3_finalize(st);
	t->version = -1;
	if (code != SQLITE_DONE)
		return tokens_fail(t, "written", e);
	return sqlite3_changes(t->db) > 0 ||
	       error_set(e, EXIT_USAGE, "there is no token %s; `creel-relay token list` shows them", name);
}

bool tokens_set_warning(struct tokens *t, const char *name, bool shown, struct error *e)
{
	sqlite3_stmt *st = prepare_change(t, "UPDATE token SET warning = ?2 WHERE name = ?1", name, e);
	if (!st)
		return false;
	sqlite3_bind_int(st, 2, shown);
	return change(t, st, name, e);
}

bool tokens_rotate(struct tokens *t, const char *name, char secret[TOKEN_TEXT_LEN + 1], struct error *e)
{
	uint8_t hash[HASH_LEN];
	sqlite3_stmt *st = make_secret(secret, hash, e)
			       ? prepare_change(t, "UPDATE token SET hash = ?2 WHERE name = ?1", name, e)
			       : NULL;
	if (!st)
		return false;
	sqlite3_bind_blob(st, 2, hash, HASH_LEN, SQLITE_STATIC);
	return change(t, st, name, e);
}

bool tokens_revoke(struct tokens *t, const char *name, struct error *e)
{
	sqlite3_stmt *st = prepare_change(t, "DELETE FROM token WHERE name = ?1", name, e);
	return st && change(t, st, name, e);
}

bool tokens_list(struct tokens *t, void (*row)(void *user, const struct token_row *), void *user, struct error *e)
{
	sqlite3_stmt *st;
	int code;
	if (sqlite3_prepare_v2(
		t->db,
		"SELECT t.name, t.tunnels, t.created_at, t.warning, count(n.name), coalesce(max(n.seen_at), 0)"
		" FROM token t LEFT JOIN tunnel n ON n.owner = t.name GROUP BY t.name ORDER BY t.name",
		-1, &st, NULL) != SQLITE_OK)
		return tokens_fail(t, "read", e);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0),
			   *tunnels = (const char *)sqlite3_column_text(st, 1);
		struct token_row r = { name ? name : "",
				       tunnels ? tunnels : "",
				       (uint64_t)sqlite3_column_int64(st, 2),
				       sqlite3_column_int(st, 3) != 0,
				       (uint64_t)sqlite3_column_int64(st, 4),
				       (uint64_t)sqlite3_column_int64(st, 5) };
		row(user, &r);
	}
	sqlite3_finalize(st);
	return code == SQLITE_DONE || tokens_fail(t, "read", e);
}

/* Reads the table if it changed. When the file cannot be read, what was known stays. */
static bool refresh(struct tokens *t)
{
	int64_t version;
	sqlite3_stmt *st;
	if (!tokens_read_pragma(t, "PRAGMA data_version", &version))
		return false;
	if (version == t->version)
		return true;
	if (sqlite3_prepare_v2(t->db, "SELECT name, tunnels, hash, warning FROM token", -1, &st, NULL) != SQLITE_OK)
		return false;
	struct token *list = NULL;
	size_t count = 0;
	int code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct token *more = realloc(list, (count + 1) * sizeof *list);
		if (!more)
			break;
		list = more;
		struct token *k = &list[count];
		memset(k, 0, sizeof *k);
		const char *name = (const char *)sqlite3_column_text(st, 0),
			   *tunnels = (const char *)sqlite3_column_text(st, 1);
		const void *hash = sqlite3_column_blob(st, 2);
		if (!name || !tunnels || !hash || sqlite3_column_bytes(st, 2) != HASH_LEN)
			continue;
		snprintf(k->name, sizeof k->name, "%s", name);
		snprintf(k->tunnels, sizeof k->tunnels, "%s", tunnels);
		memcpy(k->hash, hash, HASH_LEN);
		k->warning = sqlite3_column_int(st, 3) != 0;
		count++;
	}
	sqlite3_finalize(st);
	if (code != SQLITE_DONE) {
		free(list);
		return false;
	}
	free(t->list);
	t->list = list;
	t->count = count;
	t->version = version;
	return true;
}

int tokens_count(struct tokens *t)
{
	return refresh(t) ? (int)t->count : -1;
}

static uint64_t stamp_of(const struct token *k)
{
	return bytes_get_u64(k->hash);
}

bool tokens_check(struct tokens *t, struct bytes secret, char owner[65], uint64_t *stamp)
{
	uint8_t hash[HASH_LEN];
	if (!refresh(t) || secret.len != TOKEN_TEXT_LEN || !hash_secret(secret, hash))
		return false;
	bool found = false;
	/* Compares all of them, so that the time does not tell which one matched. */
	for (size_t i = 0; i < t->count; i++) {
		if (CRYPTO_memcmp(t->list[i].hash, hash, HASH_LEN) == 0) {
			snprintf(owner, 65, "%s", t->list[i].name);
			*stamp = stamp_of(&t->list[i]);
			found = true;
		}
	}
	return found;
}

bool tokens_has(struct tokens *t, const char *owner, uint64_t stamp)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].name, owner) == 0)
			return stamp_of(&t->list[i]) == stamp;
	return false;
}

bool tokens_wants_warning(struct tokens *t, const char *owner)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].name, owner) == 0)
			return t->list[i].warning;
	return true;
}

bool tokens_may_hold(const struct tokens *t, const char *owner, const char *tunnel)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->list[i].name, owner) == 0)
			return fnmatch(t->list[i].tunnels, tunnel, 0) == 0;
	return *owner == 0; /* no tokens: loopback only, all names are everybody's */
}
