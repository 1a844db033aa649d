/* Records that nodes share, on NATS servers that are killed, stopped and started again. */
#include "relay/bus/kv.h"
#include "tests/unit/relay/broker.h"

#include <jansson.h>

#define SEEN_MOST 64

struct seen {
	char key[KV_KEY_LEN], value[64];
};

struct node {
	struct bus *bus;
	struct kv *kv;
	char deliver[32];
	int opened, read, closed, records;
	char refused[128];
	struct seen seen[SEEN_MOST];
	int seen_count;
	struct kv_watch *watch; /* where a test looks at its readings */
	uint64_t whole_reading; /* the last that was whole */
	int whole_count;        /* keys that were known when the first was */
	/* The first message that came while `hold`, and those after it not at all: handed over when the watch's next
	 * reading begins, before it can be answered. */
	bool hold;
	struct bus_message held;
	uint64_t held_reading;
	uv_prepare_t prepare;
	int flow_lost; /* messages of JetStream that ask whether it may go on: the first is lost, where that is -1 */
};

static void on_connected(void *user, const char *server)
{
	(void)server;
	kv_on_connected(((struct node *)user)->kv);
}

static void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	(void)why;
	(void)server;
	(void)text;
	kv_on_away(((struct node *)user)->kv);
}

static char *copy_text(const void *text, size_t len)
{
	char *copy = calloc(1, len + 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

static void hold(struct node *n, const struct bus_message *m)
{
	n->held = *m;
	n->held.subject = copy_text(m->subject, strlen(m->subject));
	n->held.reply = copy_text(m->reply, strlen(m->reply));
	n->held.data = bytes_make(copy_text(m->data.at, m->data.len), m->data.len);
	n->held_reading = kv_reading(n->watch);
}

static void hand_over(struct node *n)
{
	n->hold = false;
	assert_true(kv_on_message(n->kv, &n->held));
	free((void *)n->held.subject);
	free((void *)n->held.reply);
	free((void *)n->held.data.at);
}

static void on_prepare(uv_prepare_t *h)
{
	struct node *n = h->data;
	if (n->hold && n->held.subject && kv_reading(n->watch) != n->held_reading)
		hand_over(n);
}

static void on_message(void *user, const struct bus_message *m)
{
	struct node *n = user;
	if (m->status == 100 && m->reply && n->flow_lost < 0)
		n->flow_lost = 1;
	else if (!n->hold)
		assert_true(kv_on_message(n->kv, m));
	else if (!n->held.subject && m->data.len > 0)
		hold(n, m);
}

static void on_opened(void *user)
{
	((struct node *)user)->opened++;
}

static void on_refused(void *user, const char *why)
{
	struct node *n = user;
	assert_string_equal(n->refused, "");
	snprintf(n->refused, sizeof n->refused, "%s", why);
}

static const char *value_of(const struct node *n, const char *key)
{
	for (int i = 0; i < n->seen_count; i++)
		if (strcmp(n->seen[i].key, key) == 0)
			return n->seen[i].value;
	return "";
}

static void on_record(void *user, const char *key, struct bytes value, uint64_t revision)
{
	struct node *n = user;
	assert_true(revision > 0);
	n->records++;
	if (!*value_of(n, key))
		snprintf(n->seen[n->seen_count++].key, KV_KEY_LEN, "%s", key);
	snprintf((char *)value_of(n, key), sizeof n->seen[0].value, "%.*s", (int)value.len, (const char *)value.at);
}

static void on_read(void *user, bool whole)
{
	struct node *n = user;
	n->read++;
	if (!whole || !n->watch)
		return;
	if (!n->whole_reading)
		n->whole_count = n->seen_count;
	n->whole_reading = kv_reading(n->watch);
}

static void begin(struct node *n, const char *id, size_t servers, unsigned replicas, const char *description)
{
	static const struct bus_events events = { on_connected, on_away, on_message };
	static const struct kv_events kv_events = { on_opened, on_refused };
	struct bus_settings s = settings_for(servers);
	struct error e;
	*n = (struct node){ 0 };
	snprintf(n->deliver, sizeof n->deliver, "creel.kv.%s", id);
	n->bus = bus_new(&loop, &s, &events, n, &e);
	n->kv =
	    kv_new(&loop, n->bus, &(struct kv_settings){ "CREEL", description, replicas, n->deliver }, &kv_events, n);
	assert_true(n->bus && n->kv);
}

static void on_closed(void *user)
{
	((struct node *)user)->closed++;
}

static void finish(struct node *n)
{
	bus_close(n->bus, on_closed, n);
	kv_close(n->kv, on_closed, n);
	WAIT(n->closed == 2);
}

struct answer {
	int count;
	enum kv_outcome outcome;
	char value[64];
	uint64_t revision;
};

static void on_done(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct answer *a = user;
	a->count++;
	a->outcome = outcome;
	a->revision = revision;
	snprintf(a->value, sizeof a->value, "%.*s", (int)value.len, (const char *)value.at);
}

static struct answer get(struct node *n, const char *key)
{
	struct answer a = { 0 };
	assert_true(kv_read(n->kv, key, on_done, &a));
	WAIT(a.count);
	return a;
}

static struct answer put_if(struct node *n, const char *key, const char *value, uint64_t revision)
{
	struct answer a = { 0 };
	assert_true(kv_write_if(n->kv, key, bytes_of(value), revision, on_done, &a));
	WAIT(a.count);
	return a;
}

static enum kv_outcome put(struct node *n, const char *key, const char *value)
{
	struct answer a = { 0 };
	if (!kv_write(n->kv, key, bytes_of(value), on_done, &a))
		return KV_AWAY;
	WAIT(a.count);
	return a.outcome;
}

static const char *get_until_done(struct node *n, const char *key)
{
	static struct answer a;
	for (a = (struct answer){ 0 }; a.outcome != KV_DONE || !a.count;) {
		struct answer next = { 0 };
		if (kv_read(n->kv, key, on_done, &next))
			WAIT(next.count);
		else
			WAIT(bus_is_connected(n->bus));
		a = next;
	}
	return a.value;
}

static void put_until_done(struct node *n, const char *key, const char *value)
{
	WAIT(put(n, key, value) == KV_DONE);
}

static void test_reading_and_writing(void **state)
{
	struct node one;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, "one", 1, 1, "creel 1");
	WAIT(one.opened);
	assert_int_equal(get(&one, "tunnel.shop").outcome, KV_NONE);
	struct answer a = put_if(&one, "tunnel.shop", "first", 0);
	assert_int_equal(a.outcome, KV_DONE);
	assert_int_equal(put_if(&one, "tunnel.shop", "other", 0).outcome, KV_CHANGED);
	struct answer b = get(&one, "tunnel.shop");
	assert_int_equal(b.outcome, KV_DONE);
	assert_string_equal(b.value, "first");
	assert_int_equal(b.revision, a.revision);
	assert_int_equal(put_if(&one, "tunnel.shop", "second", a.revision).outcome, KV_DONE);
	assert_int_equal(put_if(&one, "tunnel.shop", "third", a.revision).outcome, KV_CHANGED);
	assert_int_equal(put(&one, "tunnel.shop", "fourth"), KV_DONE);
	assert_string_equal(get(&one, "tunnel.shop").value, "fourth");
	assert_int_equal(put(&one, "tunnel.empty", ""), KV_DONE);
	assert_int_equal(get(&one, "tunnel.empty").outcome, KV_DONE);
	/* Removed only if nothing was written meanwhile; then a new one may be made. */
	struct answer c = put_if(&one, "token.old", "revoked", 0);
	struct answer next = put_if(&one, "token.old", "again", c.revision);
	kv_remove(one.kv, "token.old", c.revision);
	assert_string_equal(get(&one, "token.old").value, "again");
	kv_remove(one.kv, "token.old", next.revision);
	assert_int_equal(get(&one, "token.old").outcome, KV_NONE);
	assert_int_equal(put_if(&one, "token.old", "new", 0).outcome, KV_DONE);
	assert_string_equal(get(&one, "tunnel.shop").value, "fourth");
	struct answer none = { 0 };
	assert_false(kv_read(one.kv, "", on_done, &none));
	assert_false(kv_read(one.kv, "a b", on_done, &none));
	assert_false(kv_read(one.kv, "tunnel.*", on_done, &none));
	assert_int_equal(none.count, 0);
	finish(&one);
}

/* A watch sees what was there before it, what comes, and what came while its server was away. */
static void test_watching(void **state)
{
	struct node one, two;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, "one", 1, 1, "creel 1");
	assert_non_null(kv_watch(one.kv, "token", 0, on_record, on_read, &one));
	assert_non_null(kv_watch(one.kv, "node", 0, on_record, on_read, &one));
	WAIT(one.read == 2); /* both: there is nothing */
	begin(&two, "two", 1, 1, "creel 1");
	WAIT(two.opened);
	assert_int_equal(put(&two, "token.a", "1"), KV_DONE);
	assert_int_equal(put(&two, "tunnel.a", "not watched"), KV_DONE);
	assert_int_equal(put(&two, "tokens.a", "nor this"), KV_DONE);
	WAIT(*value_of(&one, "token.a"));
	assert_non_null(kv_watch(two.kv, "token", 0, on_record, on_read, &two));
	WAIT(two.read);
	assert_string_equal(value_of(&two, "token.a"), "1");
	assert_int_equal(one.records, 1);
	end_broker(&brokers[0]);
	start_broker(&brokers[0], "");
	put_until_done(&two, "token.b", "2");
	put_until_done(&two, "token.a", "3");
	WAIT(*value_of(&one, "token.b") && strcmp(value_of(&one, "token.a"), "3") == 0);
	WAIT(*value_of(&two, "token.b") && strcmp(value_of(&two, "token.a"), "3") == 0);
	assert_string_equal(value_of(&one, "tunnel.a"), "");
	assert_string_equal(value_of(&one, "tokens.a"), "");
	finish(&one);
	finish(&two);
}

/* A record of the reading before is late: it comes when the next one was asked for and not answered yet. It is not
 * the next one's, which says that it is whole when it has brought all. */
static void test_a_record_of_the_reading_before(void **state)
{
	struct node one, two;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&two, "two", 1, 1, "creel 1");
	WAIT(two.opened);
	assert_int_equal(put(&two, "token.a", "1"), KV_DONE);
	begin(&one, "one", 1, 1, "creel 1");
	uv_prepare_init(&loop, &one.prepare);
	one.prepare.data = &one;
	uv_prepare_start(&one.prepare, on_prepare);
	one.hold = true;
	one.watch = kv_watch(one.kv, "token", 1000, on_record, on_read, &one);
	assert_non_null(one.watch);
	WAIT(one.held.subject);
	assert_int_equal(put(&two, "token.b", "2"), KV_DONE);
	WAIT(one.whole_reading);
	uv_close((uv_handle_t *)&one.prepare, NULL);
	assert_true(one.whole_reading > one.held_reading);
	assert_int_equal(one.whole_count, 2);
	finish(&one);
	finish(&two);
}

static void on_answer(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	json_t **answer = user;
	*answer = outcome == BUS_ANSWERED ? json_loadb((const char *)m->data.at, m->data.len, 0, NULL) : NULL;
	assert_non_null(*answer);
}

/* JetStream's answer, which the caller frees. */
static json_t *ask_servers(struct node *n, const char *subject, const char *text)
{
	json_t *answer = NULL;
	assert_true(bus_request(n->bus, &(struct bus_post){ .subject = subject, .data = bytes_of(text) }, 3000,
				on_answer, &answer));
	WAIT(answer);
	return answer;
}

static size_t consumers(struct node *n, char first[64])
{
	json_t *answer = ask_servers(n, "$JS.API.CONSUMER.NAMES.KV_CREEL", "");
	const json_t *names = json_object_get(answer, "consumers");
	const size_t count = json_array_size(names);
	if (first && count > 0)
		snprintf(first, 64, "%s", json_string_value(json_array_get(names, 0)));
	json_decref(answer);
	return count;
}

/* Another consumer that is in everything like that one but its name. */
static void make_another(struct node *n, const char *consumer)
{
	char subject[BUS_SUBJECT_LEN + 1];
	snprintf(subject, sizeof subject, "$JS.API.CONSUMER.INFO.KV_CREEL.%s", consumer);
	json_t *info = ask_servers(n, subject, ""), *config = json_object_get(info, "config");
	assert_non_null(config);
	json_object_del(config, "name");
	json_t *create = json_pack("{s:s, s:O}", "stream_name", "KV_CREEL", "config", config);
	char *text = json_dumps(create, JSON_COMPACT);
	json_t *answer = ask_servers(n, "$JS.API.CONSUMER.CREATE.KV_CREEL", text);
	assert_null(json_object_get(answer, "error"));
	json_decref(answer);
	free(text);
	json_decref(create);
	json_decref(info);
}

static bool is_read_whole(const struct node *n)
{
	return n->whole_reading == kv_reading(n->watch);
}

/* The servers may never have heard that a reading before is over. What they go on to send for it neither begins each
 * further reading anew nor stands for it, and they cease by themselves. */
static void test_a_consumer_that_stays(void **state)
{
	struct node one;
	char name[64];
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, "one", 1, 1, "creel 1");
	WAIT(one.opened);
	assert_int_equal(put(&one, "token.a", "1"), KV_DONE);
	one.watch = kv_watch(one.kv, "token", 0, on_record, on_read, &one);
	WAIT(is_read_whole(&one));
	assert_int_equal(consumers(&one, name), 1);
	make_another(&one, name);
	assert_int_equal(put(&one, "token.a", "2"), KV_DONE);
	assert_int_equal(put(&one, "token.a", "3"), KV_DONE);
	kv_on_connected(one.kv); /* as after a connection that was lost */
	WAIT(one.opened == 2 && kv_reading(one.watch) > 1 && is_read_whole(&one));
	const uint64_t reading = kv_reading(one.watch);
	WAIT(kv_reading(one.watch) != reading || consumers(&one, NULL) == 1);
	assert_int_equal(kv_reading(one.watch), reading);
	assert_int_equal(put(&one, "token.a", "4"), KV_DONE);
	WAIT(strcmp(value_of(&one, "token.a"), "4") == 0);
	assert_int_equal(kv_reading(one.watch), reading);
	finish(&one);
}

static void put_large(struct node *n, int number)
{
	static char value[200 << 10];
	memset(value, 'x', sizeof value - 1);
	value[snprintf(value, 16, "%d", number)] = ' ';
	assert_int_equal(put(n, "token.a", value), KV_DONE);
}

/* JetStream asks now and then whether it may go on, and waits for the answer. The question may be lost on its way. */
static void test_a_question_of_flow_that_is_lost(void **state)
{
	struct node one;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&one, "one", 1, 1, "creel 1");
	one.watch = kv_watch(one.kv, "token", 0, on_record, on_read, &one);
	WAIT(one.read);
	one.flow_lost = -1;
	for (int i = 1; i <= 40; i++) {
		put_large(&one, i);
		WAIT(atoi(value_of(&one, "token.a")) == i);
	}
	assert_int_equal(one.flow_lost, 1);
	finish(&one);
}

static void test_what_cannot_be(void **state)
{
	struct node one, two;
	(void)state;
	if (!is_installed())
		skip();
	start_broker(&brokers[0], "");
	begin(&two, "two", 1, 3, "creel 1");
	WAIT(*two.refused);
	assert_string_equal(two.refused, "the NATS servers are fewer than the copies that --cluster-replicas asks for");
	finish(&two);
	begin(&one, "one", 1, 1, "creel 1");
	WAIT(one.opened);
	begin(&two, "two", 1, 1, "creel 2");
	WAIT(*two.refused);
	assert_string_equal(two.refused, "its bucket is of another version of creel, or of another program");
	finish(&one);
	finish(&two);
}

static void on_stream_info(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	int *current = user;
	static const char word[] = "\"current\":true";
	*current = 0;
	for (struct bytes rest = outcome == BUS_ANSWERED ? m->data : bytes_of(NULL); rest.len >= sizeof word - 1;
	     rest = bytes_make(rest.at + 1, rest.len - 1))
		*current += memcmp(rest.at, word, sizeof word - 1) == 0;
}

/* The replicas that the leader takes for up to date; 0 where nobody leads. */
static int current_replicas(struct node *n)
{
	const struct bus_post ask = { .subject = "$JS.API.STREAM.INFO.KV_CREEL" };
	int current = -1;
	if (!bus_request(n->bus, &ask, 3000, on_stream_info, &current))
		return 0;
	WAIT(current >= 0);
	return current;
}

/* Three servers. The one that the node sits at is stopped: it goes to another, and finds what was written. One at a
 * time: the next is stopped when the one before has caught up, for two of three have to agree. Only the first in `make
 * test`: servers of NATS 2.9 that stood still one after the other once took no write for 90 s, in some 30 runs. */
static void test_a_cluster_with_a_server_that_hangs(void **state)
{
	struct node one;
	(void)state;
	if (!is_installed())
		skip();
	start_cluster();
	begin(&one, "one", BROKERS, 3, "creel 1");
	assert_non_null(kv_watch(one.kv, "token", 10000, on_record, on_read, &one));
	WAIT(one.read);
	put_until_done(&one, "token.a", "1");
	const int servers = getenv("CREEL_TEST_CLUSTER") ? BROKERS : 1;
	for (int i = 0; i < servers; i++) {
		char value[16];
		snprintf(value, sizeof value, "%d", i + 10);
		WAIT(current_replicas(&one) == BROKERS - 1);
		stop_broker(&brokers[i]);
		put_until_done(&one, "token.a", value);
		assert_string_equal(get_until_done(&one, "token.a"), value);
		WAIT(strcmp(value_of(&one, "token.a"), value) == 0);
		kill(brokers[i].pid, SIGCONT);
	}
	finish(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reading_and_writing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watching, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_record_of_the_reading_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_consumer_that_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_question_of_flow_that_is_lost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_cannot_be, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_cluster_with_a_server_that_hangs, set_up, tear_down),
	};
	return RUN(tests);
}
