#include <pthread.h>

#include "shared/store/store_stop.h"
#include "tests/unit/shared/search_fixture.h"
#include "shared/query/store_index.h"
#include "shared/query/store_part.h"
#include "shared/upkeep/store_prune.h"

static void nothing(void *user, const struct delivery_row *row)
{
	(void)user;
	(void)row;
}

/* ---- plans ---- */

static void test_plans(void **state)
{
	static const struct {
		const char *filter, *says, *says_not;
	} cases[] = {
		{ "", "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "TEMP B-TREE" },
		{ "status:5xx", "SEARCH d USING INDEX delivery_by_class (status_class=? AND id>? AND id<?)",
		  "TEMP B-TREE" },
		{ "status:4xx,5xx", "MERGE (UNION ALL)", "TEMP B-TREE" },
		{ "-status:2xx", "delivery_by_class (status_class=? AND id>? AND id<?)", "SCAN d" },
		{ "-status:2xx", "MERGE (UNION ALL)", "TEMP B-TREE" },
		{ "status:503 source:stripe", "delivery_by_class (status_class=? AND id>? AND id<?)", "TEMP B-TREE" },
		{ "status:>=400", "delivery_by_class (status_class=? AND id>? AND id<?)", "TEMP B-TREE" },
		{ "state:failed", "delivery_by_class (status_class=? AND id>? AND id<?)", "TEMP B-TREE" },
		{ "state:waiting", "delivery_by_class (status_class=? AND id>? AND id<?)", "MERGE" },
		{ "has:error", "MERGE (UNION ALL)", "TEMP B-TREE" },
		{ "id:1000", "SEARCH d USING INTEGER PRIMARY KEY", "TEMP B-TREE" },
		{ "source:stripe", "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "TEMP B-TREE" },
		{ "took:>1s OR status:5xx", "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "TEMP B-TREE" },
		{ "is:marked", "tag_by_name (name=? AND delivery_id>? AND delivery_id<?)", "SCAN" },
		{ "refund", "SCAN f VIRTUAL TABLE INDEX", "TEMP B-TREE" },
		{ "refund", "SEARCH d USING INTEGER PRIMARY KEY (rowid=?)", "TEMP B-TREE" },
		{ "body:cus_1042 status:5xx", "SCAN f VIRTUAL TABLE INDEX", "TEMP B-TREE" },
		{ "refund OR header:x-id=abc", "SCAN f VIRTUAL TABLE INDEX", "TEMP B-TREE" },
		{ "event:invoice.*", "SCAN f VIRTUAL TABLE INDEX", "TEMP B-TREE" },
		{ "refund OR status:5xx", "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "VIRTUAL TABLE" },
		{ "-refund", "SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "VIRTUAL TABLE" },
		{ "json:a=1", "SEARCH message USING INTEGER PRIMARY KEY (rowid=?)", "TEMP B-TREE" },
	};
	struct store *s = open_store();
	(void)state;
	fill_many(s, 300);
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct filter *f = parse(cases[i / 2].filter);
		struct store_search search = { .filter = f, .limit = 10, .forward = i % 2, .row = nothing };
		struct buffer plan = { 0 };
		struct error e;
		if (!store_filter_plan(s, &search, &plan, &e))
			fail_msg("%s: %s", cases[i / 2].filter, e.text);
		assert_true(buffer_put_u8(&plan, 0));
		if (!strstr((char *)plan.at, cases[i / 2].says) || strstr((char *)plan.at, cases[i / 2].says_not))
			fail_msg("%s: %s", cases[i / 2].filter, (char *)plan.at);
		buffer_free(&plan);
		filter_free(f);
	}
	store_close(s);
}

/* ---- slices ---- */

#define MANY 45000

static void expect_slices(const struct watch *w, int count, const int64_t at[][2])
{
	assert_int_equal(w->count, count);
	for (int i = 0; i < count; i++) {
		assert_int_equal(w->slices[i].from, at[i][0]);
		assert_int_equal(w->slices[i].to, at[i][1]);
	}
}

/* The slices lie side by side from one end to the other. */
static void expect_gapless(const struct watch *w, bool forward)
{
	int64_t at = forward ? 1 : MANY;
	for (int i = 0; i < w->count; i++) {
		assert_int_equal(forward ? w->slices[i].from : w->slices[i].to, at);
		assert_true(w->slices[i].from <= w->slices[i].to);
		at = forward ? w->slices[i].to + 1 : w->slices[i].from - 1;
	}
	assert_int_equal(at, forward ? MANY + 1 : 0);
}

static void test_slices(void **state)
{
	struct store *s = open_store();
	(void)state;
	fill_many(s, MANY);
	struct watch w = search(s, "status:503 took:>=40ms", 0, false, 100);
	expect_slices(&w, 3, (const int64_t[][2]){ { 25001, 45000 }, { 5001, 25000 }, { 1, 5000 } });
	assert_int_equal(w.slices[0].searched, 20000);
	assert_int_equal(w.slices[0].found, 51);
	assert_int_equal(w.slices[2].searched, MANY);
	assert_int_equal(w.slices[2].total, MANY);
	assert_true(w.rows == 51 && w.ids[0] == 45000 && w.ids[50] == 40000);
	/* The limit ends it, the anchor begins it. */
	w = search(s, "status:503 source:stripe", 101, true, 3);
	assert_int_equal(w.count, 1);
	assert_true(w.rows == 3 && w.ids[0] == 200 && w.ids[2] == 400);
	w = search(s, "status:503 source:stripe", 200, false, 3);
	assert_true(w.rows == 1 && w.ids[0] == 100);
	/* What an index tells whole is one slice. */
	w = search(s, "status:5xx", 0, false, 2);
	expect_slices(&w, 1, (const int64_t[][2]){ { 1, 45000 } });
	assert_true(w.rows == 2 && w.ids[0] == 45000 && w.ids[1] == 44900);
	/* What cannot be is not looked for. */
	w = search(s, "status:5xx -status:>=400 status:2xx", 0, false, 2);
	assert_int_equal(w.count, 0);
	w = search(s, "id:30000..30010 status:503", 0, false, 9);
	expect_slices(&w, 1, (const int64_t[][2]){ { 30000, 30010 } });
	w = search(s, "id:>45000 status:503", 0, false, 9);
	assert_int_equal(w.count, 0);
	store_close(s);
}

/* As another program may have given them: what lies between costs no slice. */
static void test_ids_far_apart(void **state)
{
	static const char *const filters[] = { "source:stripe", "took:>=0ms", "-refund", "body:word0", "json:a=1" };
	struct store *s = open_store();
	(void)state;
	fill_many(s, 99);
	index_up_to(s, 50);
	run_sql(s, "UPDATE delivery SET id = 9223372036854775806 WHERE id = 99;"
		   "UPDATE delivery SET id = 4611686018427387904 WHERE id = 98");
	for (size_t i = 0; i < 2 * sizeof filters / sizeof *filters; i++) {
		struct watch w = search(s, filters[i / 2], 0, i % 2, 300);
		assert_in_range(w.count, 1, 4);
		assert_int_equal(w.slices[w.count - 1].searched, w.slices[0].total);
		assert_int_equal(w.slices[0].total, 9223372036854775806);
		if (i < 4) {
			assert_int_equal(w.rows, 99);
			assert_int_equal(w.ids[i % 2 ? 98 : 0], 9223372036854775806);
			assert_int_equal(w.ids[i % 2 ? 97 : 1], 4611686018427387904);
		}
	}
	store_close(s);
}

static void test_words_are_looked_up_as_far_as_they_are_indexed(void **state)
{
	struct store *s = open_store();
	(void)state;
	fill_many(s, MANY);
	index_up_to(s, 30050);
	struct watch w = search(s, "body:word300", 0, false, 300);
	/* No slice on both sides of the mark; below it one, above it several, which adapt to the time they take. */
	expect_gapless(&w, false);
	assert_true(w.count > 2);
	assert_true(w.slices[w.count - 1].from == 1 && w.slices[w.count - 1].to == 30050);
	assert_int_equal(w.rows, 100);
	assert_true(w.ids[0] == 30099 && w.ids[99] == 30000);
	w = search(s, "body:word300", 0, true, 300);
	expect_gapless(&w, true);
	assert_true(w.count > 2);
	assert_true(w.slices[0].from == 1 && w.slices[0].to == 30050);
	assert_int_equal(w.rows, 100);
	/* The index is believed where it says no: words it was not told are not found below its mark. */
	run_sql(s, "UPDATE message SET body = CAST('secret' AS BLOB) WHERE id IN (100 * 4096, 40000 * 4096)");
	w = search(s, "body:secret", 0, true, 300);
	assert_true(w.rows == 1 && w.ids[0] == 40000);
	store_close(s);
}

static void test_stopping(void **state)
{
	struct store *s = open_store();
	struct watch w = { .stop_at = 2 };
	struct filter *f = parse("took:>1d");
	struct store_search q = { .filter = f, .limit = 9, .row = on_row, .slice = on_slice, .user = &w };
	struct error e;
	uint64_t count;
	(void)state;
	fill_many(s, MANY);
	assert_true(store_filter(s, &q, &e));
	assert_int_equal(w.count, 2);
	w = (struct watch){ .interrupt = s };
	assert_false(store_filter(s, &q, &e));
	assert_int_equal(w.count, 1);
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	/* It holds until it is taken back. */
	assert_false(store_filter_count(s, &q, &count, &e));
	store_resume(s);
	w = (struct watch){ 0 };
	assert_true(store_filter_count(s, &q, &count, &e));
	assert_int_equal(w.count, 3);
	filter_free(f);
	store_close(s);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t began = PTHREAD_COND_INITIALIZER;
static bool has_begun;

static void on_first_row(void *user, const struct delivery_row *row)
{
	(void)user;
	(void)row;
	pthread_mutex_lock(&lock);
	has_begun = true;
	pthread_cond_signal(&began);
	pthread_mutex_unlock(&lock);
}

static void *interrupt_it(void *s)
{
	pthread_mutex_lock(&lock);
	while (!has_begun)
		pthread_cond_wait(&began, &lock);
	pthread_mutex_unlock(&lock);
	store_interrupt(s);
	return NULL;
}

/* From another thread, in the middle of a statement: over and over, since the search may end first. */
static void test_interrupting_a_statement(void **state)
{
	struct store *s = open_store();
	struct filter *f = parse("*x*");
	struct store_search q = { .filter = f, .limit = UINT64_MAX, .row = on_first_row };
	struct error e;
	bool interrupted = false;
	(void)state;
	fill_many(s, MANY);
	for (int i = 0; i < 1000 && !interrupted; i++) {
		pthread_t thread;
		has_begun = false;
		assert_int_equal(pthread_create(&thread, NULL, interrupt_it, s), 0);
		interrupted = !store_filter(s, &q, &e);
		assert_int_equal(pthread_join(thread, NULL), 0);
		store_resume(s);
	}
	assert_true(interrupted);
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_true(store_filter(s, &q, &e));
	filter_free(f);
	store_close(s);
}

/* ---- searches by words give what a walk through all rows gives ---- */

static unsigned draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

static void put_random_text(unsigned *seed, struct buffer *out)
{
	static const char *const pieces[] = { "refund",
					      "REFUND",
					      "refunds",
					      "caf\xc3\xa9",
					      "CAF\xc3\x89",
					      "\xff\xfe",
					      "a",
					      "ab",
					      "abc",
					      "order_17",
					      "order-17",
					      "x/y?z=1",
					      "\xce\xa3\xce\xa3",
					      "\xcf\x82",
					      "0123456789abcdef0123456789abcdef",
					      "0123456789abcdef0123456789ABCDEFg",
					      "0123456789abcdef0123456789abcdefh" };
	static const char *const between[] = { " ", "", ".", "\n", "\"", "_" };
	out->len = 0;
	for (unsigned i = draw(seed, 6) + 1; i > 0; i--)
		assert_true(buffer_append_text(out, pieces[draw(seed, sizeof pieces / sizeof *pieces)]) &&
			    buffer_append_text(out, between[draw(seed, sizeof between / sizeof *between)]));
}

static void insert_random(struct store *s, unsigned *seed, unsigned n)
{
	struct store_delivery d = filter_delivery(0);
	struct buffer body = { 0 }, target = { 0 }, headers = { 0 }, value = { 0 };
	struct error e;
	int64_t id;
	bool duplicate;
	put_random_text(seed, &body);
	put_random_text(seed, &target);
	put_random_text(seed, &value);
	assert_true(buffer_append_text(&headers, "X-Word: "));
	for (size_t i = 0; i < value.len; i++)
		assert_true(value.at[i] == '\n' || buffer_put_u8(&headers, value.at[i]));
	assert_true(buffer_append_text(&headers, "\r\n"));
	memcpy(d.event_id, &n, sizeof n);
	d.body = buffer_view(&body);
	d.body_size = body.len;
	d.target = buffer_view(&target);
	d.headers = buffer_view(&headers);
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e) && !duplicate);
	buffer_free(&body);
	buffer_free(&target);
	buffer_free(&headers);
	buffer_free(&value);
}

/* Their number, and the sum of their ids, weighted by their place. */
struct answer {
	uint64_t rows, sum;
};

static void on_answer(void *user, const struct delivery_row *row)
{
	struct answer *a = user;
	a->sum += ++a->rows * (uint64_t)row->id;
}

static struct answer ask(struct store *s, const struct filter *f, bool forward)
{
	struct answer a = { 0, 0 };
	struct store_search q = { .filter = f, .forward = forward, .limit = 100000, .row = on_answer, .user = &a };
	struct error e;
	if (!store_filter(s, &q, &e))
		fail_msg("%s", e.text);
	return a;
}

static void expect_same_answers(struct store *s)
{
	static const char *const texts[] = {
		"refund",
		"refund caf\xc3\xa9",
		"refund OR order_17",
		"body:refund -order",
		"(refund abc) OR (caf\xc3\xa9 ab)",
		"body:\"order 17\"",
		"order-17",
		"\xcf\x83\xcf\x83",
		"0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdefg",
		"01234567",
		"header:x-word=refund",
		"target:x/y*",
		"target:abc",
		"nowhere",
		"body:abc,refunds,nowhere",
		"-(refund) abc",
		"\"\xff\xfe\"",
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct filter_error fe;
		struct filter *f = filter_parse(texts[i], NOW_US, &fe);
		assert_non_null(f);
		for (int forward = 0; forward < 2; forward++) {
			struct answer by_words = ask(s, f, forward), walked;
			int64_t mark = indexed(s);
			run_sql(s, "UPDATE search_mark SET indexed = 0");
			walked = ask(s, f, forward);
			char sql[80];
			snprintf(sql, sizeof sql, "UPDATE search_mark SET indexed = %lld", (long long)mark);
			run_sql(s, sql);
			if (by_words.rows != walked.rows || by_words.sum != walked.sum)
				fail_msg("%s: %d by words, %d in all", texts[i], (int)by_words.rows, (int)walked.rows);
		}
		filter_free(f);
	}
}

static void test_same_answers_as_a_walk(void **state)
{
	struct store *s = open_store();
	struct error e;
	unsigned seed = 5, n = 1;
	(void)state;
	assert_true(store_set_relaxed(s, &e));
	for (int round = 0; round < 12; round++) {
		for (unsigned more = draw(&seed, 90) + 1; more > 0; more--)
			insert_random(s, &seed, n++);
		if (round % 3)
			index_all(s);
		for (unsigned gone = draw(&seed, 12); gone > 0; gone--)
			assert_true(store_delete(s, (int64_t)draw(&seed, n) + 1, &e));
		expect_same_answers(s);
	}
	check_index(s);
	store_close(s);
}

/* ---- pruning ---- */

static struct store_pruned prune(struct store *s, const struct store_prune *p)
{
	struct store_pruned out;
	struct error e;
	if (!store_prune(s, p, &out, &e))
		fail_msg("%s", e.text);
	return out;
}

static void test_pruning_by_filter(void **state)
{
	struct store *s = open_store();
	struct filter *f = parse("source:stripe OR refund OR id:14");
	struct store_prune p = { .filter = f, .dry_run = true };
	(void)state;
	fill_filter_store(s);
	index_up_to(s, 9);
	/* 7 and 8 are waiting and sending, 14 is the newest. */
	assert_int_equal(prune(s, &p).count, 5);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM delivery"), SAMPLES);
	p.dry_run = false;
	assert_int_equal(prune(s, &p).count, 5);
	assert_int_equal(prune(s, &p).count, 0);
	assert_int_equal(read_sql(s, "SELECT sum(id) FROM delivery"), 4 + 5 + 7 + 8 + 9 + 10 + 12 + 13 + 14);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM attempt WHERE delivery_id IN (1, 2, 3, 6, 11)"), 0);
	check_index(s);
	filter_free(f);
	store_close(s);
}

static bool stop_at_once(void *user)
{
	(void)user;
	return true;
}

static void test_pruning_by_size(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	for (int i = 0; i < 300; i++) {
		struct store_delivery d = filter_delivery(12);
		memcpy(d.event_id, &i, sizeof i);
		d.state = i == 0 ? DELIVERY_WAITING : DELIVERY_HELD;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	struct store_prune p = { .max_bytes = 10 << 20 };
	struct store_pruned out = prune(s, &p);
	assert_true(out.bytes_before > 23000000);
	assert_true(out.bytes_after <= 10 << 20 && out.bytes_after > 1 << 20);
	/* The oldest went, but for what waits. */
	assert_int_equal(read_sql(s, "SELECT count(*) FROM delivery"), 300 - (int64_t)out.count);
	assert_int_equal(read_sql(s, "SELECT max(id) - min(id) + 1 = count(*) FROM delivery WHERE id > 1"), 1);
	assert_int_equal(read_sql(s, "SELECT max(id) FROM delivery"), 300);
	assert_int_equal(prune(s, &p).count, 0);
	p = (struct store_prune){ .stop = stop_at_once };
	uint64_t first = prune(s, &p).count;
	assert_true(first > 0 && first <= 32);
	p.stop = NULL;
	/* All but the waiting one and the newest. */
	assert_int_equal(prune(s, &p).count + first + out.count, 298);
	assert_int_equal(read_sql(s, "SELECT sum(id) FROM delivery"), 301);
	store_close(s);
}

static struct store *store_of_answers(int count, size_t answer)
{
	struct store *s = open_store();
	uint8_t *body = calloc(1, answer);
	struct error e;
	bool duplicate;
	assert_non_null(body);
	for (int i = 0; i < count; i++) {
		struct store_delivery d = filter_delivery(1);
		int64_t id;
		memcpy(d.event_id, &i, sizeof i);
		d.state = DELIVERY_DELIVERED;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
		struct store_attempt a = { .delivery_id = id,
					   .status = 200,
					   .headers = bytes_of("A: b\r\n"),
					   .body = bytes_make(body, answer),
					   .body_size = answer };
		assert_true(store_insert_attempt(s, &a, &e));
	}
	free(body);
	return s;
}

static void test_long_answers_give_way_first(void **state)
{
	struct store *s = store_of_answers(100, 100000);
	struct store_prune p = { .max_bytes = 4 << 20 };
	struct store_pruned out = prune(s, &p);
	(void)state;
	assert_int_equal(out.count, 0);
	assert_true(out.answers > 50 && out.answers < 100);
	assert_true(out.bytes_after <= p.max_bytes);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM attempt WHERE cut = 3"), (int64_t)out.answers);
	assert_int_equal(read_sql(s, "SELECT max(delivery_id) FROM attempt WHERE cut = 3"), (int64_t)out.answers);
	assert_int_equal(read_sql(s, "SELECT sum(length(body) > 0) FROM message WHERE id % 4096 = 1"),
			 100 - (int64_t)out.answers);
	assert_int_equal(prune(s, &p).answers, 0);
	store_close(s);
}

static void test_long_answers_of_a_filter(void **state)
{
	struct store *s = store_of_answers(100, 100000);
	struct filter *f = parse("id:10..19 OR id:90..100");
	struct store_prune p = { .filter = f, .max_bytes = 1 << 20 };
	struct store_pruned out = prune(s, &p);
	(void)state;
	/* It cannot be reached: then what matches has gone, and nothing else. The newest stays without its answer. */
	assert_int_equal(read_sql(s, "SELECT count(*) FROM delivery"), 100 - (int64_t)out.count);
	assert_int_equal(out.count, 20);
	assert_int_equal(read_sql(s, "SELECT count(*) FROM attempt WHERE cut = 3 AND delivery_id <> 100"), 0);
	assert_int_equal(read_sql(s, "SELECT cut FROM attempt WHERE delivery_id = 100"), 3);
	filter_free(f);
	store_close(s);
}

static void test_requests_beyond_their_share_go(void **state)
{
	struct store *s = store_of_answers(20, 100000);
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	for (int i = 100; i < 200; i++) { /* about 78 KiB each */
		struct store_delivery d = filter_delivery(12);
		memcpy(d.event_id, &i, sizeof i);
		d.state = DELIVERY_DELIVERED;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	struct store_prune p = { .max_bytes = 4 << 20 };
	struct store_pruned out = prune(s, &p);
	assert_true(out.bytes_after <= p.max_bytes);
	assert_true(out.count > 20);
	assert_int_equal(read_sql(s, "SELECT min(id) FROM delivery"), (int64_t)out.count + 1);
	store_close(s);
}

static void test_settled(void **state)
{
	struct store *s = open_store();
	struct error e;
	int64_t id;
	(void)state;
	assert_true(store_settled(s, 0, &id, &e));
	assert_int_equal(id, 0);
	fill_filter_store(s);
	assert_true(store_settled(s, 0, &id, &e));
	assert_int_equal(id, 6);
	assert_true(store_settled(s, 8, &id, &e));
	assert_int_equal(id, 8); /* 9 is held */
	assert_true(store_settled(s, 9, &id, &e));
	assert_int_equal(id, SAMPLES);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_plans),
		IN_FOLDER(test_slices),
		IN_FOLDER(test_ids_far_apart),
		IN_FOLDER(test_words_are_looked_up_as_far_as_they_are_indexed),
		IN_FOLDER(test_stopping),
		IN_FOLDER(test_interrupting_a_statement),
		IN_FOLDER(test_same_answers_as_a_walk),
		IN_FOLDER(test_pruning_by_filter),
		IN_FOLDER(test_pruning_by_size),
		IN_FOLDER(test_long_answers_give_way_first),
		IN_FOLDER(test_long_answers_of_a_filter),
		IN_FOLDER(test_requests_beyond_their_share_go),
		IN_FOLDER(test_settled),
	};
	return RUN(tests);
}
