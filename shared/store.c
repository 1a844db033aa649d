/* Opening, migrating and writing the client's record; reading it is store_query.c. */
#include "shared/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMA_VERSION 1
#define APPLICATION_ID 0x6372656c
#define BUSY_TIMEOUT_MS 5000

extern const char store_schema_sql[]; /* shared/store.sql, compiled in */

#define DELIVERY_COLUMNS                                                                                               \
	"id, event_id, received_at, origin, state, replay_of, status, status_class, took_us, attempts, request_bytes, "   \
	"response_bytes, tunnel, method, target, path, peer, provider, event_type, signature"

static const char *const statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_INSERT_DELIVERY] =
		"INSERT INTO delivery (event_id, tunnel, received_at, method, target, path, prefix, peer, https, has_body,"
		" provider, event_type, signature, state, status, status_class, attempts, request_bytes, response_bytes, origin,"
		" replay_of) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?19,?13,?14,?15,0,?16,0,?17,?18)"
		" ON CONFLICT (event_id) DO NOTHING",
	[STATEMENT_FIND_EVENT] = "SELECT id FROM delivery WHERE event_id = ?1",
	[STATEMENT_INSERT_MESSAGE] =
		"INSERT INTO message (delivery_id, attempt_id, headers, trailers, body) VALUES (?1,?2,?3,?4,?5)",
	[STATEMENT_INSERT_ATTEMPT] =
		"INSERT INTO attempt (delivery_id, number, started_at, result, status, url, reason, error, connect_us,"
		" first_byte_us, total_us, response_bytes)"
		" SELECT id, attempts + 1, ?2,?3,?4,?5,?6,?7,?8,?9,?10,?11 FROM delivery WHERE id = ?1",
	[STATEMENT_SUMMARISE] = "UPDATE delivery SET state = ?2, status = ?3, status_class = ?4, took_us = ?5,"
				" response_bytes = ?6, attempts = attempts + 1 WHERE id = ?1",
	[STATEMENT_SET_STATE] = "UPDATE delivery SET state = ?2 WHERE id = ?1",
	[STATEMENT_PUT_STATUS] =
		"INSERT OR REPLACE INTO client (pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url,"
		" tunnel, target) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)",
	[STATEMENT_DROP_STATUS] = "DELETE FROM client WHERE pid = ?1",
	[STATEMENT_LIST] = "SELECT " DELIVERY_COLUMNS " FROM (SELECT * FROM delivery WHERE id < ?1 ORDER BY id DESC LIMIT ?2)"
			   " ORDER BY id",
	[STATEMENT_GET] = "SELECT " DELIVERY_COLUMNS " FROM delivery WHERE id = ?1",
	[STATEMENT_LAST] = "SELECT id FROM delivery WHERE origin <> 2 AND state <> 5 ORDER BY id DESC LIMIT 1",
	[STATEMENT_UNFINISHED] = "SELECT " DELIVERY_COLUMNS
				 " FROM delivery WHERE state IN (0, 1) AND origin IN (0, 1) ORDER BY id",
	[STATEMENT_FIND_PREFIX] = "SELECT id FROM delivery WHERE event_id >= ?1 AND event_id <= ?2 LIMIT 2",
	[STATEMENT_GET_REQUEST] =
		"SELECT m.headers, m.trailers, m.body, d.request_bytes, d.has_body, d.https FROM message m"
		" JOIN delivery d ON d.id = m.delivery_id WHERE m.delivery_id = ?1 AND m.attempt_id = 0",
	[STATEMENT_LIST_ATTEMPTS] =
		"SELECT id, number, started_at, result, status, connect_us, first_byte_us, total_us, response_bytes, url,"
		" reason, error FROM attempt WHERE delivery_id = ?1 ORDER BY number",
	[STATEMENT_GET_RESPONSE] =
		"SELECT m.headers, m.trailers, m.body, a.response_bytes FROM attempt a JOIN message m"
		" ON m.delivery_id = a.delivery_id AND m.attempt_id = a.id WHERE a.delivery_id = ?1"
		" AND (a.number = ?2 OR ?2 = 0) ORDER BY a.number DESC LIMIT 1",
	[STATEMENT_LIST_STATUS] = "SELECT pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url, tunnel,"
				  " target FROM client ORDER BY started_at",
	[STATEMENT_VERSION] = "PRAGMA data_version",
};

static const char *advice(int code, bool closed_folder)
{
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
		return "it is damaged: move it away (creel makes a new one) or repair it with sqlite3's .recover";
	case SQLITE_NOTADB:
		return "it is not a database of creel: name another with --db, or move it away";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "it may not be written: check its owner and permissions";
	case SQLITE_FULL:
		return "the disk is full: make room, nothing was half written";
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "another program holds it: try again";
	case SQLITE_CANTOPEN:
		return closed_folder ? "check the folder and its permissions" : "check its permissions";
	case SQLITE_IOERR:
		return "the disk reported an error";
	default:
		return NULL;
	}
}

bool store_fail(struct store *s, const char *doing, struct error *e)
{
	int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
	const char *what = advice(code, true);
	return error_set(e, EXIT_STORE, "%s cannot be %s: %s (%s)", s->path, doing,
	                 what ? what : "SQLite reported an error", s->db ? sqlite3_errmsg(s->db) : "out of memory");
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt **st = &s->statements[which];
	if (!*st && sqlite3_prepare_v3(s->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
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

/* Runs a statement that gives no rows. */
static bool run(struct store *s, sqlite3_stmt *st, struct error *e)
{
	int code = sqlite3_step(st);
	bool fine = code == SQLITE_DONE || code == SQLITE_ROW || store_fail(s, "written", e);
	sqlite3_reset(st);
	return fine;
}

static bool run_plain(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	return st && run(s, st, e);
}

static bool begin_batch(void *db, struct error *e)
{
	return run_plain(db, STATEMENT_BEGIN, e);
}

static bool commit_batch(void *db, struct error *e)
{
	return run_plain(db, STATEMENT_COMMIT, e);
}

static void rollback_batch(void *db)
{
	struct store *s = db;
	/* SQLite rolls back by itself after a full disk or an I/O error. */
	if (!sqlite3_get_autocommit(s->db)) {
		struct error ignored;
		bool fine = run_plain(s, STATEMENT_ROLLBACK, &ignored);
		(void)fine;
	}
}

const struct batch_ops store_batch_ops = { begin_batch, commit_batch, rollback_batch };

/* Makes every folder of the path's front, 0700; those that are there stay as they are. */
static bool make_folders(const char *path, struct error *e)
{
	char *copy = strdup(path);
	if (!copy)
		return error_set(e, EXIT_STORE, "out of memory");
	bool fine = true;
	for (char *slash = strchr(copy + 1, '/'); slash && fine; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(copy, 0700) != 0 && errno != EEXIST)
			fine = error_set(e, EXIT_STORE, "the folder %s cannot be made: %s", copy, strerror(errno));
		*slash = '/';
	}
	free(copy);
	return fine;
}

char *store_default_path(struct error *e)
{
	const char *base = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	struct buffer path = { 0 };
	bool fine = base && *base == '/' ? buffer_printf(&path, "%s/creel/creel.db", base)
	                                 : home && *home && buffer_printf(&path, "%s/.local/share/creel/creel.db", home);
	if (!fine || !buffer_put_u8(&path, 0)) {
		error_set(e, EXIT_STORE, "there is no place for the store: HOME is not set; name a file with --db");
		buffer_free(&path);
		return NULL;
	}
	return (char *)path.at;
}

static bool exec(struct store *s, const char *sql, const char *doing, struct error *e)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, doing, e);
}

static bool read_pragma(struct store *s, const char *sql, int64_t *out, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return store_fail(s, "read", e);
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return code == SQLITE_ROW || store_fail(s, "read", e);
}

static bool migrate(struct store *s, enum store_mode mode, struct error *e)
{
	int64_t version = 0, application = 0;
	if (!read_pragma(s, "PRAGMA user_version", &version, e) || !read_pragma(s, "PRAGMA application_id", &application, e))
		return false;
	if (version > SCHEMA_VERSION)
		return error_set(e, EXIT_STORE, "%s is of a newer creel (schema %d, this one knows %d): update creel", s->path,
		                 (int)version, SCHEMA_VERSION);
	if (version == SCHEMA_VERSION)
		return application == APPLICATION_ID ||
		       error_set(e, EXIT_STORE, "%s is a database of another program: name another with --db", s->path);
	int64_t tables = 0;
	if (!read_pragma(s, "SELECT count(*) FROM sqlite_schema", &tables, e))
		return false;
	if (tables > 0)
		return error_set(e, EXIT_STORE, "%s is a database of another program: name another with --db", s->path);
	if (mode == STORE_READ_ONLY)
		return error_set(e, EXIT_STORE, "%s holds no deliveries yet: start `creel listen`", s->path);
	if (!exec(s, "PRAGMA journal_mode=WAL; BEGIN IMMEDIATE", "written", e))
		return false;
	/* Two clients may start at once: the second finds the work done. */
	if (!read_pragma(s, "PRAGMA user_version", &version, e))
		return false;
	char finish[100];
	snprintf(finish, sizeof finish, "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT", APPLICATION_ID,
	         SCHEMA_VERSION);
	if (version == SCHEMA_VERSION)
		return exec(s, "COMMIT", "written", e);
	return exec(s, store_schema_sql, "written", e) && exec(s, finish, "written", e);
}

static bool open_file(struct store *s, enum store_mode mode, struct error *e)
{
	if (mode == STORE_READ_WRITE) {
		/* Made by us, so that no umask can open it to others; SQLite gives its -wal and -shm the same mode. */
		int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return error_set(e, EXIT_STORE, "%s cannot be opened for writing: %s; check its owner and permissions",
			                 s->path, strerror(errno));
		close(fd);
	} else if (access(s->path, R_OK) != 0) {
		return error_set(e, EXIT_STORE, "%s cannot be read: %s%s", s->path, strerror(errno),
		                 errno == ENOENT ? "; nothing was recorded yet, start `creel listen`" : "");
	}
	int flags = (mode == STORE_READ_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return store_fail(s, "opened", e);
	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return migrate(s, mode, e) && exec(s, "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", "opened", e);
}

bool store_open(struct store **out, const char *path, enum store_mode mode, struct error *e)
{
	*out = NULL;
	struct store *s = calloc(1, sizeof *s);
	if (!s || !(s->path = strdup(path))) {
		free(s);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	if ((mode == STORE_READ_WRITE && !make_folders(path, e)) || !open_file(s, mode, e)) {
		store_close(s);
		return false;
	}
	*out = s;
	return true;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
}

static bool insert_message(struct store *s, int64_t delivery_id, int64_t attempt_id, struct bytes headers,
                           struct bytes trailers, struct bytes body, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_MESSAGE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	sqlite3_bind_int64(st, 2, attempt_id);
	store_bind_bytes(st, 3, headers, true);
	store_bind_bytes(st, 4, trailers, true);
	store_bind_bytes(st, 5, body, true);
	return run(s, st, e);
}

static bool find_event(struct store *s, const uint8_t event_id[UUID_LEN], int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_EVENT, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, event_id, UUID_LEN, SQLITE_STATIC);
	bool found = sqlite3_step(st) == SQLITE_ROW;
	if (found)
		*id = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return found || store_fail(s, "read", e);
}

static int status_class(enum attempt_result result, int status)
{
	if (status >= 100 && status < 600)
		return status / 100;
	if (status >= 600)
		return 5;
	return result == ATTEMPT_TIMEOUT ? 7 : 6;
}

bool store_insert_delivery(struct store *s, const struct store_delivery *d, int64_t *id, bool *duplicate, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_DELIVERY, e);
	if (!st)
		return false;
	const uint8_t *query = d->target.len ? memchr(d->target.at, '?', d->target.len) : NULL;
	struct bytes path = bytes_make(d->target.at, query ? (size_t)(query - d->target.at) : d->target.len);
	bool refused = d->state == DELIVERY_REFUSED;
	sqlite3_bind_blob(st, 1, d->event_id, UUID_LEN, SQLITE_STATIC);
	store_bind_bytes(st, 2, d->tunnel, false);
	sqlite3_bind_int64(st, 3, (int64_t)d->received_at_us);
	store_bind_bytes(st, 4, d->method, false);
	store_bind_bytes(st, 5, d->target, false);
	store_bind_bytes(st, 6, path, false);
	store_bind_bytes(st, 7, d->prefix, false);
	store_bind_bytes(st, 8, d->peer, false);
	sqlite3_bind_int(st, 9, d->https);
	sqlite3_bind_int(st, 10, d->has_body);
	store_bind_bytes(st, 11, d->provider, false);
	store_bind_bytes(st, 12, d->event_type, false);
	sqlite3_bind_int(st, 13, (int)d->state);
	sqlite3_bind_int(st, 14, refused ? d->refused_status : 0);
	sqlite3_bind_int(st, 15, refused ? status_class(ATTEMPT_OK, d->refused_status) : 0);
	sqlite3_bind_int64(st, 16, (int64_t)d->body_size);
	sqlite3_bind_int(st, 17, (int)d->origin);
	if (d->replay_of)
		sqlite3_bind_int64(st, 18, d->replay_of);
	else
		sqlite3_bind_null(st, 18);
	store_bind_bytes(st, 19, d->signature.len ? d->signature : bytes_of("unknown"), false);
	if (!run(s, st, e))
		return false;
	*duplicate = sqlite3_changes(s->db) == 0;
	if (*duplicate)
		return find_event(s, d->event_id, id, e);
	*id = sqlite3_last_insert_rowid(s->db);
	return insert_message(s, *id, 0, d->headers, d->trailers, d->body, e);
}

static bool summarise(struct store *s, const struct store_attempt *a, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SUMMARISE, e);
	if (!st)
		return false;
	bool delivered = a->result == ATTEMPT_OK && a->status < 400;
	int class = a->result == ATTEMPT_OK ? status_class(a->result, a->status) : status_class(a->result, 0);
	sqlite3_bind_int64(st, 1, a->delivery_id);
	sqlite3_bind_int(st, 2, delivered ? DELIVERY_DELIVERED : DELIVERY_FAILED);
	sqlite3_bind_int(st, 3, a->status);
	sqlite3_bind_int(st, 4, class);
	sqlite3_bind_int64(st, 5, (int64_t)a->total_us);
	sqlite3_bind_int64(st, 6, (int64_t)a->body_size);
	return run(s, st, e);
}

bool store_insert_attempt(struct store *s, const struct store_attempt *a, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_ATTEMPT, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, a->delivery_id);
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
	if (!run(s, st, e))
		return false;
	if (sqlite3_changes(s->db) == 0)
		return error_set(e, EXIT_STORE, "delivery %lld is gone from %s", (long long)a->delivery_id, s->path);
	return insert_message(s, a->delivery_id, sqlite3_last_insert_rowid(s->db), a->headers, bytes_of(NULL), a->body, e) &&
	       summarise(s, a, e);
}

bool store_set_state(struct store *s, int64_t id, enum delivery_state state, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_SET_STATE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, (int)state);
	return run(s, st, e);
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
	return run(s, st, e);
}

bool store_drop_status(struct store *s, int64_t pid, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_STATUS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, pid);
	return run(s, st, e);
}
