#include "shared/query/store_order.h"
#include "shared/store/store_stop.h"

#include "tests/unit/shared/store_fixture.h"

static void run_sql(struct store *s, const char *sql)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
}

/* Five of their own, then `more` like the first but quicker each than the one before. */
static struct store *filled(int more)
{
	char sql[900];
	struct store *s = open_store();
	snprintf(
	    sql, sizeof sql,
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
	    " INSERT INTO delivery (id, event_id, tunnel, received_at, method, target, path, prefix, peer, https, "
	    "has_body, provider, event_type, signature, state, status, status_class, took_us, attempts, "
	    "request_bytes, response_bytes, origin, replay_of, reached_at) SELECT i, randomblob(16), 'dev', i, "
	    "'POST', '/x', '/x', '', '', 0, 1, 'stripe', 'invoice.paid', 'none', 2, 200, 2, 2000000 - i, 1, i %% 7, "
	    "1, 0, NULL, NULL FROM n;",
	    5 + more);
	run_sql(s, sql);
	run_sql(s, "INSERT INTO message SELECT id * 4096, CAST('Host: h' || (id % 3) || char(13, 10) AS BLOB), x'', "
		   "x'', NULL FROM delivery");
	run_sql(s, "UPDATE delivery SET took_us = NULL, status = 0, status_class = 6, provider = '' WHERE id = 1;"
		   "UPDATE delivery SET took_us = 9, event_type = '', target = 'a/b', status = 404, status_class = 4"
		   " WHERE id = 2;"
		   "UPDATE delivery SET took_us = 5000000, provider = 'GitHub', method = 'GET' WHERE id = 3;"
		   "UPDATE delivery SET took_us = 9, status = 0, status_class = 0, state = 0 WHERE id = 4;"
		   "UPDATE delivery SET took_us = 70, attempts = 3, replay_of = 2, status = 503, status_class = 5"
		   " WHERE id = 5;"
		   "INSERT INTO tag VALUES (2, 'marked'), (3, 'bug'), (3, 'zebra'), (5, 'alpha')");
	return s;
}

static struct store_ordered find(struct store *s, const char *filter, enum store_order_key key, bool descending,
				 size_t most)
{
	struct filter_error fe;
	struct error e = { 0 };
	struct store_ordered out;
	struct store_order_search search = { .filter = filter_parse(filter, 0, &fe),
					     .order = { key, descending, most } };
	if (!store_order_find(s, &search, &out, &e))
		fail_msg("%s", e.text);
	filter_free((struct filter *)search.filter);
	return out;
}

static void test_each_column(void **state)
{
	static const struct {
		enum store_order_key key;
		bool descending;
		int64_t ids[5];
	} cases[] = {
		/* What is missing is last in both directions; equals are newest first. */
		{ STORE_ORDER_TOOK, true, { 3, 5, 4, 2, 1 } },
		{ STORE_ORDER_TOOK, false, { 4, 2, 5, 3, 1 } },
		{ STORE_ORDER_STATUS, true, { 1, 5, 2, 3, 4 } },
		{ STORE_ORDER_STATUS, false, { 4, 3, 2, 5, 1 } },
		{ STORE_ORDER_METHOD, false, { 3, 5, 4, 2, 1 } },
		{ STORE_ORDER_SOURCE, false, { 3, 5, 4, 2, 1 } }, /* GitHub as github */
		{ STORE_ORDER_SOURCE, true, { 5, 4, 2, 3, 1 } },
		{ STORE_ORDER_EVENT, false, { 2, 5, 4, 3, 1 } },
		{ STORE_ORDER_PATH, true, { 2, 5, 4, 3, 1 } },
		{ STORE_ORDER_ATTEMPTS, true, { 5, 4, 3, 2, 1 } },
		{ STORE_ORDER_SIZE, true, { 5, 4, 3, 2, 1 } },
		{ STORE_ORDER_SIZE, false, { 1, 2, 3, 4, 5 } },
		{ STORE_ORDER_REPLAY_OF, false, { 5, 4, 3, 2, 1 } },
		{ STORE_ORDER_HOST, false, { 3, 4, 1, 5, 2 } },
		{ STORE_ORDER_TAG, true, { 3, 5, 4, 2, 1 } }, /* a mark is no tag */
		{ STORE_ORDER_TUNNEL, false, { 5, 4, 3, 2, 1 } },
		{ STORE_ORDER_PEER, true, { 5, 4, 3, 2, 1 } },
	};
	struct store *s = filled(0);
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store_ordered o = find(s, "", cases[i].key, cases[i].descending, 100);
		assert_int_equal(o.count, 5);
		assert_int_equal(o.matched, 5);
		for (size_t k = 0; k < 5; k++)
			if (o.ids[k] != cases[i].ids[k])
				fail_msg("case %zu, place %zu: %lld", i, k, (long long)o.ids[k]);
		store_ordered_free(&o);
	}
	store_close(s);
}

static void test_the_first_of_many(void **state)
{
	struct store *s = filled(60000);
	(void)state;
	struct store_ordered o = find(s, "-status:4xx", STORE_ORDER_TOOK, true, 1000);
	assert_int_equal(o.count, 1000);
	assert_int_equal(o.matched, 60004);
	assert_int_equal(o.ids[0], 3);
	for (size_t i = 1; i < 1000; i++) /* the older, the slower */
		assert_int_equal(o.ids[i], 5 + i);
	store_ordered_free(&o);
	o = find(s, "status:4xx", STORE_ORDER_TOOK, true, 1000); /* off the index */
	assert_int_equal(o.count, 1);
	assert_int_equal(o.matched, 1);
	store_ordered_free(&o);
	o = find(s, "source:nobody", STORE_ORDER_TOOK, true, 1000);
	assert_int_equal(o.count, 0);
	store_ordered_free(&o);
	store_close(s);
}

static void test_a_part_has_its_values(void **state)
{
	struct store *s = filled(0);
	struct store_ordered o;
	struct error e = { 0 };
	const struct store_order_search took = { .order = { STORE_ORDER_TOOK, true, 100 },
						 .before = 4,
						 .values = true };
	const struct store_order_search source = { .order = { STORE_ORDER_SOURCE, false, 100 }, .values = true };
	(void)state;
	assert_true(store_order_find(s, &took, &o, &e));
	assert_int_equal(o.count, 3);
	assert_true(o.ids[0] == 3 && o.ids[1] == 2 && o.ids[2] == 1);
	assert_true(store_ordered_value(&o, 0).is_number && store_ordered_value(&o, 0).number == 5000000);
	assert_true(!store_ordered_value(&o, 2).is_number && !store_ordered_value(&o, 2).text.at);
	store_ordered_free(&o);
	assert_true(store_order_find(s, &source, &o, &e));
	assert_int_equal(o.ids[0], 3);
	assert_true(bytes_equal(store_ordered_value(&o, 0).text, bytes_of("github")));
	store_ordered_free(&o);
	store_close(s);
}

static bool on_progress(void *user, struct store_order_run *run, const struct store_slice *slice)
{
	struct store_ordered so_far;
	uint64_t *seen = user;
	assert_true(store_order_so_far(run, &so_far));
	assert_int_equal(so_far.matched, slice->searched);
	assert_true(so_far.count == 10 && slice->searched > *seen && slice->searched <= slice->total);
	store_ordered_free(&so_far);
	*seen = slice->searched;
	return slice->searched < 40000;
}

static void test_progress_and_interruption(void **state)
{
	struct store *s = filled(60000);
	struct store_ordered o;
	struct error e = { 0 };
	uint64_t seen = 0;
	struct store_order_search search = { .order = { STORE_ORDER_SIZE, true, 10 },
					     .progress = on_progress,
					     .user = &seen };
	(void)state;
	assert_true(store_order_find(s, &search, &o, &e)); /* ends where progress said so */
	assert_true(seen >= 40000 && o.matched == seen && o.count == 10);
	store_ordered_free(&o);
	store_interrupt(s);
	assert_false(store_order_find(s, &search, &o, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_null(o.ids);
	store_resume(s);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_each_column),
		IN_FOLDER(test_the_first_of_many),
		IN_FOLDER(test_a_part_has_its_values),
		IN_FOLDER(test_progress_and_interruption),
	};
	return RUN(tests);
}
