/* The store's row reader on a hostile database: the input becomes the values of rows in tables without types, so that
 * every column can hold anything; what is left of it then overwrites bytes of the file itself. Nothing may crash;
 * failures are sentences. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/query/store_query.h"
#include "shared/stats/stats_read.h"
#include "shared/query/store_filter.h"
#include "shared/store/store_jobs.h"
#include "shared/query/store_part.h"
#include "shared/store/store_signing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char schema[] =
    "CREATE TABLE delivery (id INTEGER PRIMARY KEY, event_id, tunnel, received_at, method, target, path, prefix, peer, "
    "https,"
    " has_body, provider, event_type, signature, state, status, status_class, took_us, attempts, request_bytes,"
    " response_bytes, origin, replay_of, reached_at, forwarded, redacted);"
    "CREATE TABLE attempt (id INTEGER PRIMARY KEY, started_at, result, status, url, reason, error, connect_us, "
    "first_byte_us, total_us, response_bytes, answered_at, cut, kept, headers,"
    " trailers, body, raw, delivery_id AS (id / 4096), number AS (id % 4096));"
    "CREATE TABLE message (id INTEGER PRIMARY KEY, headers, trailers, body, raw);"
    "CREATE TABLE client (pid, started_at, confirmed_at, ping_interval_ms, state, detail, relay, url, tunnel, target,"
    " lag_us, secrets, routes);"
    "CREATE TABLE job (id INTEGER PRIMARY KEY, delivery_id, asked_at, state, pid, url, replay_id);"
    "CREATE TABLE signing (id INTEGER PRIMARY KEY, asked_at, pid, wish, state, provider, method, url, headers, body,"
    " verdict, error);"
    "CREATE TABLE journal (name, pid, applied);"
    "CREATE TABLE tag (delivery_id, name);"
    "CREATE TABLE note (delivery_id INTEGER PRIMARY KEY, text);"
    "CREATE TABLE figures (block INTEGER PRIMARY KEY, earliest, latest, columns);"
    "CREATE TABLE body_file (id INTEGER PRIMARY KEY, name, length);"
    "CREATE TABLE body_file_gone (name);"
    "CREATE TABLE search_mark (one, indexed);"
    "CREATE TABLE search_block (first INTEGER PRIMARY KEY, last, size, gone);"
    "CREATE INDEX search_block_by_gone ON search_block (gone, first, last) WHERE gone > 0;"
    "CREATE TABLE search_words (block, word, words);"
    "PRAGMA application_id=1668441452; PRAGMA user_version=17;";

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

/* Each damage: two bytes of place (within the file), the byte that comes there. */
static void damage_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = size >= 3 ? fopen(path, "r+b") : NULL;
	if (!f)
		return;
	fseek(f, 0, SEEK_END);
	long end = ftell(f);
	for (; size >= 3 && end > 0; data += 3, size -= 3) {
		fseek(f, (data[0] * 256L + data[1]) % end, SEEK_SET);
		fputc(data[2], f);
	}
	fclose(f);
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
	const struct bytes all[] = { r->tunnel, r->method,   r->target,     r->path,
				     r->peer,   r->provider, r->event_type, r->signature };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		use(all[i]);
	sum += strlen(store_state_name(r->state)) + strlen(store_origin_name(r->origin)) + r->event_id[15];
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	(void)user;
	use(a->url);
	use(a->reason);
	use(a->error);
	sum += strlen(store_result_name(a->result));
}

static void on_status(void *user, const struct client_status *c)
{
	(void)user;
	const struct bytes all[] = { c->state, c->detail, c->relay, c->url, c->tunnel, c->target };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		use(all[i]);
}

/* In a file whose bytes were not touched no column's value may make a reader fail: that would also be how the tables
 * above fall behind store.sql. "There is none" (EXIT_USAGE) is an answer. */
static void expect_answer(bool fine, bool damaged, const struct error *e)
{
	if (fine || damaged || e->code != EXIT_STORE)
		return;
	fprintf(stderr, "%s\n", e->text);
	abort();
}

static void on_job(void *user, const struct job *j)
{
	(void)user;
	sum += (size_t)j->state + (size_t)j->pid;
}

static void on_signing(void *user, const struct signing *asked)
{
	(void)user;
	const struct bytes all[] = { asked->provider, asked->method,  asked->url,  asked->headers,
				     asked->body,     asked->verdict, asked->error };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		use(all[i]);
	sum += (size_t)asked->wish + (size_t)asked->state;
}

static void on_replay(void *user, int64_t id)
{
	(void)user;
	sum += (size_t)id;
}

/* What the inspector and jobs read. */
static void read_parts(struct store *s, bool damaged)
{
	struct store_part part;
	struct error e;
	struct job job;
	enum signing_state state;
	int64_t id;
	bool found;
	for (int attempt = 0; attempt < 3; attempt++) {
		bool fine = store_get_part(s, 1, attempt, 5, &part, &e);
		expect_answer(fine, damaged, &e);
		if (!fine)
			continue;
		use(buffer_view(&part.headers));
		use(buffer_view(&part.body));
		store_part_free(&part);
	}
	expect_answer(store_list_replays(s, 1, 10, on_replay, NULL, &e), damaged, &e);
	expect_answer(store_list_jobs(s, bytes_of("dev"), UINT64_C(1) << 60, 10, on_job, NULL, &e), damaged, &e);
	expect_answer(store_get_job(s, 1, &job, &found, &e), damaged, &e);
	expect_answer(store_next_signing(s, 1, 0, &id, &e), damaged, &e);
	expect_answer(store_get_signing(s, 1, on_signing, NULL, &found, &e), damaged, &e);
	expect_answer(store_get_signing_state(s, 1, &state, &found, &e), damaged, &e);
}

static void use_message(struct message *m)
{
	use(buffer_view(&m->headers));
	use(buffer_view(&m->trailers));
	use(buffer_view(&m->raw));
	use(buffer_view(&m->body));
	store_message_free(m);
}

/* Every function of a search looks at what the columns hold. */
static void search_all(struct store *s, bool damaged)
{
	static const char *const texts[] = { "-event:* OR -path:* OR -host:x OR took:>1s OR is:marked",
					     "-header:a OR -body:*x* OR -json:a OR -body.res:y OR -header.res:b",
					     "refund", "status:>=400 -since:1h" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct filter_error fe;
		struct error e;
		uint64_t count;
		struct filter *f = filter_parse(texts[i], 1795441354000000u, &fe);
		struct store_search search = { .filter = f, .limit = 10, .row = on_row };
		if (!f)
			abort();
		expect_answer(store_filter(s, &search, &e), damaged, &e);
		expect_answer(store_filter_count(s, &search, &count, &e), damaged, &e);
		filter_free(f);
	}
}

static void read_stats(struct store *s, bool damaged)
{
	const struct stats_read wanted = { .wish = { .before_s = STATS_EVER } };
	struct stats_result r;
	struct error e;
	bool fine = stats_read(s, &wanted, &r, &e);
	expect_answer(fine, damaged, &e);
	if (fine)
		stats_result_free(&r);
}

static void read_all(struct store *s, bool damaged)
{
	struct error e;
	struct message m;
	bool a, b, fine;
	int64_t id;
	expect_answer(store_list(s, 0, 10, on_row, NULL, &e), damaged, &e);
	expect_answer(store_get(s, 1, on_row, NULL, &e), damaged, &e);
	expect_answer(store_list_unfinished(s, on_row, NULL, &e), damaged, &e);
	expect_answer(store_list_attempts(s, 1, on_attempt, NULL, &e), damaged, &e);
	expect_answer(store_list_status(s, on_status, NULL, &e), damaged, &e);
	if ((fine = store_get_request(s, 1, &m, &a, &b, &e)))
		use_message(&m);
	expect_answer(fine, damaged, &e);
	for (int attempt = 0; attempt < 2; attempt++) {
		if ((fine = store_get_response(s, 1, attempt, &m, &e)))
			use_message(&m);
		expect_answer(fine, damaged, &e);
	}
	expect_answer(store_resolve(s, "00000000", &id, &e), damaged, &e);
	expect_answer(store_resolve(s, "1", &id, &e), damaged, &e);
	expect_answer(store_last(s, &id, &e), damaged, &e);
	expect_answer(store_settled(s, 0, &id, &e), damaged, &e);
	search_all(s, damaged);
	read_stats(s, damaged);
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
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
		abort();
	insert(db, "INSERT INTO delivery VALUES (1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?1,?2)", &data, &size);
	insert(db, "INSERT INTO attempt VALUES (4097,?,?,?,?,?,?,?,?,?,?,?,?1,?2,NULL,NULL,NULL,NULL)", &data, &size);
	insert(db, "INSERT INTO attempt VALUES (4098,?,0,0,?,'','',0,0,0,0,0,0,0,?,?,?,?)", &data, &size);
	insert(db, "INSERT INTO message VALUES (4096,?,?,?,NULL)", &data, &size);
	insert(db, "INSERT INTO message VALUES (4097,?,?,?,NULL)", &data, &size);
	insert(db, "INSERT INTO search_mark VALUES (1,?)", &data, &size);
	insert(db, "INSERT INTO client VALUES (?,?,?,?,?,?,?,?,?,?,?,?10,?10)", &data, &size);
	insert(db, "INSERT INTO job VALUES (1,?,?,?,?,?,1)", &data, &size);
	insert(db, "INSERT INTO signing VALUES (1,0,1,?,?,?,?,?,?,?,?,?)", &data, &size);
	insert(db, "INSERT INTO figures VALUES (0,?,?,?)", &data, &size);
	insert(db, "INSERT INTO note VALUES (1,?)", &data, &size);
	insert(db, "INSERT INTO body_file VALUES (4098,?,?)", &data, &size);
	insert(db, "INSERT INTO body_file_gone VALUES (?)", &data, &size);
	insert(db, "INSERT INTO search_block VALUES (?,?,0,0)", &data, &size);
	insert(db, "INSERT INTO search_words VALUES (1,?,?)", &data, &size);
	sqlite3_close(db);
	bool damaged = size >= 3;
	damage_file(path, data, size);
	bool fine = store_open(&s, path, STORE_READ_ONLY, &e);
	expect_answer(fine, damaged, &e);
	if (fine) {
		read_all(s, damaged);
		read_parts(s, damaged);
		store_close(s);
	}
	unlink(path);
	return 0;
}
