/* The store's row reader on a hostile database: the input becomes the values of rows in tables without types, so that every
 * column can hold anything. Nothing may crash; failures are sentences. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema[] =
	"CREATE TABLE delivery (id INTEGER PRIMARY KEY, event_id, tunnel, received_at, method, target, path, prefix, peer, https,"
	" has_body, provider, event_type, signature, state, status, status_class, took_us, attempts, request_bytes,"
	" response_bytes, origin, replay_of);"
	"CREATE TABLE attempt (id INTEGER PRIMARY KEY, delivery_id, number, started_at, result, status, url, reason, error,"
	" connect_us, first_byte_us, total_us, response_bytes);"
	"CREATE TABLE message (delivery_id, attempt_id, headers, trailers, body);"
	"CREATE TABLE client (pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url, tunnel, target);"
	"PRAGMA application_id=1668441452; PRAGMA user_version=1;";

/* Each value: a byte of type (integer, text, blob, NULL, real), a byte of length, the bytes. */
static void bind_value(sqlite3_stmt *st, int index, const uint8_t **at, size_t *left)
{
	if (*left < 2)
		return;
	size_t len = (*at)[1] < *left - 2 ? (*at)[1] : *left - 2;
	const uint8_t *value = *at + 2;
	int64_t number = 0;
	memcpy(&number, value, len < 8 ? len : 8);
	switch ((*at)[0] % 5) {
	case 0:
		sqlite3_bind_int64(st, index, number);
		break;
	case 1:
		sqlite3_bind_text(st, index, (const char *)value, (int)len, SQLITE_STATIC);
		break;
	case 2:
		sqlite3_bind_blob(st, index, value, (int)len, SQLITE_STATIC);
		break;
	case 3:
		sqlite3_bind_double(st, index, (double)number);
		break;
	default:
		break;
	}
	*at += 2 + len;
	*left -= 2 + len;
}

static void insert(sqlite3 *db, const char *sql, const uint8_t **at, size_t *left)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		abort();
	for (int i = 1; i <= sqlite3_bind_parameter_count(st); i++)
		bind_value(st, i, at, left);
	sqlite3_step(st);
	sqlite3_finalize(st);
}

static volatile size_t sum;

static void use(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		sum += b.at[i];
}

static void on_row(void *user, const struct delivery_row *r)
{
	(void)user;
	const struct bytes all[] = { r->tunnel, r->method, r->target, r->path, r->peer, r->provider, r->event_type, r->signature };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		use(all[i]);
	sum += strlen(store_state_name(r->state)) + strlen(store_origin_name(r->origin)) + r->event_id[15];
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	(void)user;
	use(a->url);
	use(a->error);
	sum += strlen(store_result_name(a->result));
}

static void on_status(void *user, const struct client_status *c)
{
	(void)user;
	use(c->url);
	use(c->detail);
}

static void read_all(struct store *s)
{
	struct error e;
	struct message m;
	bool a, b;
	int64_t id;
	bool fine = store_list(s, 0, 10, on_row, NULL, &e);
	fine = store_get(s, 1, on_row, NULL, &e) && fine;
	fine = store_list_unfinished(s, on_row, NULL, &e) && fine;
	fine = store_list_attempts(s, 1, on_attempt, NULL, &e) && fine;
	fine = store_list_status(s, on_status, NULL, &e) && fine;
	if (store_get_request(s, 1, &m, &a, &b, &e))
		store_message_free(&m);
	if (store_get_response(s, 1, 0, &m, &e))
		store_message_free(&m);
	fine = store_resolve(s, "00000000", &id, &e) || store_last(s, &id, &e) || fine;
	(void)fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[] = "/tmp/creel-fuzz-XXXXXX";
	sqlite3 *db;
	struct store *s;
	struct error e;
	int fd = mkstemp(path);
	if (fd < 0)
		return 0;
	close(fd);
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	insert(db, "INSERT INTO delivery VALUES (1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", &data, &size);
	insert(db, "INSERT INTO attempt VALUES (1,1,?,?,?,?,?,?,?,?,?,?,?)", &data, &size);
	insert(db, "INSERT INTO message VALUES (1,0,?,?,?)", &data, &size);
	insert(db, "INSERT INTO message VALUES (1,1,?,?,?)", &data, &size);
	insert(db, "INSERT INTO client VALUES (?,?,?,?,?,?,?,?,?,?)", &data, &size);
	sqlite3_close(db);
	if (store_open(&s, path, STORE_READ_ONLY, &e)) {
		read_all(s);
		store_close(s);
	}
	unlink(path);
	return 0;
}
