/* A client that is lost and comes back, at its node or at another. */
#include "tests/unit/relay/crossing_fixture.h"

static void test_resumed_at_the_same_node(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3),
			*answering = send_to(&nodes[1], 3, "POST", 3);
	for (int i = 0; i < 3; i++)
		expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	record(l, 3, 3);
	answer(l, 3, 200, "begun", false);
	WAIT(answering->answer_body.len == 5);
	disconnect(l, true);
	WAIT(!client_carrier(at_second()));
	assert_true(at_second()->in_grace);
	struct delivery *meanwhile = send_to(&nodes[1], 4, "POST", 3);
	assert_true(connect_to(l, &nodes[0], 0, 7));
	directory.clients[0].generation++; /* the directory may be the first to say so */
	crossing_learn(nodes[1].crossing, "shop", &directory);
	for (uint64_t i = 1; i <= 3; i++) {
		struct wire_resume v;
		struct wire_frame f = expect_frame(l, WIRE_RESUME);
		assert_int_equal(f.stream, i);
		assert_true(wire_decode_resume(f.payload, &v));
		assert_int_equal(bytes_get_u32(v.event_id), i);
		assert_int_equal(v.recorded, i > 1);
		assert_int_equal(v.head, i == 3);
		assert_int_equal(v.body_seen, i == 3 ? 5 : 0);
	}
	assert_int_equal(expect_frame(l, WIRE_RESUME).stream, 0);
	/* What is not recorded comes again, by its number; what came meanwhile is new. */
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1);
	assert_int_equal(event_of(&f), 1);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 4);
	assert_int_equal(event_of(&f), 4);
	struct buffer b = { 0 };
	assert_true(wire_encode_data(&b, 3, WIRE_END, bytes_of(" and over")));
	say(l, &b);
	buffer_free(&b);
	answer(l, 2, 200, "two", true);
	record(l, 1, 1);
	answer(l, 1, 200, "one", true);
	record(l, 4, 4);
	answer(l, 4, 200, "four", true);
	WAIT(open->phase == PHASE_DONE && recorded->phase == PHASE_DONE && answering->phase == PHASE_DONE &&
	     meanwhile->phase == PHASE_DONE);
	assert_true(bytes_equal(buffer_view(&answering->answer_body), bytes_of("begun and over")));
	forget(open);
	forget(recorded);
	forget(answering);
	forget(meanwhile);
	disconnect(l, false);
	laptop_free(l);
}

static void test_back_without_its_streams(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	turn();
	turn();
	disconnect(l, true);
	assert_false(connect_to(l, &nodes[0], 0, 0));
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1); /* the numbers begin again */
	assert_int_equal(event_of(&f), 1);
	WAIT(recorded->phase == PHASE_ACCEPTED);
	record(l, 1, 1);
	answer(l, 1, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	forget(open);
	forget(recorded);
	disconnect(l, false);
	laptop_free(l);
}

/* It comes to the node that took the webhook: the stream goes on there, as a new one. */
static void test_the_client_comes_here(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0), *again = laptop_new(9);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3), *recorded = send_to(&nodes[1], 2, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	expect_frame(l, WIRE_REQUEST);
	record(l, 2, 2);
	WAIT(recorded->safe);
	assert_false(connect_to(again, &nodes[1], 0, 7));
	assert_null(again->client->line);
	struct wire_frame f = expect_frame(again, WIRE_REQUEST);
	assert_int_equal(event_of(&f), 1);
	WAIT(recorded->phase == PHASE_ACCEPTED);
	record(again, f.stream, 1);
	answer(again, f.stream, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	WAIT(!l->client->guests); /* the other node has heard that it need not hold the streams */
	expect_frame(l, WIRE_RESET);
	forget(open);
	forget(recorded);
	disconnect(again, false);
	disconnect(l, false);
	laptop_free(l);
	laptop_free(again);
}

/* It had not recorded one in time, and that is not handed out to it again: until it is elsewhere, where it may not have
 * it. */
static void test_late_before_it_came_here(void **state)
{
	(void)state;
	nodes[1].relay.settings.record_timeout_ms = 1;
	struct laptop *l = laptop_at_first(0), *again = laptop_new(9);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	WAIT((delivery_on_record_timeout(d), d->phase == PHASE_ACCEPTED));
	forget(d);
	expect_nothing(l);
	connect_to(again, &nodes[1], 0, 0);
	uint64_t stream = expect_frame(again, WIRE_SEALED).stream;
	record(again, stream, 1);
	answer(again, stream, 200, NULL, true);
	expect_frame(again, WIRE_DONE);
	disconnect(again, false);
	disconnect(l, false);
	laptop_free(l);
	laptop_free(again);
}

/* Nothing comes any more: the client's node is gone, or cut off. */
static void test_silence(void **state)
{
	(void)state;
	nodes[1].relay.settings.resume_grace_ms = 20000;
	struct laptop *l = laptop_at_first(0);
	struct delivery *open = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	deaf = true;
	WAIT(nodes[1].asked > 0);
	assert_false(at_second()->line);
	assert_true(at_second()->in_grace);
	/* Three seconds of the grace had passed before it was noticed. */
	assert_true(at_second()->grace_end <= uv_now(&loop) + 17000);
	WAIT(!l->client->guests);
	expect_frame(l, WIRE_RESET);
	deaf = false;
	crossing_learn(nodes[1].crossing, "shop", &directory);
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 2);
	assert_int_equal(event_of(&f), 1);
	record(l, 2, 1);
	answer(l, 2, 200, "one", true);
	WAIT(open->phase == PHASE_DONE);
	forget(open);
	disconnect(l, false);
	laptop_free(l);
}

/* A node has one line to a client. One that opens another breaks the rules, and starts over. */
static void test_a_second_line(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct client *c = at_second();
	WAIT(c->line && c->line->state == CROSSING_HERE);
	assert_true(crossing_line_open(c->line->peer, c, 1));
	WAIT(!l->client->guests && !c->line);
	assert_int_equal(crossing_malformed(nodes[0].crossing), 1);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	WAIT(c->line && c->line->state == CROSSING_HERE);
	assert_non_null(l->client->guests);
	assert_null(l->client->guests->client_next);
	disconnect(l, false);
	laptop_free(l);
}

/* Records are told from node to node, and one may come late: it displaces nobody. */
static void test_an_old_record(void **state)
{
	(void)state;
	struct laptop *l = laptop_new(9), *before = laptop_new(10);
	connect_to(l, &nodes[0], 0, 0);
	empty_directory();
	write_record(before, &nodes[2], 0); /* of somebody who had the tunnel before */
	struct record_tunnel old = directory;
	write_record(l, &nodes[0], 0);
	directory.clients[0] = directory.clients[1];
	directory.client_count = 1;
	crossing_learn(nodes[1].crossing, "shop", &directory);
	struct client *c =
	    tunnel_find_client(tunnel_find(&nodes[1].relay.registry->table, "shop"), bytes_make(l->key, sizeof l->key));
	WAIT(c->line && c->line->state == CROSSING_HERE);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	crossing_learn(nodes[1].crossing, "shop", &old);
	assert_true(c->current);
	assert_true(c->line && c->line->state == CROSSING_HERE);
	record(l, 1, 1);
	answer(l, 1, 200, "one", true);
	WAIT(d->phase == PHASE_DONE);
	forget(d);
	/* It left, and comes back here: an older record does not take it away. */
	disconnect(l, false);
	WAIT(!c->line);
	old.clients[0] = directory.clients[0];
	old.clients[0].generation = 1;
	crossing_learn(nodes[1].crossing, "shop", &old);
	assert_null(c->line);
	laptop_free(l);
	laptop_free(before);
}

/* What a node says of a connection's end is checked before a client is told it. */
static void test_a_status_that_may_not_be(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct client *c = at_second();
	WAIT(c->line && c->line->state == CROSSING_HERE);
	c->remote->ops->close(c->remote->end, 1005, "no such status is sent");
	WAIT(!c->line);
	assert_int_equal(crossing_malformed(nodes[0].crossing), 1);
	assert_int_equal(l->closed, 0);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	WAIT(c->line && c->line->state == CROSSING_HERE);
	c->remote->ops->close(c->remote->end, 1011, "out of memory");
	WAIT(l->closed == 1011);
	disconnect(l, false);
	laptop_free(l);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_resumed_at_the_same_node),
		CASE(test_back_without_its_streams),
		CASE(test_the_client_comes_here),
		CASE(test_late_before_it_came_here),
		CASE(test_silence),
		CASE(test_a_second_line),
		CASE(test_an_old_record),
		CASE(test_a_status_that_may_not_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
