/* A lost connection and its return (PROTOCOL.md §4). */
#include "client/stream/stream.h"
#include "tests/unit/client/session_fixture.h"

/* On stream 1, committed and synced, with a head and 20 bytes of the answer said. */
static void begin(struct fixture *f)
{
	fixture_open(f, NULL);
	assert_true(fixture_request(f, 1, 1, WIRE_END, "hello"));
	fixture_commit(f);
	fixture_sync(f);
	fixture_head(&f->calls[0], 200);
	fixture_body(&f->calls[0], 20);
	fixture_turn(f);
	fixture_expect(f, 1, SAID_RESPONSE, 1);
	f->said_count = 0;
}

static void come_back(struct fixture *f)
{
	session_tunnel_ops.on_lost(f->session, true);
	fixture_welcome(f, true);
}

static void an_answer_goes_on_where_the_relay_stands(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	come_back(&f);
	fixture_body(&f.calls[0], 10);
	fixture_turn(&f);
	assert_int_equal(f.said_count, 0); /* not before the list is over */
	assert_true(fixture_list(&f, 1, 1, true, true, 5));
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_expect(&f, 0, SAID_DATA, 1);
	assert_int_equal(f.said[0].body_len, 25);
	assert_int_equal(f.said[0].body[0], fixture_byte(5));
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_end(&f);
}

/* What was sent is in the record alone, which stays readable until the relay needs nothing more of it. */
static void what_was_sent_is_kept_once(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	const struct stream *st = f.calls[0].user;
	assert_int_equal(st->response.kept.len, 0);
	fixture_body(&f.calls[0], 10);
	assert_int_equal(st->response.kept.len, 10);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_attempt(&f, true);
	assert_int_equal(st->response.kept.len, 0);
	f.said_count = 0;
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, true, true, 7));
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_expect(&f, 0, SAID_DATA, 1);
	assert_int_equal(f.said[0].body_len, 23);
	for (size_t i = 0; i < 23; i++)
		assert_int_equal(f.said[0].body[i], fixture_byte(7 + i));
	assert_true(f.said[0].end);
	fixture_end(&f);
}

static void without_a_head_it_begins_anew(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	f.said_count = 0;
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, true, false, 0));
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_expect(&f, 0, SAID_RESPONSE, 1);
	assert_int_equal(f.said[0].body_len, 20);
	assert_true(f.said[0].end);
	assert_int_equal(f.said_count, 1);
	fixture_end(&f);
	assert_int_equal(f.call_count, 1);
}

static void a_request_that_comes_again_is_ignored(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, false, false, 0));
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_expect(&f, 0, SAID_RECORDED, 1);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_true(fixture_request(&f, 1, 1, 0, "hel"));
	assert_true(fixture_rest(&f, 1, WIRE_END, "lo"));
	assert_int_equal(f.wanted_count, 0);
	assert_false(fixture_rest(&f, 1, WIRE_END, "lo"));
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_end(&f);
	assert_int_equal(f.row_count, 1);
}

static void one_that_ended_meanwhile_does_not_begin_anew(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, false, false, 0));
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_end_call(&f.calls[0], ATTEMPT_ABORTED, 200); /* in the middle of its answer */
	fixture_expect(&f, 2, SAID_RESET, 1);
	assert_true(fixture_request(&f, 1, 1, 0, "hel"));
	assert_true(fixture_rest(&f, 1, WIRE_END, "lo"));
	assert_null(fixture_waiting(&f, WANTED_DELIVERY, false));
	fixture_end(&f);
}

static void what_is_not_listed_is_over(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	assert_true(fixture_request(&f, 2, 2, 0, "a part")); /* forgotten at once */
	come_back(&f);
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_body(&f.calls[0], 10);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200); /* goes on, for the record */
	fixture_turn(&f);
	assert_int_equal(f.said_count, 0);
	fixture_end(&f);
	assert_int_equal(f.rows[0].attempts, 1);
	assert_int_equal(f.row_count, 1);
}

static void what_is_unknown_here_is_reset(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, true, true, 20));
	assert_true(fixture_list(&f, 3, 3, true, false, 0));
	assert_true(fixture_list(&f, 4, 4, false, false, 0)); /* its request comes again */
	fixture_expect(&f, 0, SAID_RESET, 3);
	assert_int_equal(f.said[0].number, WIRE_RESET_APP_ABORTED);
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	assert_true(fixture_request(&f, 4, 4, WIRE_END, "new"));
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_settle(&f);
	fixture_end(&f);
	assert_int_equal(f.row_count, 2);
}

static void bytes_that_were_credited_are_gone(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	assert_true(fixture_credit(&f, 1, 15));
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, true, true, 10));
	fixture_expect(&f, 0, SAID_RESET, 1);
	assert_int_equal(f.said[0].number, WIRE_RESET_APP_ABORTED);
	assert_true(fixture_list(&f, 0, 0, false, false, 0));
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	assert_int_equal(f.said_count, 1);
	fixture_end(&f);
}

static void a_welcome_that_resumes_nothing_ends_them(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	session_tunnel_ops.on_lost(f.session, true);
	fixture_welcome(&f, false);
	fixture_end_call(&f.calls[0], ATTEMPT_OK, 200);
	fixture_turn(&f);
	assert_int_equal(f.said_count, 0);
	/* The numbers begin at 1; it is on record and not called again. */
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_settle(&f);
	fixture_expect(&f, 0, SAID_RECORDED, 1);
	fixture_expect(&f, 1, SAID_RESPONSE, 1);
	assert_int_equal(f.said[1].number, 202);
	fixture_end(&f);
	assert_int_equal(f.call_count, 1);
}

static void lists_that_no_relay_sends(void **state)
{
	static const struct {
		uint64_t stream, event;
		bool recorded, head;
		uint64_t seen;
	} wrong[] = {
		{ 1, 2, true, true, 0 },  /* another delivery */
		{ 1, 1, true, true, 21 }, /* bytes that were never sent */
		{ 1, 1, false, true, 0 }, /* a head before RECORDED */
		{ 1, 1, true, false, 1 }, /* a body before the head */
		{ 0, 0, true, false, 0 }, /* an end that says more */
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct fixture f;
		begin(&f);
		come_back(&f);
		assert_false(
		    fixture_list(&f, wrong[i].stream, wrong[i].event, wrong[i].recorded, wrong[i].head, wrong[i].seen));
		assert_true(f.closed);
		fixture_end(&f);
	}
	struct fixture f;
	begin(&f);
	come_back(&f);
	assert_true(fixture_list(&f, 1, 1, true, true, 20));
	assert_false(fixture_list(&f, 1, 1, true, true, 20));  /* twice */
	assert_false(fixture_request(&f, 2, 2, WIRE_END, "")); /* before the list's end */
	fixture_end(&f);
	/* Recorded, says the relay, of what is not synced. */
	fixture_open(&f, NULL);
	assert_true(fixture_request(&f, 1, 1, WIRE_END, "hello"));
	fixture_commit(&f);
	come_back(&f);
	assert_false(fixture_list(&f, 1, 1, true, false, 0));
	fixture_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_goes_on_where_the_relay_stands),
		cmocka_unit_test(what_was_sent_is_kept_once),
		cmocka_unit_test(without_a_head_it_begins_anew),
		cmocka_unit_test(a_request_that_comes_again_is_ignored),
		cmocka_unit_test(one_that_ended_meanwhile_does_not_begin_anew),
		cmocka_unit_test(what_is_not_listed_is_over),
		cmocka_unit_test(what_is_unknown_here_is_reset),
		cmocka_unit_test(bytes_that_were_credited_are_gone),
		cmocka_unit_test(a_welcome_that_resumes_nothing_ends_them),
		cmocka_unit_test(lists_that_no_relay_sends),
	};
	return RUN(tests);
}
