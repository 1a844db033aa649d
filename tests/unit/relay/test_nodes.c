/* Nodes that come, go and come again, and the NATS server between them that goes. */
#include "relay/cluster/nodes.h"
#include "shared/base/clock.h"
#include "tests/unit/relay/broker.h"

#define WRITE_MS 300
#define GONE_MS 5000
#define KEPT_MS (2 * GONE_MS)

struct member {
	struct bus *bus;
	struct kv *kv;
	struct nodes *nodes;
	char deliver[32];
	int came, gone, past, heard, cloned, closed;
	uint64_t epoch;
	uint8_t who[RECORD_NODE_ID_LEN];
};

static void on_connected(void *user, const char *server)
{
	(void)server;
	kv_on_connected(((struct member *)user)->kv);
}

static void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	(void)why;
	(void)server;
	(void)text;
	kv_on_away(((struct member *)user)->kv);
}

static void on_message(void *user, const struct bus_message *m)
{
	assert_true(kv_on_message(((struct member *)user)->kv, m));
}

static void on_opened(void *user)
{
	(void)user;
}

static void on_refused(void *user, const char *why)
{
	(void)user;
	fail_msg("%s", why);
}

static void on_came(void *user, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch)
{
	struct member *m = user;
	m->came++;
	m->epoch = epoch;
	memcpy(m->who, id, sizeof m->who);
}

static void on_gone(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct member *m = user;
	m->gone++;
	memcpy(m->who, id, sizeof m->who);
}

static void on_past(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct member *m = user;
	m->past++;
	memcpy(m->who, id, sizeof m->who);
}

static void on_heard(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct member *m = user;
	m->heard++;
	assert_memory_equal(m->who, id, sizeof m->who);
}

static void on_cloned(void *user)
{
	((struct member *)user)->cloned++;
}

static void begin(struct member *m, uint8_t id, uint64_t epoch)
{
	static const struct bus_events bus_events = { on_connected, on_away, on_message };
	static const struct kv_events kv_events = { on_opened, on_refused };
	static const struct nodes_events events = { on_came, on_gone, on_past, on_heard, on_cloned, NULL };
	struct bus_settings s = settings_for(1);
	struct nodes_settings is = {
		.self = { "0.1.0", epoch, 0, 0, 0, 0 }, .write_ms = WRITE_MS, .gone_ms = GONE_MS, .kept_ms = KEPT_MS
	};
	struct error e;
	memset(is.id, id, sizeof is.id);
	*m = (struct member){ 0 };
	snprintf(m->deliver, sizeof m->deliver, "creel.kv.%llu", (unsigned long long)epoch);
	m->bus = bus_new(&loop, &s, &bus_events, m, &e);
	m->kv = kv_new(&loop, m->bus, &(struct kv_settings){ "CREEL", "creel 1", 1, m->deliver }, &kv_events, m);
	m->nodes = nodes_new(&loop, m->kv, &is, &events, m);
	assert_true(m->bus && m->kv && m->nodes);
}

static void on_closed(void *user)
{
	((struct member *)user)->closed++;
}

static void finish(struct member *m)
{
	bus_close(m->bus, on_closed, m);
	nodes_close(m->nodes, on_closed, m);
	kv_close(m->kv, on_closed, m);
	WAIT(m->closed == 3);
}

static void test_coming_and_going(void **state)
{
	static struct member one, two;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, 1, 11);
	begin(&two, 2, 22);
	WAIT(one.came == 1 && two.came == 1);
	WAIT(one.heard > 2 && two.heard > 2);
	assert_int_equal(one.epoch, 22);
	assert_int_equal(one.who[15], 2);
	assert_int_equal(nodes_count(one.nodes), 1);
	/* The server is away for longer than a node may be silent: nobody is taken for gone. */
	end_broker(&brokers[0]);
	uint64_t over = uv_hrtime() + (GONE_MS + 1000) * UINT64_C(1000000);
	WAIT(uv_hrtime() > over);
	start_broker(&brokers[0], "");
	WAIT(kv_is_open(one.kv) && kv_is_open(two.kv));
	over = uv_hrtime() + (GONE_MS + 1000) * UINT64_C(1000000);
	WAIT(uv_hrtime() > over);
	assert_int_equal(one.gone + two.gone, 0);
	/* And one that ends is gone; it comes again as another. */
	finish(&two);
	WAIT(one.gone == 1);
	assert_int_equal(nodes_count(one.nodes), 0);
	/* Its last record comes again with all others when the server was away, and does not bring it back. */
	end_broker(&brokers[0]);
	start_broker(&brokers[0], "");
	begin(&two, 3, 33);
	WAIT(one.came == 2 && one.who[0] == 3);
	assert_int_equal(nodes_count(one.nodes), 1);
	finish(&two);
	WAIT(one.gone == 2);
	begin(&two, 2, 23);
	WAIT(one.came == 3);
	assert_int_equal(one.epoch, 23);
	assert_int_equal(one.cloned + two.cloned, 0);
	assert_int_equal(nodes_malformed(one.nodes), 0);
	finish(&one);
	finish(&two);
}

/* The later one ends, whatever the clocks of their machines say. */
static void test_two_with_one_id(void **state)
{
	static struct member one, two, other;
	char command[128];
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, 1, 12);
	begin(&other, 2, 22);
	WAIT(other.came); /* it has written its record */
	begin(&two, 1, 11);
	WAIT(two.cloned);
	assert_int_equal(one.cloned, 0);
	finish(&two);
	/* The servers lost what they kept: its records begin anew there, and a later one is still the later one. */
	end_broker(&brokers[0]);
	snprintf(command, sizeof command, "rm -rf %s/js-0", folder);
	assert_int_equal(system(command), 0);
	start_broker(&brokers[0], "");
	const int heard = other.heard;
	WAIT(kv_is_open(one.kv) && other.heard > heard + 3);
	begin(&two, 1, 13);
	WAIT(two.cloned);
	assert_int_equal(one.cloned, 0);
	finish(&one);
	finish(&two);
	finish(&other);
}

static void on_written(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	(void)value;
	(void)revision;
	assert_int_equal(outcome, KV_DONE);
	++*(int *)user;
}

static void on_looked(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	(void)value;
	(void)revision;
	*(enum kv_outcome *)user = outcome;
}

static void write_record(struct member *m, const char *key, uint64_t days)
{
	const struct record_node r = { "0.1.0", 77, 1, clock_now_us() - days * 24 * 3600 * 1000000, 0, 0 };
	struct buffer b = { 0 };
	int written = 0;
	assert_true(record_put_node(&b, &r) && kv_write(m->kv, key, buffer_view(&b), on_written, &written));
	WAIT(written);
	buffer_free(&b);
}

/* A record is removed 90 days after its node wrote it last, but not one of a node that is there, nor of one that was
 * there a while ago and has a wrong clock. */
static void test_a_node_of_long_ago(void **state)
{
	static const char of_old[] = "node.07070707070707070707070707070707",
			  less[] = "node.08080808080808080808080808080808";
	static struct member one;
	enum kv_outcome old_is = KV_AWAY, less_is = KV_AWAY;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, 1, 11);
	WAIT(kv_is_open(one.kv));
	const uint64_t began = uv_now(&loop);
	write_record(&one, of_old, 91);
	write_record(&one, less, 89);
	WAIT(one.past);
	assert_true(uv_now(&loop) - began >= KEPT_MS);
	assert_int_equal(one.who[0], 7);
	assert_int_equal(one.gone, 2);
	WAIT(kv_read(one.kv, of_old, on_looked, &old_is));
	WAIT(old_is != KV_AWAY);
	WAIT(kv_read(one.kv, less, on_looked, &less_is));
	WAIT(less_is != KV_AWAY);
	assert_int_equal(old_is, KV_NONE);
	assert_int_equal(less_is, KV_DONE);
	assert_int_equal(one.past, 1);
	finish(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_coming_and_going, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_with_one_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_node_of_long_ago, set_up, tear_down),
	};
	return RUN(tests);
}
