/* Who goes when there are too many connections: the oldest of the address that has most. */
#include "relay/common/silent.h"
#include "tests/unit/unit.h"

#define ENTRIES 4000

static struct silent set;
static struct silent_entry entries[ENTRIES];

static const uint8_t *address(unsigned n)
{
	static uint8_t at[16];
	memset(at, 0, sizeof at);
	at[0] = (uint8_t)(n >> 8);
	at[15] = (uint8_t)n;
	return at;
}

static int set_up(void **state)
{
	(void)state;
	memset(&set, 0, sizeof set);
	memset(entries, 0, sizeof entries);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	silent_free(&set);
	return 0;
}

static void add(size_t from, size_t to, unsigned who)
{
	for (size_t i = from; i < to; i++)
		silent_add(&set, &entries[i], address(who));
}

static void test_worst(void **state)
{
	(void)state;
	assert_null(silent_worst(&set));
	add(0, 3, 1);
	add(3, 8, 2);
	add(8, 10, 3);
	assert_ptr_equal(silent_worst(&set), &entries[3]);
	/* Down to as many as the others have. */
	silent_remove(&set, &entries[3]);
	silent_remove(&set, &entries[4]);
	silent_remove(&set, &entries[5]);
	assert_ptr_equal(silent_worst(&set), &entries[0]);
	/* The one that moves on is no longer its address's. */
	silent_remove(&set, &entries[0]);
	silent_add(&set, &entries[0], address(1));
	assert_ptr_equal(silent_worst(&set), &entries[1]);
}

/* Beyond what has a list of its own. */
static void test_many(void **state)
{
	(void)state;
	add(0, 300, 1);
	add(300, 900, 2);
	add(900, 1400, 3);
	assert_ptr_equal(silent_worst(&set), &entries[300]);
	for (size_t i = 300; i < 900; i++) {
		struct silent_entry *worst = silent_worst(&set);
		size_t count;
		silent_oldest_beside(worst, &count);
		assert_true(count >= 500 || i >= 400);
		silent_remove(&set, worst);
	}
	/* The two larger were taken from in turn until all three had the same. */
	for (unsigned who = 1; who <= 3; who++) {
		size_t count;
		silent_oldest_beside(silent_oldest_of(&set, address(who)), &count);
		assert_true(count >= 266 && count <= 300);
	}
}

static void test_by_address(void **state)
{
	size_t count;
	(void)state;
	add(0, 3, 1);
	add(3, 4, 2);
	assert_ptr_equal(silent_oldest_beside(&entries[2], &count), &entries[0]);
	assert_int_equal(count, 3);
	assert_ptr_equal(silent_oldest_of(&set, address(2)), &entries[3]);
	assert_null(silent_oldest_of(&set, address(3)));
	silent_remove(&set, &entries[3]);
	silent_remove(&set, &entries[3]); /* no harm */
	assert_null(silent_oldest_of(&set, address(2)));
	assert_null(silent_oldest_beside(&entries[3], &count));
	assert_int_equal(count, 0);
	silent_add(&set, &entries[0], address(7)); /* stays where it is */
	assert_null(silent_oldest_of(&set, address(7)));
}

static void test_turns(void **state)
{
	(void)state;
	assert_null(silent_take_turn(&set));
	add(0, 4, 1);
	add(4, 6, 2);
	assert_ptr_equal(silent_take_turn(&set), &entries[0]);
	add(6, 7, 3); /* comes behind those that are there */
	assert_ptr_equal(silent_take_turn(&set), &entries[4]);
	assert_ptr_equal(silent_take_turn(&set), &entries[6]);
	assert_ptr_equal(silent_take_turn(&set), &entries[1]);
	silent_remove(&set, &entries[5]); /* whose turn it was */
	assert_ptr_equal(silent_take_turn(&set), &entries[2]);
	assert_ptr_equal(silent_take_turn(&set), &entries[3]);
	assert_null(silent_take_turn(&set));
	assert_null(set.addresses);
}

/* Against counting by hand. */
static void test_random(void **state)
{
	unsigned who[ENTRIES], counts[8] = { 0 };
	bool in[ENTRIES] = { false };
	(void)state;
	srand(1);
	for (int step = 0; step < 20000; step++) {
		size_t i = (size_t)rand() % ENTRIES;
		if (in[i]) {
			silent_remove(&set, &entries[i]);
			counts[who[i]]--;
		} else {
			who[i] = (unsigned)rand() % 8 * ((unsigned)rand() % 4 > 0);
			silent_add(&set, &entries[i], address(who[i]));
			counts[who[i]]++;
		}
		in[i] = !in[i];
		size_t most = 0, count = 0;
		for (size_t a = 0; a < 8; a++)
			most = counts[a] > most ? counts[a] : most;
		if (silent_worst(&set))
			silent_oldest_beside(silent_worst(&set), &count);
		assert_int_equal(count, most);
	}
	for (size_t i = 0; i < ENTRIES; i++)
		silent_remove(&set, &entries[i]);
	assert_null(silent_worst(&set));
	assert_null(set.addresses);
}

int main(void)
{
#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = { WITH_SET(test_worst), WITH_SET(test_many), WITH_SET(test_by_address),
					    WITH_SET(test_turns), WITH_SET(test_random) };
	return RUN(tests);
}
