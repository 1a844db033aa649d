/* A webhook at one node, its client at another. */
#include "tests/unit/relay/crossing_fixture.h"

static void test_there_and_back(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	/* Before that node has said that the client is there. */
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3), *local;
	struct wire_frame f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 1);
	assert_int_equal(event_of(&f), 1);
	/* Numbers are the connection's, whichever node's the stream is. */
	local = send_to(&nodes[0], 2, "GET", 0);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 2);
	struct delivery *second = send_to(&nodes[1], 3, "GET", 0);
	f = expect_frame(l, WIRE_REQUEST);
	assert_int_equal(f.stream, 3);
	record(l, 3, 3);
	answer(l, 3, 203, "three", true);
	record(l, 1, 1);
	answer(l, 1, 201, "one", true);
	record(l, 2, 2);
	answer(l, 2, 202, "two", true);
	WAIT(d->phase == PHASE_DONE && second->phase == PHASE_DONE && local->phase == PHASE_DONE);
	assert_int_equal(d->answer.status, 201);
	assert_true(bytes_equal(buffer_view(&d->answer_body), bytes_of("one")));
	assert_int_equal(second->answer.status, 203);
	assert_int_equal(local->answer.status, 202);
	uint64_t done = 0;
	for (int i = 0; i < 3; i++)
		done |= UINT64_C(1) << expect_frame(l, WIRE_DONE).stream;
	assert_int_equal(done, 14);
	assert_null(l->client->crossed);
	forget(d);
	forget(second);
	forget(local);
	disconnect(l, false);
	WAIT(!at_second()->line);
	assert_false(client_is_here(at_second()));
	laptop_free(l);
}

/* Over the grace: 202 from the node that took it; it is handed out when the client is back, from there. */
static void test_out_of_the_mailbox_of_another_node(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	WAIT(client_carrier(at_second()));
	disconnect(l, false);
	WAIT(!client_carrier(at_second()));
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	WAIT(d->phase == PHASE_ACCEPTED);
	forget(d);
	connect_to(l, &nodes[0], 0, 0);
	empty_directory();
	write_record(l, &nodes[0], 0);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	uint64_t stream = expect_frame(l, WIRE_SEALED).stream;
	record(l, stream, 1);
	answer(l, stream, 200, NULL, true);
	expect_frame(l, WIRE_DONE);
	WAIT(spool_level(nodes[1].relay.registry->table.spool, at_second()->mailbox).count == 0);
	disconnect(l, false);
	laptop_free(l);
}

static size_t waiting_at_first(const struct laptop *l)
{
	return l->got.len - l->read;
}

static void test_a_client_that_does_not_read(void **state)
{
	(void)state;
	struct laptop *slow = laptop_at_first(WIRE_OPTION_SHARE), *quick = laptop_new(10);
	connect_to(quick, &nodes[0], WIRE_OPTION_SHARE, 0);
	write_record(quick, &nodes[0], WIRE_OPTION_SHARE);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	WAIT(at_second()->remote && at_second()->next && at_second()->next->remote);
	slow->shut = true;
	struct delivery *all[40];
	for (uint32_t i = 0; i < 40; i++)
		all[i] = send_to(&nodes[1], i + 1, "POST", 200000);
	/* The other gets all of it, and of the slow one's no more is under way than its credit. */
	struct wire_frame f;
	size_t ends = 0;
	WAIT((next_frame(quick, &f) ? ends += f.flags & WIRE_END : 0, ends == 40));
	assert_int_equal(waiting_at_first(slow), 0);
	unsigned unsent = 0;
	for (uint32_t i = 0; i < 40; i++)
		for (const struct stream *st = all[i]->streams; st; st = st->sibling)
			unsent += st->out == STREAM_UNSENT;
	assert_true(unsent >= 40 - 8);
	slow->shut = false;
	crossing_pump(slow->client);
	ends = 0;
	WAIT((next_frame(slow, &f) ? ends += f.flags & WIRE_END : 0, ends == 40));
	for (uint32_t i = 0; i < 40; i++)
		forget(all[i]);
	disconnect(slow, false);
	disconnect(quick, false);
	laptop_free(slow);
	laptop_free(quick);
}

/* One at each node: each gets its copy, and the first answer wins. */
static void test_shared_over_nodes(void **state)
{
	(void)state;
	struct laptop *far = laptop_at_first(WIRE_OPTION_SHARE), *near = laptop_new(10);
	connect_to(near, &nodes[1], WIRE_OPTION_SHARE, 0);
	WAIT(at_second() && client_is_here(at_second()) && at_second()->next && at_second()->next->remote);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	uint64_t at_far = expect_frame(far, WIRE_REQUEST).stream, at_near = expect_frame(near, WIRE_REQUEST).stream;
	record(near, at_near, 1);
	record(far, at_far, 1);
	answer(far, at_far, 299, "far", true);
	WAIT(d->phase == PHASE_DONE);
	answer(near, at_near, 200, "near", true);
	assert_int_equal(d->answer.status, 299);
	expect_frame(far, WIRE_DONE);
	expect_frame(near, WIRE_DONE);
	forget(d);
	disconnect(far, false);
	disconnect(near, false);
	laptop_free(far);
	laptop_free(near);
}

/* The directory says that it is somewhere else than it is. */
static void test_it_is_not_there(void **state)
{
	(void)state;
	struct laptop *l = laptop_new(9);
	empty_directory();
	write_record(l, &nodes[0], 0);
	crossing_learn(nodes[1].crossing, "shop", &directory);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	WAIT(nodes[1].asked > 0);
	assert_null(at_second()->line);
	WAIT(d->phase == PHASE_ACCEPTED); /* once the grace is over */
	forget(d);
	laptop_free(l);
}

static void test_a_sender_that_hangs_up(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	forget(d);
	assert_int_equal(expect_frame(l, WIRE_RESET).stream, 1);
	assert_null(l->client->crossed);
	record(l, 1, 1); /* they crossed */
	answer(l, 1, 200, "one", true);
	expect_nothing(l);
	disconnect(l, false);
	laptop_free(l);
}

static void test_a_client_that_breaks_the_rules(void **state)
{
	(void)state;
	struct laptop *l = laptop_at_first(0);
	struct delivery *d = send_to(&nodes[1], 1, "POST", 3);
	expect_frame(l, WIRE_REQUEST);
	answer(l, 1, 200, "not recorded", true);
	WAIT(l->closed == 1002);
	disconnect(l, false);
	WAIT(d->phase == PHASE_ACCEPTED);
	forget(d);
	laptop_free(l);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static size_t count_peers(const struct crossing *x)
{
	const struct crossing_peer *p;
	size_t n = 0;
	LL_COUNT(x->peers, p, n);
	return n;
}

/* A cluster whose nodes begin with a new folder each time has more of them in its life than a node knows at once. */
static void test_nodes_that_are_gone_for_good(void **state)
{
	struct crossing *x = nodes[0].crossing;
	uint8_t id[RECORD_NODE_ID_LEN] = { 9 };
	(void)state;
	deaf = true;
	for (unsigned i = 0; i < 1100; i++) {
		id[1] = (uint8_t)(i >> 8);
		id[2] = (uint8_t)i;
		crossing_node_heard(x, id);
		if (i != 7)
			crossing_node_gone(x, id);
	}
	assert_int_equal(count_peers(x), 1024);
	WAIT(count_peers(x) == 1);
	assert_int_equal(trunk_node(x->peers->trunk)[2], 7);
	crossing_node_heard(x, id);
	assert_int_equal(count_peers(x), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_there_and_back),
		CASE(test_out_of_the_mailbox_of_another_node),
		CASE(test_a_client_that_does_not_read),
		CASE(test_shared_over_nodes),
		CASE(test_it_is_not_there),
		CASE(test_a_sender_that_hangs_up),
		CASE(test_a_client_that_breaks_the_rules),
		CASE(test_nodes_that_are_gone_for_good),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
