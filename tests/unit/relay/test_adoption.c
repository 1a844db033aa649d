/* Two nodes and the copies of a third that is gone: one of them takes these over, and where that one is gone too, the
 * other does at once. */
#include "relay/cluster/adoption.h"
#include "relay/cluster/copies.h"
#include "shared/base/clock.h"
#include "shared/base/hex.h"
#include "tests/unit/relay/broker.h"

#include <sys/stat.h>

#define SOON_NS UINT64_C(30000000000) /* an adopter that is there is looked at again after a minute */

struct member {
	struct bus *bus;
	struct kv *kv;
	struct spool *spool;
	struct adoption *adoption;
	char deliver[32];
	int put, over, asked, closed;
	size_t size; /* of what was put */
	bool there;  /* what it is told of all others */
};

static struct member one, two;
static int answers;

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

static int64_t on_mailbox(void *user, const struct copy_message *m)
{
	const struct spool_mailbox is = { .tunnel = bytes_of(m->tunnel), .owner = bytes_of(m->owner) };
	return spool_join(((struct member *)user)->spool, &is);
}

static void on_put(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct copy_message *m, size_t size)
{
	struct member *member = user;
	assert_int_equal(id[0], 9);
	assert_string_equal(m->tunnel, "shop");
	member->put++;
	member->size += size;
}

static void on_over(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	assert_int_equal(id[0], 9);
	((struct member *)user)->over++;
}

static bool is_there(void *user, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct member *m = user;
	(void)id;
	m->asked++;
	return m->there;
}

static void begin(struct member *m, uint8_t id, uint64_t after_ms)
{
	static const struct bus_events bus_events = { on_connected, on_away, on_message };
	static const struct kv_events kv_events = { on_opened, on_refused };
	static const struct adoption_events events = { on_mailbox, on_put, on_over, is_there };
	const struct spool_settings spool = { .max_age_ms = 3600000, .sweep_ms = 3600000 };
	struct bus_settings s = settings_for(1);
	struct adoption_settings is = { .after_ms = after_ms };
	char data[96];
	struct error e;
	*m = (struct member){ .there = true };
	memset(is.node, id, sizeof is.node);
	snprintf(m->deliver, sizeof m->deliver, "creel.kv.%u", id);
	snprintf(data, sizeof data, "%s/spool-%u", folder, id);
	assert_int_equal(mkdir(data, 0700), 0);
	m->spool = spool_open(&loop, data, &spool, &e);
	m->bus = bus_new(&loop, &s, &bus_events, m, &e);
	m->kv = kv_new(&loop, m->bus, &(struct kv_settings){ "CREEL", "creel 1", 1, m->deliver }, &kv_events, m);
	m->adoption = adoption_new(&loop, m->bus, m->kv, m->spool, &is, &events, m);
	assert_true(m->spool && m->bus && m->kv && m->adoption);
	WAIT(kv_is_open(m->kv));
}

static void on_closed(void *user)
{
	((struct member *)user)->closed++;
}

static void finish(struct member *m)
{
	bus_close(m->bus, on_closed, m);
	adoption_close(m->adoption, on_closed, m);
	kv_close(m->kv, on_closed, m);
	WAIT(m->closed == 3);
	spool_close(m->spool, on_closed, m);
	WAIT(m->closed == 4);
}

static void on_answered(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	(void)user;
	assert_int_equal(outcome, BUS_ANSWERED);
	assert_non_null(m);
	answers++;
}

static void request(const char *subject, struct bytes data)
{
	const int before = answers;
	assert_true(
	    bus_request(one.bus, &(struct bus_post){ .subject = subject, .data = data }, 10000, on_answered, NULL));
	WAIT(answers > before);
}

/* A delivery that waited at the node, in so many parts. */
static void copy(const uint8_t node[RECORD_NODE_ID_LEN], uint8_t number, uint16_t parts)
{
	char subject[96], hex[2 * RECORD_NODE_ID_LEN + 1];
	struct copy_message m = { .tunnel = "shop", .received_at_us = clock_now_us(), .parts = parts };
	memset(m.event_id, number, sizeof m.event_id);
	hex_write(hex, node, RECORD_NODE_ID_LEN);
	snprintf(subject, sizeof subject, COPIES_PREFIX "%s.1", hex);
	for (m.part = 0; m.part < parts; m.part++) {
		struct buffer b = { 0 };
		m.payload = bytes_of("a payload");
		assert_true(copy_message_put(&b, &m));
		request(subject, buffer_view(&b));
		buffer_free(&b);
	}
}

static void make_stream(void)
{
	request("$JS.API.STREAM.CREATE." COPIES_STREAM,
		bytes_of("{\"name\":\"" COPIES_STREAM "\",\"subjects\":[\"" COPIES_PREFIX "*.*\"]}"));
}

static void test_one_of_them_and_then_the_other(void **state)
{
	uint8_t gone[RECORD_NODE_ID_LEN], first[RECORD_NODE_ID_LEN], other[RECORD_NODE_ID_LEN];
	(void)state;
	if (!is_installed())
		skip();
	memset(gone, 9, sizeof gone);
	memset(first, 1, sizeof first);
	memset(other, 8, sizeof other);
	start_broker(&brokers[0], "");
	begin(&one, 1, 0);
	begin(&two, 2, 0);
	make_stream();
	copy(gone, 1, 1);
	copy(other, 2, 1); /* of another node, which is there */
	copy(gone, 3, 3);
	adoption_gone(one.adoption, gone);
	WAIT(one.over == 1);
	assert_int_equal(one.put, 2);
	assert_int_equal(one.size, (1 + 3) * strlen("a payload"));
	assert_int_equal(adoption_count(one.adoption), 2);
	/* The other finds it claimed, and leaves it. */
	copy(gone, 4, 1); /* of its last moments */
	adoption_gone(two.adoption, gone);
	WAIT(two.asked == 1);
	assert_int_equal(two.put, 0);
	/* Until the first is gone too. */
	two.there = false;
	const uint64_t began = uv_hrtime();
	adoption_gone(two.adoption, first);
	WAIT(two.over == 1);
	assert_true(uv_hrtime() - began < SOON_NS);
	assert_int_equal(two.put, 1);
	assert_int_equal(adoption_malformed(one.adoption) + adoption_malformed(two.adoption), 0);
	finish(&one);
	finish(&two);
}

/* What a claim is worth whose node is not there, and what makes no sense among the copies. */
static void test_after_an_adopter_that_is_gone(void **state)
{
	uint8_t gone[RECORD_NODE_ID_LEN];
	char subject[96], hex[2 * RECORD_NODE_ID_LEN + 1];
	(void)state;
	if (!is_installed())
		skip();
	memset(gone, 9, sizeof gone);
	hex_write(hex, gone, sizeof gone);
	start_broker(&brokers[0], "");
	begin(&one, 1, 0);
	make_stream();
	snprintf(subject, sizeof subject, "$KV.CREEL.adopt.%s", hex);
	request(subject, bytes_of("sixteen bytes id"));
	snprintf(subject, sizeof subject, COPIES_PREFIX "%s.1", hex);
	request(subject, bytes_of("no copy"));
	copy(gone, 1, 1);
	one.there = false;
	adoption_gone(one.adoption, gone);
	WAIT(one.over == 1);
	assert_int_equal(one.put, 1);
	assert_int_equal(one.asked, 1);
	assert_int_equal(adoption_malformed(one.adoption), 1);
	finish(&one);
}

static void test_one_that_comes_back_in_time(void **state)
{
	uint8_t gone[RECORD_NODE_ID_LEN];
	(void)state;
	if (!is_installed())
		skip();
	memset(gone, 9, sizeof gone);
	start_broker(&brokers[0], "");
	begin(&one, 1, 16000); /* a second after it was judged to be gone */
	make_stream();
	copy(gone, 1, 1);
	adoption_gone(one.adoption, gone);
	adoption_came(one.adoption, gone);
	const uint64_t over = uv_hrtime() + UINT64_C(3000000000);
	WAIT(uv_hrtime() > over);
	assert_int_equal(one.put + one.over + one.asked, 0);
	adoption_gone(one.adoption, gone);
	WAIT(one.over == 1);
	assert_int_equal(one.put, 1);
	finish(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_of_them_and_then_the_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_after_an_adopter_that_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_that_comes_back_in_time, set_up, tear_down),
	};
	return RUN(tests);
}
