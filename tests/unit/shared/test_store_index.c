/* The search index: its blocks as deliveries come and go, and what becomes of searches where it is damaged. */
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/shared/search_fixture.h"
#include "shared/query/store_index.h"
#include "shared/query/store_part.h"
#include "shared/upkeep/store_prune.h"

static bool index_some(struct store *s)
{
	struct error e;
	bool more;
	assert_true(store_batch_ops.begin(s, &e));
	if (!store_index_some(s, &more, &e))
		fail_msg("%s", e.text);
	assert_true(store_batch_ops.commit(s, &e));
	return more;
}

static void test_indexing_in_steps(void **state)
{
	struct store *s = open_store();
	(void)state;
	assert_false(index_some(s));
	fill_many(s, 130);
	assert_false(index_some(s));
	assert_int_equal(indexed(s), 130);
	/* Ids that are gone are no work. */
	fill_many(s, 5);
	run_sql(s, "DELETE FROM delivery WHERE id BETWEEN 131 AND 134");
	index_all(s);
	assert_int_equal(indexed(s), 135);
	check_index(s);
	store_close(s);
}

/* One after the other: no search has to look into many blocks, and none is read again and again. */
static void test_small_blocks_become_one(void **state)
{
	struct store *s = open_store();
	struct error e;
	int64_t most = 0;
	(void)state;
	assert_true(store_set_relaxed(s, &e));
	for (int i = 1; i <= 300; i++) {
		fill_many(s, 1);
		assert_false(index_some(s));
		assert_int_equal(indexed(s), i);
		int64_t blocks = read_sql(s, "SELECT count(*) FROM search_block");
		most = blocks > most ? blocks : most;
	}
	assert_in_range(most, 4, 15);
	check_index(s);
	assert_int_equal(index_has(s, "a", "invoice"), 300);
	struct watch w = search(s, "body:word2", 0, false, 1000);
	assert_int_equal(w.rows, 100);
	store_close(s);
}

/* Bodies of many words: a block takes no more than its share of memory. */
static void test_large_blocks_end(void **state)
{
	struct store *s = open_store();
	struct buffer text = { 0 };
	struct error e;
	bool duplicate;
	int64_t id, steps = 1;
	(void)state;
	for (unsigned n = 0; n < 40; n++) {
		struct store_delivery d = filter_delivery(0);
		text.len = 0;
		for (unsigned i = 0; i < 8000; i++)
			assert_true(buffer_printf(&text, "w%x ", n * 8000 + i));
		d.event_id[0] = (uint8_t)n;
		d.body = buffer_view(&text);
		d.body_size = text.len;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	for (; index_some(s); steps++)
		assert_true(steps < 40);
	assert_in_range(steps, 2, 10);
	assert_int_equal(indexed(s), 40);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_block"), steps);
	check_index(s);
	assert_int_equal(index_has(s, "b", "w0"), 1);
	assert_int_equal(index_has(s, "b", "w4e1ff"), 1);
	assert_int_equal(search(s, "body:w4e1ff", 0, false, 10).rows, 1);
	buffer_free(&text);
	store_close(s);
}

static void test_deleting_takes_words_out(void **state)
{
	struct store *s = open_store();
	struct error e;
	(void)state;
	fill_many(s, 90);
	index_up_to(s, 60);
	assert_int_equal(index_has(s, "a", "invoice"), 60);
	assert_true(store_batch_ops.begin(s, &e));
	for (int64_t id = 1; id <= 90; id++)
		assert_true(id % 30 == 0 || store_delete(s, id, &e));
	assert_true(store_batch_ops.commit(s, &e));
	index_all(s);
	assert_int_equal(index_has(s, "a", "invoice"), 3);
	assert_int_equal(index_has(s, "a", "1"), 0);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM message"), 3);
	check_index(s);
	/* The newest gone, their ids come again; what has them then is not in the index yet. */
	run_sql(s, "DELETE FROM delivery WHERE id > 30");
	assert_int_equal(indexed(s), 30);
	check_index(s);
	run_sql(s, "DELETE FROM delivery");
	assert_int_equal(indexed(s), 0);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_words"), 0);
	fill_many(s, 10);
	struct watch w = search(s, "body:word0", 0, false, 300);
	assert_int_equal(w.rows, 10);
	assert_false(index_some(s));
	w = search(s, "body:word0", 0, false, 300);
	assert_int_equal(w.rows, 10);
	check_index(s);
	store_close(s);
}

static bool stop_at_once(void *user)
{
	++*(int *)user;
	return true;
}

/* Without a look at what is new. */
static void test_cleaning_takes_words_out_at_once(void **state)
{
	struct store *s = open_store();
	struct error e;
	int asked = 0;
	(void)state;
	assert_true(store_set_relaxed(s, &e));
	fill_many(s, 9000);
	index_up_to(s, 8500);
	run_sql(s, "DELETE FROM delivery WHERE id / 100 IN (10, 55, 81)");
	int64_t touched = read_sql(s, "SELECT count(*) FROM search_block WHERE gone > 0");
	assert_in_range(touched, 2, 10);
	assert_int_equal(index_has(s, "b", "word10") + index_has(s, "b", "word81"), 200);
	assert_true(store_index_clean(s, stop_at_once, &asked, &e));
	assert_int_equal(asked, 1);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_block WHERE gone > 0"), touched - 1);
	assert_true(store_index_clean(s, NULL, NULL, &e));
	assert_int_equal(index_has(s, "b", "word10") + index_has(s, "b", "word81"), 0);
	assert_int_equal(index_has(s, "b", "word11") + index_has(s, "b", "word80"), 200);
	assert_int_equal(indexed(s), 8500);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM search_block WHERE gone > 0"), 0);
	check_index(s);
	store_close(s);
}

/* What is damaged or missing in the index costs time, and no answer. */
static void test_a_damaged_index_hides_nothing(void **state)
{
	static const char *const damages[] = {
		"UPDATE search_words SET words = CAST(x'7a' || substr(words, 2) AS BLOB)",
		"UPDATE search_words SET words = substr(words, 1, length(words) - 1)",
		"UPDATE search_words SET words = x''",
		"DELETE FROM search_words WHERE word = x''",
		"DELETE FROM search_words WHERE word > x''",
		"DELETE FROM search_words WHERE length(word) % 2",
		"DELETE FROM search_words",
		"UPDATE search_words SET block = block + 1",
		"UPDATE search_words SET block = 20000 - block",
		"UPDATE search_words SET word = CAST(x'7a' || word AS BLOB) WHERE word > x''",
		"UPDATE search_block SET last = last - 60",
		"UPDATE search_block SET last = last + 60",
		"UPDATE search_block SET first = first + 60 WHERE first > 1",
		"UPDATE search_block SET first = -first",
		"DELETE FROM search_block WHERE first > 1",
		"DELETE FROM search_block",
		"UPDATE search_mark SET indexed = 9223372036854775807",
	};
	struct store *s = open_store();
	struct error e;
	(void)state;
	assert_true(store_set_relaxed(s, &e));
	fill_many(s, 9000);
	index_all(s);
	check_index(s);
	assert_in_range(read_sql(s, "SELECT count(*) FROM search_block"), 3, 10);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		run_sql(s, "SAVEPOINT damage");
		run_sql(s, damages[i]);
		for (int n = 0; n < 90; n += 13) {
			char filter[40];
			snprintf(filter, sizeof filter, "body:word%d", n);
			for (int forward = 0; forward < 2; forward++) {
				int rows = search(s, filter, 0, forward, 300).rows;
				if (rows != (n ? 100 : 99))
					fail_msg("%s: %s: %d found", damages[i], filter, rows);
			}
		}
		assert_int_equal(search(s, "body:nowhere", 0, true, 10).rows, 0);
		run_sql(s, "ROLLBACK TO damage; RELEASE damage");
	}
	store_close(s);
}

/* And is put right where the index goes on, whatever was there. */
static void test_a_damaged_index_goes_on(void **state)
{
	static const char *const damages[] = {
		"UPDATE search_mark SET indexed = 0",
		"UPDATE search_mark SET indexed = 4096",
		"UPDATE search_mark SET indexed = 5000",
		"UPDATE search_mark SET indexed = -1",
		"UPDATE delivery SET event_id = x'' WHERE id = (SELECT last FROM search_block WHERE first > 1)",
		"UPDATE delivery SET event_id = x'aa' WHERE id = (SELECT last FROM search_block WHERE first > 1)",
		"UPDATE search_block SET last = last + 60",
		"UPDATE search_block SET first = first + 60 WHERE first > 1",
		"UPDATE search_block SET last = first",
		"UPDATE search_block SET size = -5",
		"DELETE FROM search_words",
		"UPDATE search_words SET block = 20000 - block",
		"UPDATE search_words SET block = block + 1",
	};
	struct store *s = open_store();
	struct error e;
	(void)state;
	assert_true(store_set_relaxed(s, &e));
	fill_many(s, 9000);
	index_all(s);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		bool more = true;
		run_sql(s, "SAVEPOINT damage");
		run_sql(s, damages[i]);
		run_sql(s, "DELETE FROM delivery WHERE id BETWEEN 1 AND 7 OR id BETWEEN 4090 AND 4200");
		run_sql(s, "UPDATE search_block SET gone = gone + 1");
		for (int steps = 0; more; steps++) {
			if (steps == 40 || !store_index_some(s, &more, &e))
				fail_msg("%s: %s", damages[i], steps == 40 ? "it never ends" : e.text);
		}
		assert_int_equal(indexed(s), 9000);
		assert_int_equal(search(s, "body:word45", 0, true, 300).rows, 100);
		assert_int_equal(search(s, "body:word40", 0, false, 300).rows, 90);
		run_sql(s, "ROLLBACK TO damage; RELEASE damage");
	}
	store_close(s);
}

static void work_until_killed(void)
{
	struct store *s = open_store();
	struct error e;
	char sql[100];
	if (!store_set_relaxed(s, &e))
		exit(1);
	for (unsigned n = 0;; n++) {
		fill_many(s, (int)(1 + n * 37 % 400));
		while (index_some(s))
			;
		snprintf(sql, sizeof sql, "DELETE FROM delivery WHERE id %% 50 = %u", 7 * n % 49 + 1);
		run_sql(s, sql);
		if (!store_index_clean(s, NULL, NULL, &e))
			exit(1);
	}
}

/* Each word is found where it stands, and nowhere else. */
static void expect_exact(struct store *s)
{
	int64_t newest = read_sql(s, "SELECT max(id) FROM delivery");
	for (int64_t n = 0; n <= newest / 100; n++) {
		struct store_search q = { 0 };
		char text[60], sql[100];
		struct error e;
		uint64_t count;
		snprintf(text, sizeof text, "body:word%lld", (long long)n);
		snprintf(sql, sizeof sql, "SELECT count(*) FROM delivery WHERE id / 100 = %lld", (long long)n);
		/* word1 begins word12, too */
		struct filter *f = parse(text);
		q.filter = f;
		assert_true(store_filter_count(s, &q, &count, &e));
		if (newest / 100 < 10 * n || n == 0)
			assert_int_equal(count, read_sql(s, sql));
		else
			assert_true((int64_t)count >= read_sql(s, sql));
		filter_free(f);
	}
}

/* Killed while it makes blocks, joins them, deletes and makes them anew. */
static void test_killed_the_index_is_whole(void **state)
{
	unsigned seed = 3;
	(void)state;
	for (int round = 0; round < 12; round++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			work_until_killed();
			_exit(1);
		}
		seed = seed * 1103515245u + 12345u;
		usleep(20000 + (seed >> 16) % 60000); /* when it is killed */
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		struct store *s = open_store();
		check_index(s);
		expect_exact(s);
		index_all(s);
		check_index(s);
		expect_exact(s);
		store_close(s);
	}
}

static void read_block(struct store *s, struct store_index *x, enum store_index_what what)
{
	uint64_t bytes;
	struct error e;
	assert_true(store_index_read(s, x, 0, what, &bytes, &e));
	assert_true(bytes > 0);
}

static void write_block(struct store *s, struct store_index *x)
{
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_index_write(s, x, &e));
	assert_true(store_batch_ops.commit(s, &e));
}

/* What is deleted, comes or is indexed between a block's reading and its writing. */
static void test_changes_beside_indexing(void **state)
{
	struct store *s = open_store();
	struct store_index *x = store_index_new();
	(void)state;
	assert_non_null(x);
	fill_many(s, 20);
	/* Another client was first. */
	read_block(s, x, STORE_INDEX_NEW);
	index_all(s);
	write_block(s, x);
	check_index(s);
	assert_int_equal(index_has(s, "a", "invoice"), 20);
	/* The newest was deleted, and its id came again with other words. */
	fill_many(s, 1);
	read_block(s, x, STORE_INDEX_NEW);
	run_sql(s, "DELETE FROM delivery WHERE id = 21");
	fill_many(s, 1);
	run_sql(s, "UPDATE message SET body = CAST('other' AS BLOB) WHERE id = 21 * 4096");
	write_block(s, x);
	assert_int_equal(search(s, "body:other", 0, false, 10).rows, 1);
	index_all(s);
	assert_int_equal(search(s, "body:other", 0, false, 10).rows, 1);
	check_index(s);
	/* One in the middle was deleted: its words go with the next making. */
	fill_many(s, 20);
	read_block(s, x, STORE_INDEX_NEW);
	run_sql(s, "DELETE FROM delivery WHERE id = 30");
	write_block(s, x);
	assert_int_equal(index_has(s, "a", "invoice"), 41);
	read_block(s, x, STORE_INDEX_BOTH);
	run_sql(s, "DELETE FROM delivery WHERE id = 32");
	write_block(s, x);
	index_all(s);
	assert_int_equal(index_has(s, "a", "invoice"), 39);
	check_index(s);
	store_index_free(x);
	store_close(s);
}

/* ---- against a walk ---- */

#define DELIVERIES 120
#define FILTERS 500
#define PIECES 10 /* of a text */

/* Of words, of what stands between them, and of what is another length in lower case, or ASCII there. */
static const char *const pieces[] = { "a",    "B",          "word",
				      "Ware", "ſ",          "\xe2\x84\xaa",
				      "İ",    "ß",          "É",
				      "é",    "Σ",          "ς",
				      "€",    " ",          "-",
				      "_",    ".",          "/",
				      "@",    "0123456789", "+",
				      "Ⱥ",    "中",         " ",
				      "%41",  "&k=",        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
				      "12" };

static uint32_t seed = 5;
static size_t pick(size_t most)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % most;
}

static void put_pieces(struct buffer *out, const size_t *which, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_true(buffer_append_text(out, pieces[which[i]]));
}

static void add_delivery(struct store *s, uint8_t n, const size_t which[PIECES])
{
	static const char *const kinds[] = { "text/plain", "application/json", "application/x-www-form-urlencoded" };
	struct store_delivery d = sample(n);
	struct buffer head = { 0 }, body = { 0 };
	struct error e;
	bool duplicate;
	int64_t id;
	size_t kind = pick(3);
	assert_true(buffer_printf(&head, "Content-Type: %s\r\nX-Own: ", kinds[kind]));
	put_pieces(&head, which, 4);
	assert_true(buffer_append_text(&head, "\r\n") && buffer_append_text(&body, kind == 1 ? "{\"k\":\"" : ""));
	put_pieces(&body, which, PIECES);
	assert_true(buffer_append_text(&body, kind == 1 ? "\"}" : pick(5) ? "" : "\xc3"));
	d.headers = buffer_view(&head);
	d.body = buffer_view(&body);
	d.body_size = body.len;
	d.event_type = bytes_of(pieces[which[0]]);
	if (!store_insert_delivery(s, &d, &id, &duplicate, &e))
		fail_msg("%s", e.text);
	buffer_free(&head);
	buffer_free(&body);
}

/* Of one to three terms, each a part of what some delivery has. */
static struct filter *make_filter(size_t texts[DELIVERIES][PIECES], struct buffer *text)
{
	static const char *const fields[] = { "body:", "", "header:x-own=", "event:", "target:" };
	struct filter_error fe;
	text->len = 0;
	for (size_t left = 1 + pick(3); left; left--) {
		size_t from = pick(PIECES), count = 1 + pick(PIECES - from < 4 ? PIECES - from : 4);
		assert_true(buffer_append_text(text, pick(8) ? "" : "-") && buffer_append_text(text, fields[pick(5)]) &&
			    buffer_put_u8(text, '"'));
		put_pieces(text, texts[pick(DELIVERIES)] + from, count);
		assert_true(buffer_append_text(text, left == 1 ? "\"" : pick(2) ? "\" " : "\" OR "));
	}
	assert_true(buffer_put_u8(text, 0));
	return filter_parse((const char *)text->at, NOW_US, &fe);
}

static int64_t count_matches(struct store *s, const struct filter *f)
{
	const struct store_search q = { .filter = f };
	struct error e;
	uint64_t count;
	if (!store_filter_count(s, &q, &count, &e))
		fail_msg("%s", e.text);
	return (int64_t)count;
}

static void test_finds_what_a_walk_finds(void **state)
{
	static size_t texts[DELIVERIES][PIECES];
	static struct filter *filters[FILTERS];
	static struct buffer spelt[FILTERS];
	static int64_t walked[FILTERS];
	struct store *s = open_store();
	struct error e;
	int some = 0;
	(void)state;
	assert_true(store_batch_ops.begin(s, &e));
	for (size_t i = 0; i < DELIVERIES; i++) {
		for (size_t k = 0; k < PIECES; k++)
			texts[i][k] = pick(sizeof pieces / sizeof *pieces);
		add_delivery(s, (uint8_t)(i + 1), texts[i]);
	}
	assert_true(store_batch_ops.commit(s, &e));
	for (size_t i = 0; i < FILTERS; i++) {
		filters[i] = make_filter(texts, &spelt[i]);
		walked[i] = filters[i] ? count_matches(s, filters[i]) : 0;
		some += walked[i] > 0 && walked[i] < DELIVERIES;
	}
	assert_true(some > FILTERS / 4);
	index_all(s);
	for (size_t i = 0; i < FILTERS; i++) {
		int64_t found = filters[i] ? count_matches(s, filters[i]) : 0;
		if (found != walked[i])
			fail_msg("%s: %lld, and %lld by the index", (const char *)spelt[i].at, (long long)walked[i],
				 (long long)found);
		filter_free(filters[i]);
		buffer_free(&spelt[i]);
	}
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_indexing_in_steps),
		IN_FOLDER(test_finds_what_a_walk_finds),
		IN_FOLDER(test_small_blocks_become_one),
		IN_FOLDER(test_large_blocks_end),
		IN_FOLDER(test_changes_beside_indexing),
		IN_FOLDER(test_deleting_takes_words_out),
		IN_FOLDER(test_a_damaged_index_hides_nothing),
		IN_FOLDER(test_a_damaged_index_goes_on),
		IN_FOLDER(test_cleaning_takes_words_out_at_once),
		IN_FOLDER(test_killed_the_index_is_whole),
	};
	return RUN(tests);
}
