/* A session between a relay, a store and an app that the test plays: what is said in which order, and what becomes of a
 * delivery that goes wrong (PROTOCOL.md §3). */
#include "tests/unit/client/session_fixture.h"

static void a_delivery_goes_its_way(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	assert_int_equal(session_busy(f.session), 1);
	assert_int_equal(f.call_count, 0);
	fixture_commit(&f);
	/* A kill does not undo the commit: the app is called. A power cut still might: nothing is said. */
	assert_int_equal(f.call_count, 1);
	assert_string_equal(f.calls[0].url, "http://localhost:1");
	fixture_head(&f.calls[0], 201);
	fixture_body(&f.calls[0], 10);
	fixture_turn(&f);
	assert_int_equal(f.said_count, 0);
	fixture_sync(&f);
	fixture_expect(&f, 0, SAID_RECORDED, 1);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].number, 201);
	assert_int_equal(f.said[1].body_len, 10);
	assert_false(f.said[1].end);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 201);
	fixture_expect(&f, 2, SAID_DATA, 1);
	assert_true(f.said[2].end);
	assert_int_equal(f.attempts, 1);
	assert_int_equal(f.last_state, DELIVERY_DELIVERED);
	assert_int_equal(session_busy(f.session), 1);
	fixture_attempt(&f, true);
	assert_int_equal(session_busy(f.session), 0);
	assert_int_equal(f.over, 1);
	assert_true(fixture_done(&f, 1, 1));
	assert_true(fixture_done(&f, 1, 1)); /* of a stream that is over: the two ends may cross */
	fixture_end(&f);
	assert_int_equal(f.said_count, 3);
}

/* The store's thread may be reading what it was given while the next connection gives the tunnel another name. */
static void a_delivery_is_of_the_name_it_came_under(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	session_tunnel_ops.on_lost(f.session, false);
	fixture_welcome_as(&f, false, "other");
	assert_true(fixture_request(&f, 1, 2, WIRE_END, "hello"));
	assert_int_equal(f.wanted_count, 2);
	assert_true(bytes_equal(f.wanted[0].delivery.tunnel, bytes_of("shop")));
	assert_true(bytes_equal(f.wanted[1].delivery.tunnel, bytes_of("other")));
	fixture_end(&f);
}

static void what_is_known_is_not_called_again(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	assert_true(fixture_request(&f, 2, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_commit(&f);
	assert_int_equal(f.call_count, 1);
	assert_int_equal(f.deliveries, 1);
	fixture_sync(&f);
	fixture_sync(&f);
	fixture_expect(&f, 0, SAID_RECORDED, 1);
	fixture_expect(&f, 1, SAID_RECORDED, 2);
	fixture_expect(&f, 2, SAID_RESPONSE, 2);
	assert_int_equal(f.said[2].number, 202);
	assert_true(f.said[2].end);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_end(&f);
}

static void what_the_store_refuses_goes_back(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_fail(&f, false);
	fixture_expect(&f, 0, SAID_RESET, 1);
	assert_int_equal(f.said[0].number, WIRE_RESET_STORE);
	assert_int_equal(f.troubles, 1);
	assert_int_equal(session_busy(f.session), 0);
	/* Committed, but it never reached the disk: the call that began goes on, for the record. */
	assert_true(fixture_request(&f, 2, 2, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_fail(&f, true);
	fixture_expect(&f, 1, SAID_RESET, 2);
	assert_non_null(fixture_call(&f));
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	assert_int_equal(f.said_count, 2);
	/* That it works again is said once. */
	assert_true(fixture_request(&f, 3, 3, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	assert_int_equal(f.troubles, 2);
	fixture_end_call(&f.calls[1], ATTEMPT_OK, 200);
	fixture_end(&f);
}

static void a_request_cut_short_is_recorded_as_refused(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, 0, "hel"));
	assert_true(fixture_relay_resets(&f, 1, WIRE_RESET_TOO_LARGE));
	fixture_settle(&f);
	assert_int_equal(f.rows[0].state, DELIVERY_REFUSED);
	assert_true(fixture_request(&f, 2, 2, WIRE_END | WIRE_REFUSED, ""));
	fixture_settle(&f);
	assert_int_equal(f.rows[1].state, DELIVERY_REFUSED);
	fixture_expect(&f, 0, SAID_RECORDED, 2);
	/* The sender went: the rest will not come, and what came is forgotten. */
	assert_true(fixture_request(&f, 3, 3, 0, "hel"));
	assert_true(fixture_relay_resets(&f, 3, WIRE_RESET_CANCEL));
	assert_int_equal(f.wanted_count, 0);
	assert_int_equal(f.call_count, 0);
	fixture_end(&f);
	assert_int_equal(f.row_count, 2);
}

static void the_app_answers_for_the_record_when_nobody_waits(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END | WIRE_SPOOLED, "hello"));
	fixture_commit(&f);
	fixture_head(&f.calls[0], 404);
	fixture_body(&f.calls[0], 10);
	fixture_sync(&f);
	fixture_expect(&f, 0, SAID_RECORDED, 1);
	assert_int_equal(f.said_count, 1);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 404);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].number, 404);
	assert_int_equal(f.said[1].body_len, 0);
	assert_true(f.said[1].end);
	fixture_end(&f);
}

static void an_app_that_fails(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	/* Before its answer: a sentence in its place. */
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	fixture_end_call(&f.calls[0], ATTEMPT_TIMEOUT, 0);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].number, 504);
	assert_true(f.said[1].end);
	/* In the middle of it: the stream is reset. */
	assert_true(fixture_request(&f, 2, 2, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	fixture_head(&f.calls[1], 200);
	fixture_turn(&f);
	fixture_end_call(&f.calls[1], ATTEMPT_ABORTED, 200);
	fixture_expect(&f, 4, SAID_RESET, 2);
	assert_int_equal(f.said[4].number, WIRE_RESET_APP_ABORTED);
	fixture_end(&f);
	assert_int_equal(f.rows[0].state, DELIVERY_FAILED);
	assert_int_equal(f.rows[1].attempts, 1);
}

static void a_record_that_fails_is_made_later(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_attempt(&f, false);
	assert_true(fixture_done(&f, 1, 1));
	assert_int_equal(session_busy(f.session), 1);
	fixture_wait(&f, &f.wanted_count, 0);
	fixture_attempt(&f, true);
	assert_int_equal(session_busy(f.session), 0);
	assert_int_equal(f.rows[0].attempts, 1);
	/* Until the session ends: then it is left to the next run. */
	assert_true(fixture_request(&f, 2, 2, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	fixture_end_call(&f.calls[1], ATTEMPT_OK, 200);
	fixture_attempt(&f, false);
	fixture_end(&f);
	assert_int_equal(f.rows[1].attempts, 0);
	assert_int_equal(f.over, 1);
}

static void windows_are_kept(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	f.shut = true;
	fixture_sync(&f);
	fixture_head(&f.calls[0], 200);
	fixture_body(&f.calls[0], 20);
	fixture_turn(&f);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].body_len, 0);
	f.shut = false;
	session_tunnel_ops.on_credit(f.session);
	fixture_expect(&f, 2, SAID_DATA, 1);
	assert_int_equal(f.said[2].body_len, 20);
	assert_true(fixture_credit(&f, 1, 20));
	assert_true(fixture_credit(&f, 9, 20)); /* of a stream that is over */
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	assert_false(fixture_credit(&f, 1, UINT32_MAX));
	assert_true(f.closed);
	fixture_end(&f);
}

/* With room for one frame each time, whoever waited first the last time is first. */
static void those_who_wait_take_turns(void **state)
{
	const uint64_t order[] = { 1, 2, 3, 1, 2, 3 };
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	for (uint8_t i = 1; i <= 3; i++)
		assert_true(fixture_request(&f, i, i, WIRE_END, "hello"));
	for (int i = 0; i < 3; i++)
		fixture_commit(&f);
	for (int i = 0; i < 3; i++)
		fixture_sync(&f);
	f.shut = true;
	for (int i = 0; i < 3; i++) {
		fixture_head(&f.calls[i], 200);
		fixture_body(&f.calls[i], 20);
	}
	fixture_turn(&f);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		size_t at = f.said_count;
		f.shut = false;
		f.until = at + 1;
		session_tunnel_ops.on_credit(f.session);
		assert_int_equal(f.said_count, at + 1);
		fixture_expect(&f, at, SAID_DATA, order[i]);
		fixture_body(&f.calls[order[i] - 1], 20);
		f.shut = true;
		fixture_turn(&f);
	}
	f.shut = false;
	f.until = 0;
	for (int i = 0; i < 3; i++)
		fixture_end_call(&f.calls[i], ATTEMPT_OK, 200);
	fixture_end(&f);
}

static void a_websocket(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END | WIRE_UPGRADE, ""));
	fixture_commit(&f);
	assert_true(f.calls[0].upgrade);
	fixture_sync(&f);
	fixture_head(&f.calls[0], 101);
	fixture_turn(&f);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	fixture_attempt(&f, true);
	assert_int_equal(f.rows[0].attempts, 1);
	assert_int_equal(session_busy(f.session), 0); /* it does not keep the session from ending */
	assert_true(fixture_rest(&f, 1, 0, "up"));
	fixture_body(&f.calls[0], 5);
	fixture_turn(&f);
	fixture_expect(&f, 2, SAID_DATA, 1);
	assert_true(fixture_rest(&f, 1, WIRE_END, ""));
	fixture_turn(&f);
	assert_false(f.calls[0].open);
	fixture_expect(&f, 3, SAID_DATA, 1);
	assert_true(f.said[3].end);
	/* Another one, open as the session ends. */
	assert_true(fixture_request(&f, 2, 2, WIRE_END | WIRE_UPGRADE, ""));
	fixture_settle(&f);
	fixture_head(&f.calls[1], 101);
	fixture_end(&f);
	assert_int_equal(f.rows[1].attempts, 1);
}

static void without_an_app_it_stays_on_record(void **state)
{
	struct session_options o = { .no_app = true };
	struct fixture f;
	(void)state;
	fixture_open(&f, &o);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_settle(&f);
	assert_int_equal(f.rows[0].state, DELIVERY_WAITING);
	assert_int_equal(f.over, 1);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].number, 202);
	fixture_end(&f);
	assert_int_equal(f.call_count, 0);
}

static void replays_that_others_ask_for(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_settle(&f);
	f.job = 77;
	fixture_online(&f);
	fixture_wait(&f, &f.wanted_count, 0);
	fixture_settle(&f); /* what an earlier run left: nothing; and the job is gone */
	fixture_wait(&f, &f.wanted_count, 0);
	assert_int_equal(session_busy(f.session), 1);
	fixture_taken(&f, true);
	assert_int_equal(f.call_count, 2);
	assert_int_equal(f.deliveries, 2);
	fixture_end_call(&f.calls[1], ATTEMPT_UNREACHABLE, 0);
	fixture_attempt(&f, true);
	assert_int_equal(f.job, 0);
	assert_int_equal(f.over, 2);
	fixture_end(&f);
}

static void chaos_calls_twice_and_late(void **state)
{
	struct chaos_spec spec;
	struct error e;
	struct session_options o = { .chaos = &spec };
	struct fixture f;
	(void)state;
	assert_true(chaos_parse("duplicate=100%,delay=1ms..2ms,seed=1", &spec, &e));
	fixture_open(&f, &o);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	fixture_sync(&f);
	assert_int_equal(f.call_count, 0);
	fixture_wait(&f, &f.call_count, 0);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_attempt(&f, true);
	assert_int_equal(f.over, 0);
	assert_int_equal(session_busy(f.session), 1);
	fixture_taken(&f, true);
	fixture_end_call(&f.calls[1], ATTEMPT_OK, 200);
	fixture_settle(&f);
	assert_int_equal(f.over, 1);
	assert_int_equal(f.rows[0].attempts, 2);
	/* One that waits as the session is cancelled is put back. */
	assert_true(fixture_request(&f, 2, 2, WIRE_END, "hello"));
	fixture_settle(&f);
	session_cancel(f.session);
	assert_int_equal(f.rows[1].state, DELIVERY_WAITING);
	fixture_end(&f);
	assert_int_equal(f.call_count, 2);
}

static void chaos_answers_in_the_apps_place(void **state)
{
	struct chaos_spec spec;
	struct error e;
	struct session_options o = { .chaos = &spec };
	struct fixture f;
	(void)state;
	assert_true(chaos_parse("fail=100%:503", &spec, &e));
	fixture_open(&f, &o);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	assert_true(fixture_request(&f, 2, 2, WIRE_END | WIRE_SPOOLED, "hello"));
	fixture_settle(&f);
	assert_int_equal(f.call_count, 0);
	assert_int_equal(f.rows[0].attempts, 1);
	for (size_t i = 0; i < f.said_count; i++)
		if (f.said[i].what == SAID_RESPONSE)
			assert_int_equal(f.said[i].number, 503);
	assert_int_equal(f.said_count, 4);
	fixture_end(&f);
}

static void frames_that_no_relay_sends(void **state)
{
	struct fixture f;
	(void)state;
	fixture_open(&f, NULL);
	assert_true(fixture_rest(&f, 5, 0, "of no stream"));
	assert_false(fixture_request(&f, 0, 1, WIRE_END, ""));
	assert_true(fixture_request(&f, 1, 1, 0, "a"));
	assert_false(fixture_request(&f, 1, 1, 0, "a"));
	assert_false(fixture_done(&f, 1, 1)); /* before its end */
	assert_true(fixture_rest(&f, 1, WIRE_END, "b"));
	assert_false(fixture_rest(&f, 1, WIRE_END, "c"));
	assert_false(fixture_done(&f, 1, 2)); /* of another delivery */
	assert_false(fixture_list(&f, 1, 1, true, false, 0));
	fixture_settle(&f);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delivery_goes_its_way),
		cmocka_unit_test(a_delivery_is_of_the_name_it_came_under),
		cmocka_unit_test(what_is_known_is_not_called_again),
		cmocka_unit_test(what_the_store_refuses_goes_back),
		cmocka_unit_test(a_request_cut_short_is_recorded_as_refused),
		cmocka_unit_test(the_app_answers_for_the_record_when_nobody_waits),
		cmocka_unit_test(an_app_that_fails),
		cmocka_unit_test(a_record_that_fails_is_made_later),
		cmocka_unit_test(windows_are_kept),
		cmocka_unit_test(those_who_wait_take_turns),
		cmocka_unit_test(a_websocket),
		cmocka_unit_test(without_an_app_it_stays_on_record),
		cmocka_unit_test(replays_that_others_ask_for),
		cmocka_unit_test(chaos_calls_twice_and_late),
		cmocka_unit_test(chaos_answers_in_the_apps_place),
		cmocka_unit_test(frames_that_no_relay_sends),
	};
	return RUN(tests);
}
