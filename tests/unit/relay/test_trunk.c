/* Two trunks in one process, over a transport that loses, doubles, swaps or holds back what it is given. What comes
 * between two losses comes whole and in order, and once the transport is good again, so is the trunk. */
#include "relay/trunk/trunk.h"
#include "tests/unit/unit.h"

#define MOST_UNDER_WAY 4096
#define PROBE_MS UINT64_C(20)
#define SILENT_MS UINT64_C(100)

struct message {
	size_t to;
	struct buffer bytes;
};

struct node {
	struct trunk_set *set;
	struct trunk *trunk;
	size_t index;
	uint64_t life, sent;      /* what it sends: its life changes whenever it is told of a loss */
	uint64_t from_life, came; /* what came of the other's */
	uint64_t all_came, losses, drained;
	bool waits, fresh;
};

static uv_loop_t loop;
static struct node nodes[2];
static struct trunk_set *of_three; /* of a node with three others, where a test has one */
static struct message under_way[MOST_UNDER_WAY];
static size_t under_way_count, published;
static unsigned lose, twice, swap; /* of 100 messages */
static bool silent, full;
static uint32_t seed;

static uint32_t next_random(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static bool on_publish(void *user, const uint8_t node[TRUNK_NODE_LEN], struct bytes message)
{
	struct node *n = user;
	assert_int_equal(node[0], 1 + !n->index);
	assert_true(message.len <= TRUNK_MESSAGE_MOST);
	if (full)
		return false;
	published++;
	for (int i = 0; i < 1 + (next_random() % 100 < twice); i++) {
		if (silent || next_random() % 100 < lose || under_way_count == MOST_UNDER_WAY)
			continue;
		struct message *m = &under_way[under_way_count++];
		*m = (struct message){ .to = !n->index };
		assert_true(buffer_append_bytes(&m->bytes, message));
	}
	return true;
}

static bool on_part(void *user, struct trunk *t, const struct trunk_part *p)
{
	struct node *n = user;
	assert_ptr_equal(t, n->trunk ? n->trunk : t);
	assert_true(p->data.len >= 16);
	uint64_t life = bytes_get_u64(p->data.at), number = bytes_get_u64(p->data.at + 8);
	if (n->fresh)
		n->from_life = life;
	n->fresh = false;
	assert_int_equal(life, n->from_life);
	assert_int_equal(number, n->came);
	for (size_t i = 16; i < p->data.len; i += 997)
		assert_int_equal(p->data.at[i], (uint8_t)number);
	n->came++;
	n->all_came++;
	return true;
}

static void on_lost(void *user, struct trunk *t, uint64_t silent_ms)
{
	struct node *n = user;
	(void)t;
	assert_true(silent_ms == 0 || silent_ms == SILENT_MS);
	n->losses++;
	n->life++;
	n->sent = n->came = 0;
	n->fresh = true;
}

static void on_drained(void *user, struct trunk *t)
{
	struct node *n = user;
	n->drained++;
	assert_true(trunk_may_send(t));
}

static bool on_waits(void *user, const struct trunk *t)
{
	const struct node *n = user;
	(void)t;
	return n->waits;
}

static const struct trunk_events events = { on_publish, on_part, on_lost, on_drained, on_waits };

static void open_node(size_t i)
{
	struct trunk_settings s = { .probe_ms = PROBE_MS, .silent_ms = SILENT_MS };
	memset(s.id, (int)i + 1, sizeof s.id);
	nodes[i] = (struct node){ .index = i, .fresh = true, .life = nodes[i].life + 1000 };
	nodes[i].set = trunk_set_new(&loop, &s, &events, &nodes[i]);
	assert_non_null(nodes[i].set);
}

static void join_other(size_t i)
{
	uint8_t other[TRUNK_NODE_LEN];
	memset(other, (int)!i + 1, sizeof other);
	nodes[i].trunk = trunk_to(nodes[i].set, other);
	assert_non_null(nodes[i].trunk);
}

static int set_up(void **state)
{
	(void)state;
	lose = twice = swap = 0;
	silent = full = false;
	seed = 7;
	memset(nodes, 0, sizeof nodes);
	if (uv_loop_init(&loop) != 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		open_node(i);
	for (size_t i = 0; i < 2; i++)
		join_other(i);
	return 0;
}

static void forget_under_way(void)
{
	while (under_way_count > 0)
		buffer_free(&under_way[--under_way_count].bytes);
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		trunk_set_free(nodes[i].set);
	trunk_set_free(of_three);
	of_three = NULL;
	forget_under_way();
	uv_run(&loop, UV_RUN_DEFAULT);
	return uv_loop_close(&loop);
}

static void deliver(void)
{
	static struct message batch[MOST_UNDER_WAY];
	size_t count = under_way_count;
	memcpy(batch, under_way, count * sizeof *batch);
	under_way_count = 0;
	for (size_t i = 0; i + 1 < count; i++) {
		if (next_random() % 100 >= swap)
			continue;
		struct message m = batch[i];
		batch[i] = batch[i + 1];
		batch[i + 1] = m;
	}
	for (size_t i = 0; i < count; i++) {
		trunk_receive(nodes[batch[i].to].set, buffer_view(&batch[i].bytes));
		buffer_free(&batch[i].bytes);
	}
}

static void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
	deliver();
}

static void say_by(size_t from, size_t len, void (*send)(struct trunk *t, const struct trunk_part *p))
{
	struct node *n = &nodes[from];
	uint8_t *data = malloc(len);
	assert_true(data && len >= 16);
	bytes_set_u64(data, n->life);
	bytes_set_u64(data + 8, n->sent);
	memset(data + 16, (int)(uint8_t)n->sent, len - 16);
	n->sent++;
	const struct trunk_part p = { .kind = TRUNK_TO_CLIENT, .line = 1, .data = bytes_make(data, len) };
	send(n->trunk, &p);
	free(data);
}

static void say(size_t from, size_t len)
{
	say_by(from, len, trunk_send);
}

static void wait_for(bool (*condition)(void))
{
	const uint64_t until = uv_hrtime() + UINT64_C(20000000000);
	while (!condition()) {
		assert_true(uv_hrtime() < until);
		turn();
	}
}

static bool all_came(void)
{
	return nodes[0].came == nodes[1].sent && nodes[1].came == nodes[0].sent;
}

static void test_all_of_it_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		say((size_t)i % 2, 16 + next_random() % 3000);
		if (i % 50 == 0)
			turn();
	}
	wait_for(all_came);
	assert_int_equal(nodes[0].all_came + nodes[1].all_came, 2000);
	assert_int_equal(nodes[0].losses + nodes[1].losses, 0);
	assert_true(trunk_bytes(nodes[0].set) > 0);
}

/* Until probes, and what acknowledges messages, had their time several times over. */
static void go_on_for(uint64_t ms)
{
	const uint64_t until = uv_hrtime() + UINT64_C(1000000) * ms;
	while (uv_hrtime() < until)
		turn();
}

/* Until the two know each other, and acknowledged all. */
static void get_acquainted(void)
{
	say(0, 100);
	say(1, 100);
	wait_for(all_came);
	go_on_for(2 * PROBE_MS);
	published = 0;
}

static void test_what_nobody_waits_for_leaves_with_the_next(void **state)
{
	(void)state;
	get_acquainted();
	say_by(0, 100, trunk_send_late);
	say_by(0, 100, trunk_send_late);
	say(0, 100);
	wait_for(all_came);
	assert_int_equal(published, 1);
	say_by(0, 100, trunk_send_late);
	wait_for(all_came); /* by itself */
}

static void test_what_is_late_leaves_at_the_end(void **state)
{
	(void)state;
	get_acquainted();
	say_by(0, 100, trunk_send_late);
	trunk_set_free(nodes[0].set);
	deliver();
	assert_int_equal(nodes[1].came, nodes[0].sent);
	open_node(0);
	join_other(0);
}

/* As under load: parts of several turns are one message, but none waits for more than the turns that follow at once. */
static void test_parts_of_some_turns_go_together(void **state)
{
	(void)state;
	get_acquainted();
	for (int i = 0; i < 200; i++) {
		say(0, 100);
		turn();
	}
	wait_for(all_came);
	assert_true(published < 200);
	assert_int_equal(nodes[0].losses, 0);
}

static void test_a_part_longer_than_a_message(void **state)
{
	(void)state;
	say(0, 100);
	say(0, 3u << 20);
	say(0, 100);
	say(0, TRUNK_PART_MOST);
	wait_for(all_came);
	assert_int_equal(nodes[1].all_came, 4);
}

static bool has_drained(void)
{
	return nodes[0].drained > 0;
}

static void test_no_more_than_the_window(void **state)
{
	(void)state;
	while (trunk_may_send(nodes[0].trunk))
		say(0, 1u << 20);
	assert_int_equal(nodes[0].sent, TRUNK_WINDOW >> 20);
	wait_for(has_drained);
	wait_for(all_came);
	assert_int_equal(nodes[0].losses, 0);
}

static bool is_lost(void)
{
	return nodes[0].losses > 0;
}

static void test_silence(void **state)
{
	(void)state;
	say(0, 100);
	say(1, 100);
	wait_for(all_came);
	go_on_for(2 * PROBE_MS);
	silent = true;
	const uint64_t began = uv_hrtime();
	nodes[0].waits = true;
	wait_for(is_lost);
	assert_true(uv_hrtime() - began >= UINT64_C(1000000) * (SILENT_MS - PROBE_MS));
	assert_int_equal(nodes[1].losses, 0); /* nothing of its own is due */
	silent = false;
	say(0, 100);
	wait_for(all_came);
	assert_int_equal(nodes[1].losses, 1);
}

static void test_nothing_due_says_nothing(void **state)
{
	(void)state;
	say(0, 100);
	wait_for(all_came);
	nodes[0].waits = nodes[1].waits = true;
	go_on_for(4 * SILENT_MS); /* probes are answered */
	assert_int_equal(nodes[0].losses + nodes[1].losses, 0);
}

static void test_a_transport_that_takes_nothing(void **state)
{
	(void)state;
	full = true;
	say(0, 100);
	turn();
	full = false;
	wait_for(all_came);
	assert_int_equal(nodes[0].losses, 0);
}

/* What was published to each, by the first byte of its id. */
static struct trunk *first;
static size_t published_to[5];

static bool on_publish_to(void *user, const uint8_t node[TRUNK_NODE_LEN], struct bytes message)
{
	(void)user;
	assert_true(message.len > 0);
	if (full)
		return false;
	published_to[node[0]]++;
	return true;
}

static void on_lost_send(void *user, struct trunk *t, uint64_t silent_ms)
{
	const struct trunk_part p = { .kind = TRUNK_TO_CLIENT, .line = 1, .data = bytes_of("others are told") };
	(void)silent_ms;
	(*(int *)user)++;
	assert_ptr_not_equal(t, first);
	trunk_send(first, &p);
}

static struct trunk *one_of_three(uint8_t id)
{
	const uint8_t node[TRUNK_NODE_LEN] = { id };
	struct trunk *t = trunk_to(of_three, node);
	assert_non_null(t);
	return t;
}

/* The transport takes nothing, so that two trunks wait for another try; the third is lost in that same turn, and who
 * learns of it sends over the first. Both go when the transport is good again, not the second with its next probe. */
static void test_a_loss_while_others_wait_for_another_try(void **state)
{
	static const struct trunk_events sending = { on_publish_to, on_part, on_lost_send, on_drained, on_waits };
	const struct trunk_settings patient = { .id = { 1 }, .probe_ms = 3600000, .silent_ms = 36000000 };
	const struct trunk_part small = { .kind = TRUNK_TO_CLIENT, .line = 1, .data = bytes_of("a small part") };
	static const uint8_t large[1u << 20];
	const struct trunk_part much = { .kind = TRUNK_TO_CLIENT, .line = 1, .data = bytes_make(large, sizeof large) };
	int lost = 0;
	(void)state;
	of_three = trunk_set_new(&loop, &patient, &sending, &lost);
	assert_non_null(of_three);
	memset(published_to, 0, sizeof published_to);
	full = true;
	first = one_of_three(2);
	struct trunk *second = one_of_three(3), *third = one_of_three(4);
	for (size_t sent = 0; sent <= 4 * TRUNK_WINDOW + sizeof large; sent += sizeof large)
		trunk_send(third, &much); /* more than may wait */
	trunk_send(first, &small);
	trunk_send(second, &small); /* the last is looked at first */
	while (lost == 0)
		uv_run(&loop, UV_RUN_NOWAIT);
	full = false;
	while (published_to[2] == 0)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(lost, 1);
	assert_int_equal(published_to[3], 1);
}

static bool both_ways_again(void)
{
	return all_came() && nodes[0].came > 0 && nodes[1].came > 0;
}

static void test_the_other_starts_again(void **state)
{
	(void)state;
	say(0, 100);
	say(1, 100);
	wait_for(all_came);
	trunk_set_free(nodes[1].set);
	open_node(1);
	join_other(1);
	say(0, 100); /* the new one has never heard of it */
	wait_for(is_lost);
	say(0, 100);
	say(1, 100);
	wait_for(both_ways_again);
}

static void test_a_transport_of_every_kind(void **state)
{
	(void)state;
	for (uint32_t round = 1; round <= 25; round++) {
		seed = round;
		lose = next_random() % 4 == 0 ? 0 : next_random() % 30;
		twice = next_random() % 30;
		swap = next_random() % 4 == 0 ? 0 : next_random() % 40;
		for (int i = 0; i < 300; i++) {
			say(next_random() % 2, 16 + next_random() % (round % 5 ? 2000 : 300000));
			if (next_random() % 3 == 0)
				turn();
		}
		lose = twice = swap = 0;
		/* One end may yet find out. */
		nodes[0].waits = nodes[1].waits = true;
		go_on_for(4 * PROBE_MS);
		say(0, 100);
		say(1, 100);
		wait_for(both_ways_again);
	}
	assert_true(nodes[0].losses > 0 && nodes[1].losses > 0);
}

static void test_what_makes_no_sense(void **state)
{
	(void)state;
	struct buffer m = { 0 };
	struct trunk_head h = { .flags = TRUNK_BARE, .epoch = 5 };
	say(0, 100);
	wait_for(all_came);
	memset(h.sender, 1, sizeof h.sender);
	assert_true(trunk_message_put_head(&m, &h));
	trunk_receive(nodes[0].set, buffer_view(&m)); /* of itself */
	trunk_receive(nodes[0].set, bytes_make(m.at, m.len - 1));
	assert_int_equal(trunk_malformed(nodes[0].set), 2);
	/* Of the other, with a part that is none. */
	memset(m.at + 4, 2, TRUNK_NODE_LEN);
	m.at[1] = 0;
	m.at[43] = 1;
	assert_true(buffer_append(&m, "\x63\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16));
	trunk_receive(nodes[0].set, buffer_view(&m));
	assert_int_equal(trunk_malformed(nodes[0].set), 3);
	assert_true(nodes[0].losses > 0);
	buffer_free(&m);
	say(0, 100);
	say(1, 100);
	for (int i = 0; i < 10; i++)
		turn();
	say(0, 100);
	say(1, 100);
	wait_for(both_ways_again);
}

static void test_the_codec(void **state)
{
	(void)state;
	struct buffer b = { 0 };
	uint8_t key[32] = { 9 };
	struct trunk_client_name n = { bytes_of("k3f9"), bytes_make(key, sizeof key) }, n2;
	struct trunk_state st = { TRUNK_RESUMED, 3, 5, 7 }, st2;
	assert_true(trunk_message_put_name(&b, &n));
	assert_true(trunk_message_read_name(buffer_view(&b), &n2));
	assert_true(bytes_equal(n.tunnel, n2.tunnel) && bytes_equal(n.key, n2.key));
	for (size_t len = 0; len < b.len; len++)
		assert_false(trunk_message_read_name(bytes_make(b.at, len), &n2));
	b.len = 0;
	assert_true(trunk_message_put_state(&b, &st));
	assert_true(trunk_message_read_state(buffer_view(&b), &st2));
	assert_memory_equal(&st, &st2, sizeof st);
	for (size_t len = 0; len < b.len; len++)
		assert_false(trunk_message_read_state(bytes_make(b.at, len), &st2));
	b.at[0] = TRUNK_PRESENCES;
	assert_false(trunk_message_read_state(buffer_view(&b), &st2));
	buffer_free(&b);
}

static void test_the_codec_of_what_waits(void **state)
{
	(void)state;
	struct buffer b = { 0 };
	struct trunk_level v = { { bytes_of("k3f9"), bytes_of(NULL) }, 7, 1000 }, v2;
	struct trunk_offer o = { 5, true, bytes_make("0123456789abcdef", 16) }, o2;
	assert_true(trunk_message_put_level(&b, &v));
	assert_true(trunk_message_read_level(buffer_view(&b), &v2));
	assert_int_equal(v2.count, 7);
	assert_int_equal(v2.bytes, 1000);
	assert_true(bytes_equal(v.of.tunnel, v2.of.tunnel));
	for (size_t len = 0; len < b.len; len++)
		assert_false(trunk_message_read_level(bytes_make(b.at, len), &v2));
	b.at[8] = 0xff; /* more than any disk holds */
	assert_false(trunk_message_read_level(buffer_view(&b), &v2));
	b.len = 0;
	assert_true(trunk_message_put_offer(&b, &o));
	assert_true(trunk_message_read_offer(buffer_view(&b), &o2));
	assert_int_equal(o2.round, 5);
	assert_true(o2.unsure);
	assert_true(bytes_equal(o.times, o2.times));
	assert_true(trunk_message_read_offer(bytes_make(b.at, 5), &o2));
	assert_int_equal(o2.times.len, 0);
	assert_false(trunk_message_read_offer(bytes_make(b.at, 4), &o2));
	assert_false(trunk_message_read_offer(bytes_make(b.at, 12), &o2));
	b.at[4] = 2;
	assert_false(trunk_message_read_offer(buffer_view(&b), &o2));
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_of_it_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_nobody_waits_for_leaves_with_the_next, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_late_leaves_at_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parts_of_some_turns_go_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_part_longer_than_a_message, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_more_than_the_window, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing_due_says_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_transport_that_takes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_loss_while_others_wait_for_another_try, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_other_starts_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_transport_of_every_kind, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_makes_no_sense, set_up, tear_down),
		cmocka_unit_test(test_the_codec),
		cmocka_unit_test(test_the_codec_of_what_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
