/* --hold: what found no app waits for it, one queue a route, the oldest first. */
#include "tests/unit/client/session_fixture.h"

static const struct session_options hold = { .hold = true };

/* A delivery that found no app. */
static void miss(struct fixture *f, uint64_t stream)
{
	assert_true(fixture_request(f, stream, stream, WIRE_END, "hello"));
	fixture_settle(f);
	struct app_call *c = fixture_call(f);
	assert_false(c->once);
	fixture_end_call(c, ATTEMPT_UNREACHABLE, 0);
	assert_int_equal(f->last_state, DELIVERY_HELD);
	fixture_settle(f);
	assert_int_equal(f->rows[f->row_count - 1].state, DELIVERY_HELD);
}

static void the_oldest_is_tried_until_the_app_is_there(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, &hold);
	miss(&f, 1);
	miss(&f, 2);
	assert_int_equal(f.over, 0);
	assert_int_equal(session_busy(f.session), 0);
	/* Still nobody there: put back, nothing is recorded or shown of it. */
	fixture_wait(&f, &f.wanted_count, 0);
	assert_int_equal(session_busy(f.session), 1);
	fixture_taken(&f, true);
	assert_true(f.calls[2].once);
	size_t shown = f.attempts;
	fixture_end_call(&f.calls[2], ATTEMPT_UNREACHABLE, 0);
	assert_int_equal(f.attempts, shown);
	assert_int_equal(f.wanted_count, 0);
	assert_int_equal(f.rows[0].state, DELIVERY_HELD);
	assert_int_equal(session_busy(f.session), 0);
	/* The app takes the oldest: the next follows at once. */
	fixture_wait(&f, &f.wanted_count, 0);
	fixture_taken(&f, true);
	fixture_end_call(&f.calls[3], ATTEMPT_OK, 200);
	fixture_attempt(&f, true);
	assert_int_equal(f.over, 1);
	fixture_taken(&f, true);
	fixture_end_call(&f.calls[4], ATTEMPT_OK, 500);
	fixture_settle(&f);
	assert_int_equal(f.over, 2);
	fixture_end(&f);
	assert_int_equal(f.rows[1].attempts, 2);
}

static void a_live_call_that_is_taken_wakes_the_queue(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, &hold);
	miss(&f, 1);
	assert_true(fixture_request(&f, 2, 2, WIRE_END, "hello"));
	fixture_settle(&f);
	fixture_end_call(&f.calls[1], ATTEMPT_OK, 200);
	assert_non_null(fixture_waiting(&f, WANTED_TAKE, false));
	/* It is gone from the store: the queue is empty. */
	fixture_settle(&f);
	assert_int_equal(session_busy(f.session), 0);
	assert_int_equal(f.call_count, 2);
	fixture_end(&f);
}

static void what_is_taken_while_the_session_ends_is_put_back(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, &hold);
	miss(&f, 1);
	fixture_wait(&f, &f.wanted_count, 0);
	session_drain(f.session);
	fixture_taken(&f, true);
	assert_int_equal(f.rows[0].state, DELIVERY_HELD);
	assert_int_equal(f.call_count, 1);
	fixture_end(&f);
}

static void a_call_that_is_cancelled_is_put_back(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, &hold);
	miss(&f, 1);
	fixture_wait(&f, &f.wanted_count, 0);
	fixture_taken(&f, true);
	session_drain(f.session);
	session_cancel(f.session);
	assert_int_equal(f.rows[0].state, DELIVERY_HELD);
	fixture_end(&f);
	assert_int_equal(f.rows[0].attempts, 1);
}

static struct left_over *left(int64_t id, struct left_over *next)
{
	struct left_over *l = calloc(1, sizeof *l);
	assert_non_null(l);
	l->id = id;
	l->next = next;
	return l;
}

static void what_an_earlier_run_left(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, &hold);
	f.row_count = 8; /* of that run */
	fixture_online(&f);
	fixture_online(&f); /* it looks once */
	assert_int_equal(f.wanted_count, 1);
	struct left_over *held = left(8, NULL), *parked = left(7, held), *all = parked;
	held->held = parked->parked = true;
	for (int64_t id = 6; id > 0; id--)
		all = left(id, all);
	struct wanted w = fixture_take_off(&f, fixture_waiting(&f, WANTED_LEFT_OVER, false));
	w.on_left_over(w.user, all, NULL);
	assert_int_equal(f.troubles, 1);
	assert_int_equal(f.wanted_count, 4); /* at once */
	assert_int_equal(session_busy(f.session), 4);
	for (size_t i = 0; i < 4; i++)
		fixture_taken(&f, true);
	for (size_t i = 0; i < 4; i++)
		fixture_end_call(&f.calls[i], ATTEMPT_OK, 200);
	/* The app is there: the one that is held follows, and the last two. */
	for (size_t i = 0; i < 3; i++)
		fixture_taken(&f, true);
	assert_int_equal(f.call_count, 7);
	for (struct app_call *c; (c = fixture_call(&f));)
		fixture_end_call(c, ATTEMPT_OK, 200);
	fixture_settle(&f);
	assert_int_equal(f.over, 7);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_is_tried_until_the_app_is_there),
		cmocka_unit_test(a_live_call_that_is_taken_wakes_the_queue),
		cmocka_unit_test(what_is_taken_while_the_session_ends_is_put_back),
		cmocka_unit_test(a_call_that_is_cancelled_is_put_back),
		cmocka_unit_test(what_an_earlier_run_left),
	};
	return RUN(tests);
}
