/* What waits at each node of a cluster. */
#include "relay/shares/levels.h"
#include "tests/unit/unit.h"

static struct levels *levels;
static const uint8_t second[LEVELS_NODE_LEN] = { 2 }, third[LEVELS_NODE_LEN] = { 3 }, nobody[LEVELS_NODE_LEN];

static int set_up(void **state)
{
	(void)state;
	levels = levels_new();
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
	assert_true(levels_take(levels, node, &v));
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
	assert_false(levels_take(levels, second, &v));
	v.tunnel = bytes_of("");
	assert_false(levels_take(levels, second, &v));
	v.tunnel = bytes_make(longest, 255);
	v.key = bytes_make(longest, 255);
	v.bytes = 4;
	assert_true(levels_take(levels, second, &v));
	longest[255] = '\0';
	assert_int_equal(levels_elsewhere(levels, longest), 4);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { CASE(test_changes_here), CASE(test_others),
					    CASE(test_names_that_cannot_be) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
