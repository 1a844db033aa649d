/* Large bodies: those that are files of their own (store.sql, schema 16) and those that stand in the database. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "shared/disk/spill.h"
#include "shared/filter/filter.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_index.h"
#include "shared/query/store_part.h"
#include "shared/query/store_query.h"
#include "shared/upkeep/store_bound.h"
#include "shared/upkeep/store_prune.h"
#include "shared/upkeep/store_sweep.h"
#include "tests/unit/shared/store_fixture.h"

#define MIB (1024u * 1024u)
#define PIECE (64u * 1024u)

/* Differs from piece to piece. */
static void make_piece(uint8_t *piece, uint32_t n)
{
	for (size_t i = 0; i < PIECE; i += sizeof n)
		memcpy(piece + i, &(uint32_t){ n * 2654435761u + (uint32_t)i }, sizeof n);
}

enum where { IN_DATABASE, IN_FILE };

static void make_spill(struct spill *out, size_t len, enum where where)
{
	static char bodies[160];
	uint8_t piece[PIECE];
	snprintf(bodies, sizeof bodies, "%s.bodies", path);
	if (where == IN_FILE)
		spill_init_for_record(out, bodies, NULL);
	else
		spill_init(out, folder);
	for (uint32_t n = 0; n * PIECE < len; n++) {
		make_piece(piece, n);
		assert_true(spill_append(out, piece, len - n * PIECE < PIECE ? len - n * PIECE : PIECE));
	}
}

static bool take_all(void *user, struct bytes piece, uint64_t at, struct error *e)
{
	struct buffer *all = user;
	(void)e;
	assert_int_equal(at, all->len + 5);
	return buffer_append_bytes(all, piece);
}

static bool take_none(void *user, struct bytes piece, uint64_t at, struct error *e)
{
	(void)piece;
	(void)at;
	++*(int *)user;
	return error_set(e, EXIT_NO, "enough");
}

/* The same in pieces, from a place on and up to one. */
static void expect_walk(struct store *s, int64_t id, size_t len)
{
	struct buffer all = { 0 }, got = { 0 };
	struct error e = { 0 };
	int taken = 0;
	if (len < 10)
		return;
	assert_true(store_get_body(s, id, 0, 5, len, &got, &e));
	assert_true(store_walk_body(s, id, 0, 5, UINT64_MAX, take_all, &all, &e));
	assert_int_equal(all.len, len - 5);
	assert_memory_equal(all.at, got.at, all.len);
	all.len = 0;
	assert_true(store_walk_body(s, id, 0, 5, len - 7, take_all, &all, &e));
	assert_int_equal(all.len, len - 7);
	assert_true(store_walk_body(s, id, 0, len, UINT64_MAX, take_none, &taken, &e));
	assert_int_equal(taken, 0);
	assert_false(store_walk_body(s, id, 0, 0, UINT64_MAX, take_none, &taken, &e));
	assert_int_equal(taken, 1);
	assert_int_equal(e.code, EXIT_NO);
	buffer_free(&all);
	buffer_free(&got);
}

static void expect_body(struct store *s, int64_t id, size_t len)
{
	uint8_t piece[PIECE];
	struct buffer b = { 0 };
	struct error e;
	for (uint32_t n = 0; n * PIECE < len; n++) {
		size_t want = len - n * PIECE < PIECE ? len - n * PIECE : PIECE;
		make_piece(piece, n);
		b.len = 0;
		if (!store_get_body(s, id, 0, n * PIECE, PIECE, &b, &e))
			fail_msg("%s", e.text);
		assert_int_equal(b.len, want);
		assert_memory_equal(b.at, piece, want);
	}
	buffer_free(&b);
	expect_walk(s, id, len);
}

static int64_t insert_spilled(struct store *s, uint8_t n, const struct spill *body, size_t len)
{
	struct store_delivery d = sample(n);
	struct error e;
	int64_t id;
	bool duplicate;
	d.body = bytes_make(NULL, len);
	d.body_size = len;
	d.spilled = body;
	assert_true(store_sync_apart_ops.begin(s, &e));
	if (!store_insert_delivery(s, &d, &id, &duplicate, &e) || !store_sync_apart_ops.commit(s, &e))
		fail_msg("%s", e.text);
	return id;
}

static struct store *open_apart(void)
{
	struct error e;
	struct store *s = open_store();
	assert_true(store_sync_apart(s, &e));
	return s;
}

/* Also where only its beginning is kept (--record-max), and where its last page is a full one. */
static void bodies_of_all_sizes(enum where where)
{
	static const size_t sizes[] = {
		2 * MIB, 5 * MIB + 7, 8 * MIB, 10 * MIB, 12 * MIB + 3, 1, 64 * 1024, 4092 * 1500
	};
	struct store *s = open_apart();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct spill body;
		make_spill(&body, sizes[i] + (i % 2 ? 0 : 3 * PIECE), where);
		int64_t id = insert_spilled(s, (uint8_t)(i + 1), &body, sizes[i]);
		expect_body(s, id, sizes[i]);
		spill_keep(&body);
		spill_free(&body);
		expect_body(s, id, sizes[i]);
	}
	store_close(s);
}

static void test_bodies_in_the_database(void **state)
{
	(void)state;
	bodies_of_all_sizes(IN_DATABASE);
}

static void test_bodies_in_files(void **state)
{
	(void)state;
	bodies_of_all_sizes(IN_FILE);
}

/* ---- what is in the folder ---- */

struct found {
	int count;
	uint64_t bytes;
	char last[PATH_MAX];
};

static struct found look(void)
{
	struct found found = { 0 };
	char bodies[160];
	snprintf(bodies, sizeof bodies, "%s.bodies", path);
	DIR *dir = opendir(bodies);
	for (const struct dirent *d; dir && (d = readdir(dir));) {
		struct stat st;
		if (*d->d_name == '.')
			continue;
		snprintf(found.last, sizeof found.last, "%s/%s", bodies, d->d_name);
		assert_int_equal(stat(found.last, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		found.count++;
		found.bytes += (uint64_t)st.st_size;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* One on record in a file, with the file closed. */
static int64_t keep_one(struct store *s, uint8_t n, size_t len)
{
	struct spill body;
	make_spill(&body, len + 3 * PIECE, IN_FILE);
	int64_t id = insert_spilled(s, n, &body, len);
	spill_keep(&body);
	spill_free(&body);
	return id;
}

static void delete_one(struct store *s, int64_t id)
{
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_delete(s, id, &e));
	assert_true(store_batch_ops.commit(s, &e));
}

static void test_a_file_lives_as_long_as_its_row(void **state)
{
	(void)state;
	struct stat st;
	struct store *s = open_store();
	char bodies[160];
	int64_t id = keep_one(s, 1, 2 * MIB), other = keep_one(s, 2, 3 * MIB + 1);
	snprintf(bodies, sizeof bodies, "%s.bodies", path);
	assert_int_equal(stat(bodies, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	struct found f = look();
	assert_int_equal(f.count, 2);
	assert_int_equal(f.bytes, 5 * MIB + 1); /* cut to what is on record */
	delete_one(s, id);
	assert_int_equal(look().count, 1);
	expect_body(s, other, 3 * MIB + 1);
	store_close(s);
	assert_int_equal(look().count, 1);
	s = open_store();
	expect_body(s, other, 3 * MIB + 1);
	store_close(s);
}

/* The file of one that was refused, or rolled back, goes with its spill. */
static void test_what_is_not_on_record_leaves_no_file(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct spill body;
	struct error e;
	struct store_delivery d = sample(1);
	int64_t id;
	bool duplicate;
	make_spill(&body, 2 * MIB, IN_FILE);
	assert_int_equal(look().count, 1);
	d.body = bytes_make(NULL, 2 * MIB);
	d.spilled = &body;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	store_batch_ops.rollback(s);
	spill_free(&body); /* without spill_keep: it was not committed */
	assert_int_equal(look().count, 0);
	keep_one(s, 1, 2 * MIB);
	make_spill(&body, 2 * MIB, IN_FILE);
	insert_spilled(s, 1, &body, 2 * MIB); /* it is there already */
	spill_keep(&body);
	spill_free(&body);
	assert_int_equal(look().count, 1);
	store_close(s);
}

/* Many that are deleted at once, as a client at its bound does. */
static void test_files_of_a_run(void **state)
{
	struct error e;
	(void)state;
	struct store *s = open_store(), *other = open_store();
	assert_true(store_sync_apart(s, &e));
	int64_t first = keep_one(s, 1, 2 * MIB), last = first;
	for (uint8_t n = 2; n < 40; n++) {
		const struct spill none = { .fd = -1 };
		last = insert_spilled(s, n, &none, 0);
	}
	assert_int_equal(look().count, 1);
	const struct store_run run = { .first = first, .last = last, .count = (size_t)(last - first + 1) };
	assert_true(store_sync_apart_ops.begin(s, &e));
	assert_true(store_sweep(s, &run, &e));
	assert_true(store_sync_apart_ops.commit(s, &e));
	assert_int_equal(look().count, 1);
	assert_true(store_body_any_gone(s));
	store_body_delete_gone(other, s);
	assert_int_equal(look().count, 0);
	store_close(other);
	store_close(s);
}

/* Left by a killed program: by what nobody fills any more, a row that was deleted, a tail that is not on record. Not
 * one that somebody fills, and nothing that is not such a file. */
static void test_the_next_program_sweeps(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct spill body;
	char name[BODY_FILE_NAME_LEN + 1], bodies[160], other[200];
	int64_t id = keep_one(s, 1, 2 * MIB), gone = keep_one(s, 2, 2 * MIB);
	snprintf(bodies, sizeof bodies, "%s.bodies", path);
	snprintf(other, sizeof other, "%s/README", bodies);
	int mine = body_file_make(bodies, name);
	assert_true(mine >= 0);
	close(mine); /* as a kill does */
	assert_int_equal(close(open(other, O_CREAT | O_WRONLY, 0600)), 0);
	make_spill(&body, 2 * MIB, IN_FILE);
	/* By another program, which knows nothing of files. */
	char sql[100];
	snprintf(sql, sizeof sql, "DELETE FROM delivery WHERE id = %lld", (long long)gone);
	assert_int_equal(sqlite3_exec(s->db, sql, NULL, NULL, NULL), SQLITE_OK);
	struct found f = look();
	assert_int_equal(f.count, 5);
	store_close(s);
	assert_int_equal(truncate(other, 0), 0);
	s = open_store();
	assert_int_equal(look().count, 3); /* on record, being filled, README */
	expect_body(s, id, 2 * MIB);
	int64_t filled = insert_spilled(s, 3, &body, 2 * MIB);
	spill_keep(&body);
	spill_free(&body);
	store_close(s);
	s = open_store();
	expect_body(s, filled, 2 * MIB);
	assert_int_equal(look().count, 3);
	store_close(s);
}

static void expect_lost(struct store *s, int64_t id, const char *says)
{
	struct buffer b = { 0 };
	struct message m;
	struct store_part part;
	struct error e = { 0 };
	bool has_body, https;
	assert_false(store_get_body(s, id, 0, 0, 10, &b, &e));
	assert_non_null(strstr(e.text, says));
	assert_false(store_get_request(s, id, &m, &has_body, &https, &e));
	assert_non_null(strstr(e.text, says));
	assert_false(store_get_part(s, id, 0, 100, &part, &e));
	assert_non_null(strstr(e.text, says));
	assert_int_equal(e.code, EXIT_STORE);
	assert_true(store_get_part(s, id, 0, 0, &part, &e)); /* its head */
	assert_int_equal(part.body_size, 2 * MIB);
	store_part_free(&part);
	buffer_free(&b);
}

static void test_a_file_that_is_lost(void **state)
{
	(void)state;
	struct store *s = open_store();
	int64_t id = keep_one(s, 1, 2 * MIB);
	assert_int_equal(truncate(look().last, 2 * MIB - 1), 0);
	expect_lost(s, id, "the body of delivery 1 cannot be read: its file ");
	assert_int_equal(unlink(look().last), 0);
	expect_lost(s, id, ".db.bodies is missing or not whole");
	/* A name that leads elsewhere is not followed. */
	assert_int_equal(sqlite3_exec(s->db, "UPDATE body_file SET name = '../creel.db'", NULL, NULL, NULL), SQLITE_OK);
	expect_lost(s, id, "is missing or not whole");
	delete_one(s, id);
	assert_int_equal(access(path, F_OK), 0);
	store_close(s);
}

/* ---- searching ---- */

static void on_match(void *user, const struct delivery_row *row)
{
	(void)row;
	++*(int *)user;
}

static int matches(struct store *s, const char *text)
{
	struct error e;
	int count = 0;
	struct filter_error wrong;
	struct filter *f = filter_parse(text, 0, &wrong);
	assert_non_null(f);
	const struct store_search search = { .filter = f, .limit = 10, .row = on_match, .user = &count };
	if (!store_filter(s, &search, &e))
		fail_msg("%s", e.text);
	filter_free(f);
	return count;
}

static void test_what_is_found_in_a_file(void **state)
{
	(void)state;
	struct store *s = open_store();
	struct spill body;
	struct error e;
	char bodies[160];
	uint8_t blanks[PIECE];
	snprintf(bodies, sizeof bodies, "%s.bodies", path);
	memset(blanks, ' ', sizeof blanks);
	insert(s, 9, &(bool){ false });
	spill_init_for_record(&body, bodies, NULL);
	assert_true(spill_append(&body, "{\"word\":\"haystack\"", 18));
	for (int i = 0; i < 32; i++)
		assert_true(spill_append(&body, blanks, sizeof blanks));
	assert_true(spill_append(&body, ",\"n\":7}", 7));
	insert_spilled(s, 1, &body, (size_t)spill_len(&body));
	spill_keep(&body);
	spill_free(&body);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(matches(s, "body:haystack"), 1);
		assert_int_equal(matches(s, "haystack"), 1);
		assert_int_equal(matches(s, "json:n=7"), 1);
		assert_int_equal(matches(s, "body:needle"), 0);
		bool more = true;
		while (more)
			assert_true(store_index_some(s, &more, &e));
	}
	assert_int_equal(unlink(look().last), 0);
	assert_int_equal(matches(s, "body:haystack"), 0);
	store_close(s);
}

/* ---- the bound ---- */

static void test_files_count(void **state)
{
	const struct store_bound bound = store_bound_of(64 * MIB, 8 * MIB);
	(void)state;
	struct store *s = open_store();
	struct error e;
	assert_true(store_keep_bound(s, &bound, &e));
	for (uint8_t n = 1; n <= 30; n++) {
		struct spill body;
		make_spill(&body, 4 * MIB, IN_FILE);
		struct store_delivery d = sample(n);
		int64_t id;
		bool duplicate;
		d.state = DELIVERY_DELIVERED;
		d.body = bytes_make(NULL, 4 * MIB);
		d.body_size = 4 * MIB;
		d.spilled = &body;
		assert_true(store_batch_ops.begin(s, &e));
		if (!store_make_room(s, 4 * MIB, &e) || !store_insert_delivery(s, &d, &id, &duplicate, &e) ||
		    !store_batch_ops.commit(s, &e))
			fail_msg("%s", e.text);
		spill_keep(&body);
		spill_free(&body);
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		assert_in_range(look().bytes + (uint64_t)st.st_size, 4 * MIB, bound.database);
		expect_body(s, id, 4 * MIB);
	}
	assert_in_range(look().count, 5, 11);
	assert_in_range(store_take_gave_way(s).deliveries, 15, 29);
	const struct store_prune how = { .max_bytes = 10 * MIB };
	struct store_pruned pruned;
	assert_true(store_prune(s, &how, &pruned, &e));
	assert_int_equal(look().count, 2);
	assert_in_range(pruned.bytes_after, 8 * MIB, 10 * MIB);
	store_close(s);
}

/* Where the database has grown to the bound a file would pass it: the body takes the place of what is free within. */
static void test_no_room_beside_the_database(void **state)
{
	const struct store_bound bound = store_bound_of(64 * MIB, 8 * MIB);
	(void)state;
	struct store *s = open_store();
	struct error e;
	struct spill body;
	uint8_t n = 0;
	for (; n < 15; n++) {
		make_spill(&body, 4 * MIB, IN_DATABASE);
		insert_spilled(s, n, &body, 4 * MIB);
		spill_free(&body);
	}
	assert_int_equal(sqlite3_exec(s->db, "DELETE FROM delivery WHERE id < 15", NULL, NULL, NULL), SQLITE_OK);
	assert_true(store_keep_bound(s, &bound, &e));
	expect_body(s, keep_one(s, n, 4 * MIB), 4 * MIB);
	assert_int_equal(look().count, 0);
	store_close(s);
}

#ifdef __linux__
static unsigned long long bytes_written(void)
{
	unsigned long long written;
	FILE *f = fopen("/proc/self/io", "r");
	if (!f)
		skip();
	int n = fscanf(f, "rchar: %*u wchar: %llu", &written);
	fclose(f);
	assert_int_equal(n, 1);
	return written;
}

/* From the first byte that comes to the commit, and to the end of the log's life. */
static void test_written_once(void **state)
{
	const size_t len = 10 * MIB;
	(void)state;
	struct store *s = open_apart();
	unsigned long long before = bytes_written();
	keep_one(s, 1, len);
	store_close(s);
	assert_in_range(bytes_written() - before, len, len + 3 * PIECE + 256 * 1024);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_bodies_in_the_database),
		IN_FOLDER(test_bodies_in_files),
		IN_FOLDER(test_a_file_lives_as_long_as_its_row),
		IN_FOLDER(test_files_of_a_run),
		IN_FOLDER(test_what_is_not_on_record_leaves_no_file),
		IN_FOLDER(test_the_next_program_sweeps),
		IN_FOLDER(test_a_file_that_is_lost),
		IN_FOLDER(test_what_is_found_in_a_file),
		IN_FOLDER(test_files_count),
		IN_FOLDER(test_no_room_beside_the_database),
#ifdef __linux__
		IN_FOLDER(test_written_once),
#endif
	};
	return RUN(tests);
}
