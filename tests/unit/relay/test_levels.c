/* What waits at each node of a cluster. */
#include "relay/shares/levels.h"
#include "tests/unit/unit.h"

static struct levels *levels;
static uint64_t now;
static const uint8_t second[LEVELS_NODE_LEN] = { 2 }, third[LEVELS_NODE_LEN] = { 3 }, nobody[LEVELS_NODE_LEN];

static int set_up(void **state)
{
	(void)state;
	levels = levels_new();
	now = 1000;
	return levels ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	levels_free(levels);
	return 0;
}

static struct level level(const char *tunnel, const char *key, uint64_t count, uint64_t bytes)
{
	return (struct level){ .tunnel = bytes_of(tunnel), .key = bytes_of(key), .count = count, .bytes = bytes };
}

static void note(const char *tunnel, const char *key, uint64_t count)
{
	const struct level v = level(tunnel, key, count, 10 * count);
	assert_true(levels_note(levels, &v));
}

static void take(const uint8_t *node, const char *tunnel, const char *key, uint64_t count, uint64_t bytes)
{
	const struct level v = level(tunnel, key, count, bytes);
	assert_true(levels_take(levels, node, &v, now));
}

/* The next change is of that tunnel and says so many; returns its number. */
static uint64_t expect(uint64_t after, const char *tunnel, uint64_t count)
{
	struct level v;
	assert_true(levels_next(levels, after, &v));
	assert_true(bytes_equal(v.tunnel, bytes_of(tunnel)));
	assert_int_equal(v.count, count);
	assert_int_equal(v.bytes, 10 * count);
	assert_true(v.number > after);
	return v.number;
}

static void test_changes_here(void **state)
{
	struct level v;
	(void)state;
	assert_false(levels_next(levels, 0, &v));
	note("shop", "k", 0); /* nothing waited before either */
	assert_false(levels_next(levels, 0, &v));
	note("shop", "k", 1);
	note("blog", "k", 2);
	note("shop", "", 5);
	note("shop", "k", 3); /* the last word counts, once */
	uint64_t at = expect(0, "blog", 2);
	at = expect(at, "shop", 5);
	at = expect(at, "shop", 3);
	assert_false(levels_next(levels, at, &v));
	/* That nothing waits any more is said too, and then forgotten. */
	note("blog", "k", 0);
	levels_told(levels, at);
	const uint64_t last = expect(at, "blog", 0);
	levels_told(levels, last);
	assert_false(levels_next(levels, at, &v));
	assert_int_equal(expect(0, "shop", 5), at - 1); /* one that comes later is told all there is */
	note("blog", "k", 4);
	assert_int_equal(expect(last, "blog", 4), last + 1);
}

static void test_others(void **state)
{
	(void)state;
	assert_int_equal(levels_elsewhere(NULL, "shop"), 0);
	assert_int_equal(levels_elsewhere(levels, "shop"), 0);
	take(second, "shop", "k", 1, 100);
	take(second, "shop", "l", 1, 20);
	take(third, "shop", "k", 1, 3);
	take(third, "shops", "k", 1, 50000);
	take(third, "blog", "k", 0, 0);
	assert_int_equal(levels_elsewhere(levels, "shop"), 123);
	take(second, "shop", "k", 2, 50);
	assert_int_equal(levels_elsewhere(levels, "shop"), 73);
	take(second, "shop", "k", 0, 7); /* nothing waits, whatever it says of its size */
	assert_int_equal(levels_elsewhere(levels, "shop"), 23);
	note("shop", "k", 9); /* what is here is not elsewhere */
	take(nobody, "shop", "k", 1, 1000);
	assert_int_equal(levels_elsewhere(levels, "shop"), 1023);
	levels_forget(levels, nobody);
	expect(0, "shop", 9);
	levels_forget(levels, third);
	assert_int_equal(levels_elsewhere(levels, "shop"), 20);
	assert_int_equal(levels_elsewhere(levels, "shops"), 0);
	levels_forget(levels, third);
	levels_forget(levels, second);
	assert_int_equal(levels_elsewhere(levels, "shop"), 0);
}

static void test_names_that_cannot_be(void **state)
{
	char longest[300];
	(void)state;
	memset(longest, 'x', sizeof longest);
	struct level v = { .tunnel = bytes_make(longest, 256), .count = 1 };
	assert_false(levels_take(levels, second, &v, now));
	v.tunnel = bytes_of("");
	assert_false(levels_take(levels, second, &v, now));
	v.tunnel = bytes_make(longest, 255);
	v.key = bytes_make(longest, 255);
	v.bytes = 4;
	assert_true(levels_take(levels, second, &v, now));
	longest[255] = '\0';
	assert_int_equal(levels_elsewhere(levels, longest), 4);
}

/* ---- for the next start ---- */

/* The next row is of that node's mailbox and says so. */
static struct levels_row row(const uint8_t *node, const char *tunnel, const char *key, uint64_t count, uint64_t bytes)
{
	struct levels_row r;
	assert_true(levels_next_row(levels, &r));
	assert_memory_equal(r.node, node, sizeof r.node);
	assert_true(bytes_equal(r.level.tunnel, bytes_of(tunnel)));
	assert_true(bytes_equal(r.level.key, bytes_of(key)));
	assert_int_equal(r.level.count, count);
	assert_int_equal(r.level.bytes, bytes);
	return r;
}

static void no_row(void)
{
	struct levels_row r;
	assert_false(levels_next_row(levels, &r));
}

/* It ends, and begins anew with that row. */
static void begin_anew(const struct levels_row *r, bool is_there)
{
	struct levels_row copy = *r;
	copy.level.tunnel.at = copy.name;
	copy.level.key.at = copy.name + copy.level.tunnel.len;
	levels_free(levels);
	levels = levels_new();
	assert_non_null(levels);
	assert_true(levels_recall(levels, &copy, is_there));
}

static void test_rows(void **state)
{
	(void)state;
	no_row();
	take(second, "shop", "k", 1, 100);
	take(second, "shop", "k", 2, 200);
	take(third, "shop", "", 1, 7);
	assert_int_equal(row(second, "shop", "k", 2, 200).said_at_us, 1000);
	row(third, "shop", "", 1, 7);
	no_row();
	/* What came and went before it was kept needs no row. */
	take(second, "shop", "l", 1, 5);
	take(second, "shop", "l", 0, 0);
	no_row();
	take(third, "shop", "", 0, 0);
	row(third, "shop", "", 0, 0);
	levels_forget(levels, second);
	row(second, "shop", "k", 0, 0);
	no_row();
	levels_forget(levels, second);
	no_row();
	note("shop", "k", 3); /* what is here is in the spool */
	no_row();
}

static void test_rows_are_recalled(void **state)
{
	(void)state;
	take(second, "shop", "k", 3, 300);
	struct levels_row r = row(second, "shop", "k", 3, 300);
	begin_anew(&r, false);
	assert_int_equal(levels_elsewhere(levels, "shop"), 300);
	no_row();
	/* Its node says something else. */
	levels_forget(levels, second);
	take(second, "shop", "k", 1, 90);
	assert_int_equal(levels_elsewhere(levels, "shop"), 90);
	r = row(second, "shop", "k", 1, 90);
	/* It has said so before the rows were read: one of them is old, and another is to be deleted. */
	begin_anew(&r, true);
	assert_int_equal(levels_elsewhere(levels, "shop"), 0);
	row(second, "shop", "k", 0, 0);
	no_row();
	take(second, "shop", "k", 1, 90);
	row(second, "shop", "k", 1, 90);
	take(second, "shop", "k", 5, 500);
	assert_true(
	    levels_recall(levels, &(struct levels_row){ .node = { 2 }, .level = level("shop", "k", 1, 90) }, false));
	assert_int_equal(levels_elsewhere(levels, "shop"), 500);
}

static void test_rows_are_bounded(void **state)
{
	char name[16];
	struct levels_row r;
	unsigned count = 0;
	(void)state;
	for (unsigned i = 0; i < LEVELS_KEPT_MOST + 10; i++) {
		snprintf(name, sizeof name, "t%u", i);
		take(second, name, "k", 1, 1);
	}
	while (levels_next_row(levels, &r))
		count++;
	assert_int_equal(count, LEVELS_KEPT_MOST);
	assert_int_equal(levels_elsewhere(levels, name), 1);
	/* Where one goes another can be kept. */
	take(second, "t0", "k", 0, 0);
	take(second, name, "k", 2, 2);
	row(second, "t0", "k", 0, 0);
	row(second, name, "k", 2, 2);
	no_row();
}

static bool is_second(void *user, const uint8_t node[LEVELS_NODE_LEN])
{
	(void)user;
	return memcmp(node, second, LEVELS_NODE_LEN) == 0;
}

static void test_what_is_old(void **state)
{
	struct levels_row r;
	(void)state;
	take(second, "shop", "k", 1, 1);
	take(third, "shop", "k", 1, 10);
	now = 5000;
	take(third, "blog", "k", 1, 100);
	while (levels_next_row(levels, &r))
		;
	levels_expire(levels, 1000, is_second, NULL);
	assert_int_equal(levels_elsewhere(levels, "shop"), 11);
	levels_expire(levels, 1001, is_second, NULL); /* one that is there says itself what has expired */
	assert_int_equal(levels_elsewhere(levels, "shop"), 1);
	assert_int_equal(levels_elsewhere(levels, "blog"), 100);
	row(third, "shop", "k", 0, 0);
	no_row();
}

/* ---- taken over ---- */

static void adopt(const uint8_t *node, const char *tunnel, const char *key, uint64_t count, uint64_t bytes)
{
	const struct level v = level(tunnel, key, count, bytes);
	assert_true(levels_adopt(levels, node, &v, now));
}

static void take_adopted(const uint8_t *node, const char *tunnel, uint64_t count, uint64_t bytes, uint64_t at_us)
{
	const struct level v = level(tunnel, "k", count, bytes);
	assert_true(levels_take_adopted(levels, node, &v, at_us));
}

static void add_up(void *user, const uint8_t node[LEVELS_NODE_LEN], const struct level *v, uint64_t at_us)
{
	uint64_t *sum = user;
	assert_int_equal(node[0], 2);
	assert_true(at_us > 0);
	*sum += 1 + v->bytes;
}

static uint64_t adopted(const uint8_t *node)
{
	uint64_t sum = 0;
	levels_each_adopted(levels, node, add_up, &sum);
	return sum;
}

static void test_what_was_taken_over(void **state)
{
	(void)state;
	take(second, "shop", "k", 3, 300);
	take(second, "shop", "l", 1, 20);
	take(third, "shop", "k", 1, 1000);
	while (levels_next_row(levels, &(struct levels_row){ .node = { 0 } }))
		;
	assert_int_equal(adopted(NULL), 0);
	now = 2000;
	adopt(second, "shop", "k", 1, 100);
	adopt(second, "shop", "k", 1, 110);
	assert_int_equal(levels_elsewhere(levels, "shop"), 90 + 20 + 1000); /* what was not copied is there still */
	assert_int_equal(adopted(second), 91);
	assert_int_equal(adopted(third), 0);
	struct levels_row r = row(second, "shop", "k", 1, 90);
	assert_int_equal(r.said_at_us, 1000);
	assert_int_equal(r.adopted_at_us, 2000);
	/* All of it, and more: that it is nothing has to be known until the node says so, also after a start. */
	adopt(second, "shop", "k", 1, 100);
	adopt(second, "shop", "l", 2, 20);
	assert_int_equal(levels_elsewhere(levels, "shop"), 1000);
	assert_int_equal(adopted(NULL), 2);
	r = row(second, "shop", "k", 0, 0);
	row(second, "shop", "l", 0, 0);
	begin_anew(&r, false);
	assert_int_equal(adopted(NULL), 1);
	no_row();
	levels_forget(levels, second);
	assert_int_equal(adopted(NULL), 0);
	row(second, "shop", "k", 0, 0);
	/* Of a node that was never heard. */
	adopt(second, "shop", "k", 1, 100);
	assert_int_equal(levels_elsewhere(levels, "shop"), 0);
	assert_int_equal(adopted(NULL), 1);
}

#define HOUR_US (UINT64_C(3600) * 1000000)

static void test_another_took_over(void **state)
{
	(void)state;
	take_adopted(second, "shop", 0, 0, 5); /* not known, and nothing left */
	no_row();
	take_adopted(second, "shop", 1, 20, 5);
	assert_int_equal(levels_elsewhere(levels, "shop"), 20);
	take_adopted(second, "shop", 1, 30, 5); /* heard before */
	take_adopted(second, "shop", 1, 40, 4);
	assert_int_equal(levels_elsewhere(levels, "shop"), 20);
	take_adopted(second, "shop", 0, 0, 6);
	assert_int_equal(levels_elsewhere(levels, "shop"), 0);
	assert_int_equal(adopted(second), 1); /* it is told on */
	/* It was there since then. */
	now = 2 * HOUR_US;
	take(second, "shop", "k", 7, 70);
	take_adopted(second, "shop", 1, 10, HOUR_US);
	assert_int_equal(levels_elsewhere(levels, "shop"), 70);
	take_adopted(second, "shop", 1, 10, 2 * HOUR_US - 1000); /* clocks are not the same everywhere */
	assert_int_equal(levels_elsewhere(levels, "shop"), 10);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_changes_here),         CASE(test_others),
					    CASE(test_names_that_cannot_be), CASE(test_rows),
					    CASE(test_rows_are_recalled),    CASE(test_rows_are_bounded),
					    CASE(test_what_is_old),          CASE(test_what_was_taken_over),
					    CASE(test_another_took_over) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
