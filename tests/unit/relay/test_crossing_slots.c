/* What waits for one client lies at three nodes: in which order, and how much at once, it is handed out; and how much
 * there may be of it. */
#include "relay/shares/levels.h"
#include "tests/unit/relay/crossing_fixture.h"

static struct client *client_at(const struct node *n)
{
	return tunnel_find(&n->relay.registry->table, "shop")->clients;
}

static uint64_t waiting_at(const struct node *n)
{
	return spool_level(n->relay.registry->table.spool, client_at(n)->mailbox).count;
}

static void on_put(void *user, const struct error *e)
{
	assert_null(e);
	++*(unsigned *)user;
}

/* Something waits at the node, received `at` microseconds after a certain time; its event's number is the same. */
static void put_at(struct node *n, uint32_t at)
{
	static uint64_t since;
	if (!since)
		since = clock_now_us() - 1000000;
	struct wire_request r = {
		.method = bytes_of("POST"), .target = bytes_of("/"), .peer = bytes_of("p"), .received_at_us = since + at
	};
	struct buffer payload = { 0 };
	unsigned done = 0;
	bytes_set_u32(r.event_id, at);
	assert_true(wire_encode_request(&payload, 0, WIRE_SPOOLED | WIRE_END, &r));
	struct spool_item item = { .received_at_us = since + at, .payload = buffer_view(&payload) };
	memcpy(item.event_id, r.event_id, UUID_LEN);
	spool_put(n->relay.registry->table.spool, client_at(n)->mailbox, &item, on_put, &done);
	WAIT(done == 1);
	buffer_free(&payload);
}

/* The client was at the first node, so that all know it, and left. */
static struct laptop *known_everywhere(uint32_t parallel)
{
	struct laptop *l = laptop_new(9);
	l->parallel = parallel;
	for (size_t i = 0; i < NODES; i++)
		for (size_t k = 0; k < NODES; k++)
			crossing_node_heard(nodes[i].crossing, nodes[k].id);
	connect_to(l, &nodes[0], 0, 0);
	empty_directory();
	write_record(l, &nodes[0], 0);
	for (size_t i = 1; i < NODES; i++)
		crossing_learn(nodes[i].crossing, "shop", &directory);
	for (size_t i = 1; i < NODES; i++)
		WAIT(client_carrier(client_at(&nodes[i])));
	disconnect(l, false);
	for (size_t i = 1; i < NODES; i++)
		WAIT(!client_carrier(client_at(&nodes[i])) && !client_at(&nodes[i])->line);
	l->read = l->got.len;
	return l;
}

static void learn(struct node *n, const struct laptop *l, const struct node *at)
{
	empty_directory();
	write_record(l, at, 0);
	directory.clients[0].generation = 5;
	crossing_learn(n->crossing, "shop", &directory);
}

/* The client was away while so many came, to each node in turn: their numbers are 100 and up. It is at the first node
 * now, and all know it. */
static struct laptop *came_back(uint32_t parallel, uint32_t waiting)
{
	struct laptop *l = known_everywhere(parallel);
	for (uint32_t i = 0; i < waiting; i++)
		put_at(&nodes[i % NODES], 100 + i);
	connect_to(l, &nodes[0], 0, 0);
	learn(&nodes[1], l, &nodes[0]);
	learn(&nodes[2], l, &nodes[0]);
	return l;
}

/* The next one that is handed out. It says when that was received, though it is sealed: by its stream. */
static uint32_t event_here(const struct laptop *l, uint64_t stream)
{
	const struct crossing_stream *far = crossing_stream_here(l->client, stream);
	if (far)
		return bytes_get_u32(far->event_id);
	struct stream *st;
	HASH_FIND(hh, l->client->streams, &stream, sizeof stream, st);
	assert_non_null(st);
	return bytes_get_u32(st->delivery->request.event_id);
}

static void take(struct laptop *l, uint32_t event)
{
	const struct wire_frame f = expect_frame(l, WIRE_SEALED);
	assert_int_equal(event_here(l, f.stream), event);
	expect_nothing(l);
	record(l, f.stream, event);
	answer(l, f.stream, 200, NULL, true);
	expect_frame(l, WIRE_DONE);
}

/* Whether one is handed out in this turn, whichever it is: it is answered, and *event is its number. */
static bool take_any(struct laptop *l, uint32_t *event)
{
	struct wire_frame f;
	turn();
	if (!next_frame(l, &f) || f.type != WIRE_SEALED)
		return false;
	*event = event_here(l, f.stream);
	record(l, f.stream, *event);
	answer(l, f.stream, 200, NULL, true);
	return true;
}

static void test_in_the_order_of_receipt(void **state)
{
	(void)state;
	struct laptop *l = known_everywhere(1);
	for (uint32_t i = 0; i < 12; i++)
		put_at(&nodes[i * 7 % NODES], 100 + i);
	connect_to(l, &nodes[0], 0, 0);
	expect_nothing(l); /* the others have something, and do not know yet that it is here */
	learn(&nodes[1], l, &nodes[0]);
	expect_nothing(l);
	learn(&nodes[2], l, &nodes[0]);
	for (uint32_t i = 0; i < 12; i++)
		take(l, 100 + i);
	for (size_t i = 0; i < NODES; i++)
		WAIT(waiting_at(&nodes[i]) == 0);
	assert_int_equal(l->client->slots.held, 0);
	disconnect(l, false);
	laptop_free(l);
}

/* A node with something stands still in the middle: the others go on once it is taken for gone. It comes back. */
static void test_a_node_that_hangs(void **state)
{
	(void)state;
	struct laptop *l = came_back(1, 9);
	for (uint32_t i = 0; i < 4; i++)
		take(l, 100 + i);
	nodes[1].hangs = true; /* 104 is its, and was granted */
	WAIT(!l->client->guests->client_next);
	uint32_t order[8], event;
	size_t count = 0;
	while (waiting_at(&nodes[0]) + waiting_at(&nodes[2]) > 0) {
		if (!take_any(l, &event))
			continue;
		order[count++] = event;
		for (int i = 0; i < 10; i++)
			turn();
	}
	/* 104 may have come before it hung. */
	const uint32_t *at = order + (order[0] == 104);
	assert_int_equal(at[0], 105);
	assert_int_equal(at[1], 106);
	assert_int_equal(at[2], 108);
	nodes[1].hangs = false;
	crossing_node_heard(nodes[0].crossing, nodes[1].id);
	crossing_node_heard(nodes[1].crossing, nodes[0].id);
	WAIT(!client_carrier(client_at(&nodes[1])));
	learn(&nodes[1], l, &nodes[0]);
	WAIT(client_carrier(client_at(&nodes[1])));
	while (waiting_at(&nodes[1]) > 0)
		(void)take_any(l, &event);
	WAIT(l->client->slots.held == 0);
	disconnect(l, false);
	laptop_free(l);
}

/* It goes to another node in the middle: what is under way comes again, and in order. */
static void test_the_holder_changes(void **state)
{
	(void)state;
	struct laptop *l = came_back(1, 9), *again = laptop_new(9);
	again->parallel = 1;
	for (uint32_t i = 0; i < 4; i++)
		take(l, 100 + i);
	struct wire_frame f = expect_frame(l, WIRE_SEALED);
	assert_int_equal(event_here(l, f.stream), 104);
	disconnect(l, true);
	connect_to(again, &nodes[2], 0, 0);
	learn(&nodes[0], again, &nodes[2]);
	directory.clients[0].generation = 6;
	crossing_learn(nodes[1].crossing, "shop", &directory);
	for (uint32_t i = 4; i < 9; i++)
		take(again, 100 + i);
	WAIT(again->client->slots.held == 0);
	disconnect(again, false);
	laptop_free(l);
	laptop_free(again);
}

static uint64_t next_sealed(struct laptop *l)
{
	struct wire_frame f = { 0 };
	while (f.type != WIRE_SEALED)
		WAIT(next_frame(l, &f));
	return f.stream;
}

static void test_so_many_in_sum(void **state)
{
	(void)state;
	struct laptop *l = came_back(3, 15);
	uint64_t open[3];
	for (uint32_t done = 0; done < 15; done += 3) {
		for (int i = 0; i < 3; i++)
			open[i] = next_sealed(l);
		for (int i = 0; i < 10; i++)
			turn();
		assert_int_equal(HASH_CNT(by_here, l->client->crossed) + HASH_COUNT(l->client->streams), 3);
		assert_int_equal(l->client->slots.held, 3);
		for (int i = 0; i < 3; i++) {
			record(l, open[i], event_here(l, open[i]));
			answer(l, open[i], 200, NULL, true);
		}
	}
	for (size_t i = 0; i < NODES; i++)
		WAIT(waiting_at(&nodes[i]) == 0);
	disconnect(l, false);
	laptop_free(l);
}

/* Resumed: slots that are out stay out. */
static void test_resumed(void **state)
{
	(void)state;
	struct laptop *l = came_back(1, 6);
	take(l, 100);
	struct wire_frame f = expect_frame(l, WIRE_SEALED);
	assert_int_equal(event_here(l, f.stream), 101);
	disconnect(l, true);
	WAIT(!client_carrier(client_at(&nodes[1])));
	assert_true(connect_to(l, &nodes[0], 0, 7));
	expect_frame(l, WIRE_RESUME);
	assert_int_equal(expect_frame(l, WIRE_RESUME).stream, 0);
	for (uint32_t i = 1; i < 6; i++)
		take(l, 100 + i);
	WAIT(l->client->slots.held == 0);
	disconnect(l, false);
	laptop_free(l);
}

static void test_how_much_waits_elsewhere(void **state)
{
	(void)state;
	struct laptop *l = known_everywhere(0);
	const struct levels *at_third = nodes[2].relay.registry->table.levels;
	assert_int_equal(levels_elsewhere(at_third, "shop"), 0);
	put_at(&nodes[0], 1);
	put_at(&nodes[1], 2);
	uint64_t one = spool_level(nodes[0].relay.registry->table.spool, client_at(&nodes[0])->mailbox).bytes;
	assert_true(one > 0);
	const uint64_t began = uv_hrtime();
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one);
	assert_true(uv_hrtime() - began < UINT64_C(200) * 1000000);
	/* A webhook for which the tunnel has no room, with what is elsewhere. */
	nodes[2].relay.registry->table.quota.limits.tunnel = 2 * one + 100;
	struct wire_request r = { .method = bytes_of("POST"),
				  .target = bytes_of("/hook"),
				  .peer = bytes_of("p"),
				  .body_len = 3,
				  .received_at_us = clock_now_us(),
				  .has_body = true };
	struct delivery *d = delivery_new(&r, nodes[2].folder);
	struct tunnel *t = tunnel_find(&nodes[2].relay.registry->table, "shop");
	assert_int_equal(registry_dispatch(t, d), REFUSE_SPOOL_FULL);
	/* It is away: its last word counts. */
	nodes[0].hangs = true;
	crossing_node_gone(nodes[2].crossing, nodes[0].id);
	assert_int_equal(levels_elsewhere(at_third, "shop"), 2 * one);
	/* What is kept for a hundred years does not expire. */
	const int64_t hour_ms = nodes[2].relay.settings.spool_max_age_ms;
	nodes[2].relay.settings.spool_max_age_ms = INT64_C(36500) * 86400000;
	crossing_levels_expire(nodes[2].crossing);
	assert_int_equal(levels_elsewhere(at_third, "shop"), 2 * one);
	nodes[2].relay.settings.spool_max_age_ms = hour_ms;
	/* Some of it was taken over, and then all. */
	const struct levels *at_second = nodes[1].relay.registry->table.levels;
	struct level over = { .tunnel = bytes_of("shop"), .key = bytes_make(l->key, sizeof l->key), .count = 1 };
	over.bytes = one - 10;
	crossing_adopted(nodes[1].crossing, nodes[0].id, &(struct level){ over.tunnel, over.key, 0, 10, 0 });
	crossing_node_adopted(nodes[1].crossing, nodes[0].id);
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one - 10); /* the rest counts until it is back */
	assert_int_equal(levels_elsewhere(at_second, "shop"), one - 10);
	crossing_adopted(nodes[1].crossing, nodes[0].id, &over);
	deaf = true;
	crossing_node_adopted(nodes[1].crossing, nodes[0].id);
	turn();
	assert_int_equal(levels_elsewhere(at_second, "shop"), 0);
	assert_int_equal(levels_elsewhere(at_third, "shop"), 2 * one - 10); /* it did not hear it */
	deaf = false;
	crossing_node_gone(nodes[1].crossing, nodes[2].id);
	crossing_node_heard(nodes[1].crossing, nodes[2].id);
	WAIT(levels_elsewhere(at_third, "shop") == one);
	/* It is back, and says so itself. */
	nodes[0].hangs = false;
	crossing_node_heard(nodes[0].crossing, nodes[2].id);
	crossing_node_heard(nodes[2].crossing, nodes[0].id);
	put_at(&nodes[0], 3);
	WAIT(levels_elsewhere(at_third, "shop") == 3 * one);
	spool_leave(nodes[1].relay.registry->table.spool, client_at(&nodes[1])->mailbox);
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one);
	delivery_drop(d);
	laptop_free(l);
}

static void on_registry_closed(void *user)
{
	*(bool *)user = true;
}

static void start_again(struct node *n)
{
	bool closed = false;
	crossing_close(n->crossing);
	n->crossing = NULL; /* what comes for it meanwhile is lost */
	registry_close(n->relay.registry, on_registry_closed, &closed);
	WAIT(closed);
	registry_free(n->relay.registry);
	router_free(n->relay.router);
	assert_int_equal(begin_node(n), 0);
}

/* A node starts while another is away whose record in the bucket is some seconds old, so that it seems to be there. It
 * is its own word that counts instead of what was kept, or of what others took over of it; and there is none. */
static void test_after_a_start_beside_a_node_that_seems_there(void **state)
{
	(void)state;
	struct laptop *l = known_everywhere(0);
	struct node *third = &nodes[2];
	put_at(&nodes[0], 1);
	put_at(&nodes[1], 2);
	const uint64_t one = spool_level(nodes[0].relay.registry->table.spool, client_at(&nodes[0])->mailbox).bytes;
	WAIT(levels_elsewhere(third->relay.registry->table.levels, "shop") == 2 * one);
	nodes[0].hangs = true;
	start_again(third);
	const struct levels *at_third = third->relay.registry->table.levels;
	/* Before what was kept is read. */
	assert_int_equal(levels_elsewhere(at_third, "shop"), 0);
	crossing_node_heard(third->crossing, nodes[0].id);
	crossing_node_heard(third->crossing, nodes[1].id);
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one);
	const struct level over = { bytes_of("shop"), bytes_make(l->key, sizeof l->key), 0, 10, 0 };
	crossing_adopted(nodes[1].crossing, nodes[0].id, &over);
	crossing_node_adopted(nodes[1].crossing, nodes[0].id);
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one - 10);
	crossing_node_gone(third->crossing, nodes[0].id);
	assert_int_equal(levels_elsewhere(at_third, "shop"), 2 * one - 10);
	/* It comes back, and says so itself: what was taken over lies there all the same. */
	nodes[0].hangs = false;
	crossing_node_heard(nodes[0].crossing, third->id);
	crossing_node_heard(third->crossing, nodes[0].id);
	WAIT(levels_elsewhere(at_third, "shop") == 2 * one);
	laptop_free(l);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_in_the_order_of_receipt),
		CASE(test_so_many_in_sum),
		CASE(test_resumed),
		CASE(test_the_holder_changes),
		CASE(test_a_node_that_hangs),
		CASE(test_how_much_waits_elsewhere),
		CASE(test_after_a_start_beside_a_node_that_seems_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
