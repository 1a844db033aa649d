/* Clients that join and leave, with a spool on disk and no network. */
#include "relay/names/tokens.h"
#include "relay/streams/stream.h"
#include "tests/unit/relay/registry_fixture.h"

#include <libwebsockets.h>

/* Stand before libwebsockets': no socket, and no timers on it. */
int lws_send_pipe_choked(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	return 0;
}

void lws_set_timeout(struct lws *wsi, enum pending_timeout reason, int seconds)
{
	(void)wsi;
	(void)reason;
	(void)seconds;
}

struct lws_context *lws_get_context(const struct lws *wsi)
{
	(void)wsi;
	return NULL;
}

void lws_cancel_service(struct lws_context *context)
{
	(void)context;
}

static int set_up(void **state)
{
	(void)state;
	return open_registry((struct settings){ .spool_max_bytes = 1u << 20 });
}

/* What the spool cannot make a mailbox for (out of memory, or as here a key of no known length) leaves nothing behind:
 * the connection goes, and is not to be found again. */
static void test_no_mailbox_no_client(void **state)
{
	struct connection first = { .relay = &relay }, second = { .relay = &relay };
	struct join j = { .name = "shop", .owner = "", .key = bytes_of("short") };
	bool resumed;
	(void)state;
	assert_null(registry_join(relay.registry, &first, &j, &resumed));
	for (const struct client *c = relay.registry->table.tunnels->clients; c; c = c->next)
		assert_null(c->connection);
	j.key = bytes_of(NULL);
	struct client *c = registry_join(relay.registry, &second, &j, &resumed);
	assert_non_null(c);
	assert_ptr_equal(relay.registry->table.tunnels->clients, c); /* alone */
	assert_null(c->next);
	registry_lost(c, false);
}

static void put_done(void *user, const struct error *e)
{
	assert_null(e);
	*(bool *)user = true;
}

static void open_again(void)
{
	struct error e;
	close_registry();
	relay.router = router_new(NULL);
	relay.registry = registry_new(&relay, &e);
	assert_non_null(relay.registry);
}

/* The laptop that took the tunnel over keeps it over a restart, though the one before was seen by a clock that was
 * ahead. */
static void test_the_newest_stays_current(void **state)
{
	struct connection first = { .relay = &relay }, second = { .relay = &relay };
	struct join a = { .name = "shop", .owner = "", .key = bytes_of("the key of the first laptop, 32b") };
	struct join b = { .name = "shop", .owner = "", .key = bytes_of("the key of the other laptop, 32b") };
	struct spool_item item = { .payload = bytes_of("x") };
	bool resumed, stored = false;
	(void)state;
	struct client *c = registry_join(relay.registry, &first, &a, &resumed);
	assert_non_null(c);
	c->seen_at_us += UINT64_C(3600000000);
	item.received_at_us = c->seen_at_us;
	spool_seen(relay.registry->table.spool, c->mailbox, c->seen_at_us);
	spool_put(relay.registry->table.spool, c->mailbox, &item, put_done, &stored); /* so that it is not forgotten */
	registry_lost(c, false);
	c = registry_join(relay.registry, &second, &b, &resumed);
	assert_non_null(c);
	registry_lost(c, false);
	open_again();
	assert_true(stored);
	for (c = relay.registry->table.tunnels->clients; c; c = c->next)
		assert_int_equal(c->current, bytes_equal(bytes_make(c->key, c->key_len), b.key));
}

/* ---- who takes whose place ---- */

static struct connection *connect_one(void)
{
	static struct connection all[8];
	static size_t next;
	struct connection *c = &all[next++ % 8];
	*c = (struct connection){ .relay = &relay };
	connection_carry(c, link_new(&loop, NULL, NULL, NULL));
	assert_non_null(c->link);
	return c;
}

static struct client *join(struct connection *c, struct join j, bool *resumed)
{
	j.name = j.name ? j.name : "shop";
	j.owner = j.owner ? j.owner : "";
	struct client *client = registry_join(relay.registry, c, &j, resumed);
	assert_non_null(client);
	c->client = client;
	c->welcomed = true;
	return client;
}

static struct delivery *deliver_to(struct client *c)
{
	struct wire_request request = { .method = bytes_of("POST"), .target = bytes_of("/") };
	struct delivery *d = delivery_new(&request, folder);
	assert_non_null(d);
	assert_non_null(stream_open(c, d, STREAM_OPEN));
	return d;
}

/* With the nonce of its last WELCOME its streams live on under their numbers; without, they begin anew at 1. */
static void test_a_client_comes_back(void **state)
{
	(void)state;
	bool resumed;
	struct connection *first = connect_one(), *second = connect_one(), *third = connect_one();
	struct client *c = join(first, (struct join){ 0 }, &resumed);
	assert_false(resumed);
	memset(c->nonce, 7, sizeof c->nonce);
	c->has_nonce = true;
	c->last_stream = 40;
	struct delivery *d = deliver_to(c);
	struct bytes nonce = bytes_make(c->nonce, sizeof c->nonce);
	assert_ptr_equal(join(second, (struct join){ .nonce = nonce }, &resumed), c);
	assert_true(resumed);
	assert_null(first->client);
	assert_string_equal(link_close_reason(first->link), "the client connected again");
	assert_int_equal(c->streams->id, 41);
	assert_ptr_equal(join(third, (struct join){ .nonce = bytes_of("another's nonce!") }, &resumed), c);
	assert_false(resumed);
	assert_null(second->client);
	assert_int_equal(c->streams->id, 1);
	assert_int_equal(c->last_stream, 1);
	assert_ptr_equal(c->connection, third);
	stream_close(c->streams);
	delivery_drop(d);
	registry_lost(c, false);
	for (int i = 0; i < 3; i++)
		link_free((struct connection *[]){ first, second, third }[i]->link);
}

/* The newest takes the tunnel with the streams of the one before, unless both share it. */
static void test_another_client_comes(void **state)
{
	(void)state;
	bool resumed;
	struct bytes keys[] = { bytes_of("the key of the first laptop, 32b"),
				bytes_of("the key of the other laptop, 32b"),
				bytes_of("the key of the third laptop, 32b") };
	struct connection *first = connect_one(), *second = connect_one(), *third = connect_one();
	struct client *a = join(first, (struct join){ .key = keys[0], .options = WIRE_OPTION_SHARE }, &resumed);
	struct client *b = join(second, (struct join){ .key = keys[1], .options = WIRE_OPTION_SHARE }, &resumed);
	assert_ptr_equal(first->client, a);
	assert_true(a->current && b->current);
	struct delivery *d = deliver_to(a);
	struct client *c = join(third, (struct join){ .key = keys[2] }, &resumed);
	assert_null(first->client);
	assert_null(second->client);
	assert_string_equal(link_close_reason(first->link), "a newer client took over this tunnel");
	assert_non_null(c->streams); /* those before had nothing waiting, and are forgotten */
	assert_ptr_equal(relay.registry->table.tunnels->clients, c);
	assert_null(c->next);
	stream_close(c->streams);
	delivery_drop(d);
	registry_lost(c, false);
	for (int i = 0; i < 3; i++)
		link_free((struct connection *[]){ first, second, third }[i]->link);
}

/* The name went to another token: the client before is sent away, and what waited without a seal is gone. */
static void test_another_owner_comes(void **state)
{
	(void)state;
	bool resumed;
	struct connection *first = connect_one(), *second = connect_one();
	struct client *a = join(first, (struct join){ .owner = "alice" }, &resumed);
	int64_t mailbox = a->mailbox;
	struct client *b = join(second, (struct join){ .owner = "bob" }, &resumed);
	assert_string_equal(link_close_reason(first->link), "the tunnel's name belongs to another token");
	assert_null(first->client);
	assert_true(b->mailbox != mailbox);
	assert_string_equal(b->owner, "bob");
	registry_lost(b, false);
	link_free(first->link);
	link_free(second->link);
}

/* A laptop that names none gets the last of the random names that its key had, and only one that nobody uses now. */
static void test_the_last_random_name(void **state)
{
	(void)state;
	bool resumed;
	char name[TUNNEL_NAME_MAX + 1];
	struct bytes key = bytes_of("the key of the first laptop, 32b");
	struct bytes other = bytes_of("the key of the other laptop, 32b");
	struct connection *first = connect_one(), *second = connect_one();
	struct client *a = join(first, (struct join){ .name = "first", .key = key, .random_name = true }, &resumed);
	struct client *b = join(second, (struct join){ .name = "second", .key = key, .random_name = true }, &resumed);
	assert_false(registry_last_name(relay.registry, "", key, name)); /* both are in use */
	registry_lost(a, false);
	assert_true(registry_last_name(relay.registry, "", key, name));
	assert_string_equal(name, "first");
	registry_lost(b, false);
	assert_true(registry_last_name(relay.registry, "", key, name));
	assert_string_equal(name, "second");
	assert_false(registry_last_name(relay.registry, "somebody", key, name));
	assert_false(registry_last_name(relay.registry, "", other, name));
	assert_false(registry_last_name(relay.registry, "", bytes_of(NULL), name));
	registry_forget_tunnel(b->tunnel);
	assert_true(registry_last_name(relay.registry, "", key, name));
	assert_string_equal(name, "first");
	registry_forget_tunnel(a->tunnel);
	assert_false(registry_last_name(relay.registry, "", key, name));
	assert_null(relay.registry->table.by_key);
	link_free(first->link);
	link_free(second->link);
}

/* Whether it is described as here (and nothing but it), for the cluster's record. */
static bool is_told_here(struct record_tunnel *out)
{
	static const uint8_t self[RECORD_NODE_ID_LEN] = { 1 };
	assert_true(registry_describe(relay.registry, "shop", self, out));
	assert_int_equal(out->client_count, 1);
	return !record_is_away(&out->clients[0]);
}

/* One whose join was not written yet, and that is lost, may be at another node by now: until it comes back it is told
 * as away, so that what is written late takes nothing from a node that has it. */
static void test_what_other_nodes_are_told(void **state)
{
	static struct record_tunnel told, there, merged;
	const uint8_t self[RECORD_NODE_ID_LEN] = { 1 };
	char path[80];
	bool resumed;
	struct error e;
	(void)state;
	assert_true(tokens_open(&relay.tokens, folder, true, &e));
	struct connection *first = connect_one(), *second = connect_one();
	struct bytes key = bytes_of("the key of the first laptop, 32b");
	struct client *c = join(first, (struct join){ .key = key }, &resumed);
	first->welcomed = false;
	assert_true(is_told_here(&told));
	first->welcomed = true;
	memset(c->nonce, 7, sizeof c->nonce);
	c->has_nonce = true;
	registry_lost(c, true);
	assert_true(c->in_grace);
	assert_false(is_told_here(&told));
	there = told;
	memset(there.clients[0].node, 2, sizeof there.clients[0].node);
	there.clients[0].generation = 5;
	record_merge_tunnels(&there, &told, self, &merged);
	assert_int_equal(merged.clients[0].node[0], 2);
	assert_int_equal(merged.clients[0].generation, 5);
	/* It comes back, so it is the newest. */
	join(second, (struct join){ .key = key, .nonce = bytes_make(c->nonce, sizeof c->nonce) }, &resumed);
	assert_true(resumed);
	assert_true(is_told_here(&told));
	record_merge_tunnels(&there, &told, self, &merged);
	assert_int_equal(merged.clients[0].node[0], 1);
	assert_int_equal(merged.clients[0].generation, 6);
	/* Its join was written: it is here for as long as it may resume. */
	registry_note_record(relay.registry, "shop", &merged, self);
	assert_int_equal(c->generation, 6);
	registry_lost(c, true);
	assert_true(is_told_here(&told));
	c->in_grace = false;
	assert_false(is_told_here(&told));
	tokens_close(relay.tokens);
	snprintf(path, sizeof path, "%s/relay.db", folder);
	assert_int_equal(unlink(path), 0);
	link_free(first->link);
	link_free(second->link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_mailbox_no_client, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_newest_stays_current, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_client_comes_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_client_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_owner_comes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_last_random_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_other_nodes_are_told, set_up, tear_down),
	};
	return RUN(tests);
}
