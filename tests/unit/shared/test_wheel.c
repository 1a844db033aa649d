/* The wheel of deadlines, in a time of the test's own: never early, at most two ticks late, however far away. */
#include "shared/net/wheel.h"
#include "tests/unit/unit.h"

#define ENTRIES 2000

struct item {
	struct wheel_entry entry;
	uint64_t fired; /* loop ms; 0: not yet */
	unsigned times;
};

static uv_loop_t loop;
static struct wheel wheel;
static struct item items[ENTRIES];
static uint64_t again_at; /* an entry that fires is set to this, once */

static void on_due(struct wheel_entry *e)
{
	struct item *item = (struct item *)((char *)e - offsetof(struct item, entry));
	item->fired = uv_now(&loop);
	item->times++;
	if (again_at) {
		uint64_t due = again_at;
		again_at = 0;
		wheel_set(&wheel, e, due);
	}
}

static void on_closed(uv_handle_t *h)
{
	*(bool *)h->data = true;
}

static int set_up(void **state)
{
	(void)state;
	memset(items, 0, sizeof items);
	again_at = 0;
	if (uv_loop_init(&loop) != 0)
		return -1;
	wheel_init(&wheel, &loop, on_due);
	return 0;
}

static int tear_down(void **state)
{
	static bool closed;
	(void)state;
	closed = false;
	wheel.timer.data = &closed;
	wheel_close(&wheel, on_closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	return !closed || uv_loop_close(&loop) != 0;
}

/* The loop's clock is the test's: no test waits. */
static void pass(uint64_t ms)
{
	for (uint64_t end = loop.time + ms; loop.time < end;) {
		loop.time += WHEEL_TICK_MS / 2;
		if (uv_is_active((uv_handle_t *)&wheel.timer))
			wheel.timer.timer_cb(&wheel.timer);
	}
}

static void set_in(struct item *item, uint64_t ms)
{
	wheel_set(&wheel, &item->entry, uv_now(&loop) + ms);
}

static void test_never_early(void **state)
{
	uint64_t began = uv_now(&loop);
	(void)state;
	for (size_t i = 0; i < ENTRIES; i++)
		set_in(&items[i], i * 97); /* beyond three turns of the wheel */
	assert_int_equal(wheel.count, ENTRIES);
	pass((uint64_t)ENTRIES * 97 + 1000);
	for (size_t i = 0; i < ENTRIES; i++) {
		uint64_t due = began + i * 97;
		assert_int_equal(items[i].times, 1);
		assert_true(items[i].fired >= due && items[i].fired <= due + 2 * WHEEL_TICK_MS);
	}
	assert_int_equal(wheel.count, 0);
	assert_false(uv_is_active((uv_handle_t *)&wheel.timer));
}

static void test_set_anew(void **state)
{
	uint64_t began = uv_now(&loop);
	(void)state;
	set_in(&items[0], 1000); /* later, and later */
	set_in(&items[1], 60000);
	for (int i = 0; i < 50; i++) {
		pass(500);
		set_in(&items[0], 1000);
	}
	assert_int_equal(items[0].times, 0);
	set_in(&items[1], 200); /* sooner */
	pass(600);
	assert_int_equal(items[1].times, 1);
	pass(1000);
	assert_int_equal(items[0].times, 1);
	assert_true(items[0].fired >= began + 26000);
}

static void test_never(void **state)
{
	(void)state;
	set_in(&items[0], 300);
	wheel_set(&wheel, &items[0].entry, WHEEL_NEVER);
	set_in(&items[1], 300);
	wheel_remove(&wheel, &items[1].entry);
	wheel_remove(&wheel, &items[1].entry); /* no harm */
	wheel_set(&wheel, &items[2].entry, WHEEL_NEVER);
	pass(2000);
	assert_int_equal(items[0].times + items[1].times + items[2].times, 0);
	assert_int_equal(wheel.count, 0);
	set_in(&items[0], 300); /* after a rest, from now */
	pass(600);
	assert_int_equal(items[0].times, 1);
}

static void test_set_when_due(void **state)
{
	(void)state;
	set_in(&items[0], 100);
	again_at = uv_now(&loop); /* in the past: its next turn, not this one for ever */
	pass(1000);
	assert_int_equal(items[0].times, 2);
	set_in(&items[1], 100);
	again_at = uv_now(&loop) + 5000;
	pass(1000);
	assert_int_equal(items[1].times, 1);
	pass(5000);
	assert_int_equal(items[1].times, 2);
}

/* A loop that was held up looks at all that became due meanwhile, in one call. */
static void test_held_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < 100; i++)
		set_in(&items[i], i * 1000);
	loop.time += 200000;
	wheel.timer.timer_cb(&wheel.timer);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(items[i].times, 1);
}

int main(void)
{
#define WITH_WHEEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_WHEEL(test_never_early),  WITH_WHEEL(test_set_anew), WITH_WHEEL(test_never),
		WITH_WHEEL(test_set_when_due), WITH_WHEEL(test_held_up),
	};
	return RUN(tests);
}
