/* The space that deliveries under way take of the relay's disk. */
#include "relay/common/quota.h"
#include "relay/streams/delivery_streams.h"
#include "relay/streams/stream.h"
#include "tests/unit/relay/registry_fixture.h"

/* ---- the account alone ---- */

static const struct quota_around nothing_waits = { .disk_left = UINT64_MAX };

static enum quota_bound take(struct quota_hold *h, struct quota *quota, struct quota_share *share, uint64_t spool,
			     uint64_t file)
{
	const struct quota_need need = { spool, file, 0 };
	return quota_take(h, quota, share, &need, &nothing_waits);
}

static void test_which_limit_it_was(void **state)
{
	struct quota quota = { .limits = { .tunnel = 100, .tunnel_files = 50, .relay = 160 } };
	struct quota_share one = { 0 }, other = { 0 };
	struct quota_hold a = { 0 }, b = { 0 }, c = { 0 };
	const struct quota_around waiting = { 91, 91, UINT64_MAX }, no_disk = { 0, 0, 9 };
	const struct quota_need ten = { 10, 0, 10 };
	(void)state;
	assert_int_equal(quota_take(&a, &quota, &one, &ten, &waiting), QUOTA_TUNNEL);
	assert_int_equal(quota_take(&a, &quota, &one, &ten, &no_disk), QUOTA_DISK);
	assert_int_equal(a.has.spool, 0);
	assert_int_equal(take(&a, &quota, &one, 100, 0), QUOTA_GIVEN);
	assert_int_equal(take(&b, &quota, &one, 1, 0), QUOTA_TUNNEL);
	assert_int_equal(take(&b, &quota, &other, 61, 0), QUOTA_RELAY);
	assert_int_equal(take(&b, &quota, &other, 0, 60),
			 QUOTA_GIVEN); /* alone it may be larger than its tunnel's limit */
	assert_int_equal(take(&a, &quota, &one, 50, 0), QUOTA_GIVEN); /* what shrinks is never refused */
	assert_int_equal(take(&c, &quota, &other, 0, 1), QUOTA_TUNNEL_FILES);
	assert_int_equal(take(&b, &quota, &other, UINT64_MAX, 0), QUOTA_TUNNEL);
	assert_int_equal(take(&b, &quota, &other, 0, UINT64_MAX), QUOTA_RELAY);
	quota_settle(&a, &(struct quota_need){ 0 });
	quota_settle(&b, &(struct quota_need){ 0 });
	assert_int_equal(quota.taken.spool + quota.taken.file + quota.taken.disk, 0);
	assert_int_equal(one.taken.spool + other.taken.file, 0);
}

/* Whatever is taken, changed and given back in whatever order: the sums are those of the holds, and within the limits.
 */
static void test_sums(void **state)
{
	enum { HOLDS = 40, TUNNELS = 3 };
	struct quota quota = { .limits = { .tunnel = 1000, .tunnel_files = 700, .relay = 2000 } };
	struct quota_share shares[TUNNELS] = { 0 };
	struct quota_hold holds[HOLDS] = { 0 };
	(void)state;
	srand(7);
	for (int step = 0; step < 100000; step++) {
		struct quota_hold *h = &holds[rand() % HOLDS];
		size_t tunnel = (size_t)(h - holds) % TUNNELS;
		struct quota_need need = { (uint64_t)(rand() % 300), (uint64_t)(rand() % 300),
					   (uint64_t)(rand() % 600) },
				  before = h->has, sum = { 0 };
		const struct quota_around around = { (uint64_t)(rand() % 500), (uint64_t)(rand() % 500), 5000 };
		if (rand() % 3 == 0)
			need = (struct quota_need){ 0 };
		if (quota_take(h, &quota, &shares[tunnel], &need, &around) != QUOTA_GIVEN)
			assert_memory_equal(&h->has, &before, sizeof before);
		for (size_t i = 0; i < HOLDS; i++) {
			sum.spool += holds[i].has.spool;
			sum.file += holds[i].has.file;
			sum.disk += holds[i].has.disk;
		}
		assert_memory_equal(&sum, &quota.taken, sizeof sum);
		assert_true(sum.spool + sum.file <= 2000 && sum.disk <= 5000);
		for (size_t i = 0; i < TUNNELS; i++)
			assert_true(shares[i].taken.spool <= 1000 && shares[i].taken.file <= 700);
	}
	for (size_t i = 0; i < HOLDS; i++)
		quota_settle(&holds[i], &(struct quota_need){ 0 });
	assert_int_equal(quota.taken.spool + quota.taken.file + quota.taken.disk, 0);
}

/* ---- deliveries ---- */

#define QUOTA (UINT64_C(8) << 20)

static char bytes[SPILL_MEMORY + 200000];

static int set_up(void **state)
{
	(void)state;
	return open_registry(
	    (struct settings){ .max_body = UINT64_C(4) << 20, .spool_max_bytes = QUOTA, .spool_max_total = 2 * QUOTA });
}

/* A client that is away, or one whose connection takes frames and never answers. */
static struct client *join(struct connection *c, const char *name, uint32_t options, const char *key)
{
	struct join j = { .name = name, .owner = "", .key = bytes_of(key), .options = options };
	bool resumed;
	*c = (struct connection){ .relay = &relay };
	struct client *client = registry_join(relay.registry, c, &j, &resumed);
	assert_non_null(client);
	return client;
}

static struct delivery *arrive(struct tunnel *t, uint64_t declared, enum refusal *why)
{
	static uint64_t last;
	struct wire_request request = { .body_len = declared,
					.has_body = true,
					.method = bytes_of("POST"),
					.target = bytes_of("/hook"),
					.peer = bytes_of("192.0.2.1:5"),
					.headers = bytes_of("Host: a\r\n") };
	bytes_set_u64(request.event_id + 8, ++last);
	struct delivery *d = delivery_new(&request, folder);
	assert_non_null(d);
	*why = registry_dispatch(t, d);
	return d;
}

static void on_wake(struct delivery *d)
{
	(void)d;
}

static void assert_nothing_is_taken(void)
{
	const struct quota_need *taken = &relay.registry->table.quota.taken;
	assert_int_equal(taken->spool, 0);
	assert_int_equal(taken->file, 0);
	assert_int_equal(taken->disk, 0);
	for (const struct tunnel *t = relay.registry->table.tunnels; t; t = t->next) {
		assert_int_equal(t->quota.taken.spool + t->quota.taken.file + t->quota.taken.disk, 0);
		assert_int_equal(t->put_bytes, 0);
	}
	assert_int_equal(relay.registry->table.put_bytes, 0);
}

/* With the head, before a byte of the body is there; what does not fit is told which limit it was. */
static void test_declared_bodies_are_reserved_with_the_head(void **state)
{
	struct connection c;
	struct delivery *d[8];
	enum refusal why;
	(void)state;
	struct client *client = join(&c, "shop", 0, "");
	registry_lost(client, false);
	for (int i = 0; i < 8; i++) {
		d[i] = arrive(client->tunnel, 3u << 20, &why);
		assert_int_equal(why, i < 2 ? REFUSE_NOTHING : REFUSE_SPOOL_FULL);
	}
	assert_true(relay.registry->table.quota.taken.spool >= 6u << 20 &&
		    relay.registry->table.quota.taken.spool <= QUOTA);
	assert_true(client->quota_hit);
	for (int i = 0; i < 8; i++)
		delivery_leave_sender(d[i]);
	assert_nothing_is_taken();
	registry_lost(client, false);
}

static void test_all_tunnels_together(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	struct connection c;
	struct delivery *d[6];
	enum refusal why;
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct client *client = i % 2 == 0 ? join(&c, names[i / 2], 0, "") : NULL;
		if (client)
			registry_lost(client, false);
		struct tunnel *t = relay.registry->table.tunnels; /* the last one made */
		d[i] = arrive(t, 7u << 19, &why);
		assert_int_equal(why, i < 4 ? REFUSE_NOTHING : REFUSE_SPOOL_TOTAL);
	}
	for (size_t i = 0; i < 6; i++)
		delivery_leave_sender(d[i]);
	assert_nothing_is_taken();
}

/* What is reserved is at least what the payload takes in the spool. */
static void test_the_reservation_is_large_enough(void **state)
{
	static const size_t sizes[] = { 0, 1, WIRE_DATA_CHUNK, SPILL_MEMORY, SPILL_MEMORY + 1, sizeof bytes };
	struct connection c;
	enum refusal why;
	(void)state;
	struct client *client = join(&c, "shop", 0, "");
	registry_lost(client, false);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		for (int trailers = 0; trailers < 2; trailers++) {
			struct delivery *d = arrive(client->tunnel, WIRE_UNKNOWN_LENGTH, &why);
			struct buffer payload = { 0 };
			assert_int_equal(why, REFUSE_NOTHING);
			assert_int_equal(delivery_take_quota(d, sizes[i]), REFUSE_NOTHING);
			assert_true(spill_append(&d->body, bytes, sizes[i]));
			assert_true(!trailers || buffer_append_text(&d->trailers, "X-Sum: 9\r\n"));
			assert_int_equal(delivery_take_quota(d, 0), REFUSE_NOTHING);
			d->body_whole = true;
			assert_true(delivery_encode(d, WIRE_FEATURES, &payload));
			assert_true(payload.len <= d->quota.has.spool);
			buffer_free(&payload);
			delivery_leave_sender(d);
		}
	}
	assert_nothing_is_taken();
}

/* Deliveries of all kinds that grow, are cut, are given up by their client, are stored or refused, in any order. */
static void test_everything_is_given_back(void **state)
{
	enum { MOST = 24 };
	struct connection away, share[2];
	struct delivery *open[MOST] = { 0 };
	struct client *clients[3];
	(void)state;
	srand(11);
	clients[0] = join(&away, "away", 0, "");
	registry_lost(clients[0], false);
	clients[1] = join(&share[0], "team", WIRE_OPTION_SHARE, "the key of the first laptop, 32b");
	clients[2] = join(&share[1], "team", WIRE_OPTION_SHARE, "the key of the other laptop, 32b");
	registry_lost(clients[2], false);
	unsigned refused = 0, grown = 0, whole = 0;
	for (int step = 0; step < 4000; step++) {
		struct delivery **at = &open[rand() % MOST];
		struct delivery *d = *at;
		enum refusal why;
		clients[1]->in_grace = true; /* here, as far as what arrives is concerned */
		if (!d) {
			bool declared = rand() % 2;
			d = arrive(clients[rand() % 2]->tunnel,
				   declared ? (uint64_t)(rand() % (3 << 20)) : WIRE_UNKNOWN_LENGTH, &why);
			refused += why != REFUSE_NOTHING;
			if (why == REFUSE_NOTHING) {
				d->wake = on_wake;
				*at = d;
			} else {
				delivery_leave_sender(d);
			}
			continue;
		}
		switch (rand() % 6) {
		case 0:
		case 1: { /* a piece */
			size_t len = (size_t)rand() % sizeof bytes;
			if (!d->streams || d->body_whole || d->phase == PHASE_REFUSED)
				break;
			why = delivery_take_quota(d, len);
			if (why != REFUSE_NOTHING && delivery_leave_out_copies(d, why))
				why = delivery_take_quota(d, len);
			if (why == REFUSE_NOTHING) {
				assert_true(spill_append(&d->body, bytes, len));
				grown++;
			} else {
				refused++;
				delivery_cut(d, WIRE_RESET_TRUNCATED, 503, "");
				delivery_refuse(d, why);
			}
			delivery_pump(d);
			break;
		}
		case 2: /* its end */
			if (d->phase != PHASE_RECEIVING)
				break;
			whole++;
			d->body_whole = true;
			d->phase = PHASE_WHOLE;
			delivery_pump(d);
			delivery_settle(d);
			break;
		case 3: /* the client gives up what it has */
			if (clients[1]->streams && rand() % 2)
				stream_give_up(clients[1]->streams, REFUSE_CLIENT_LOST);
			break;
		case 4: /* the disk answers */
			uv_run(&loop, UV_RUN_NOWAIT);
			break;
		default: /* the sender hangs up, or has its answer */
			delivery_leave_sender(d);
			*at = NULL;
		}
		const struct quota *r = &relay.registry->table.quota;
		assert_true(r->taken.spool + r->taken.file <= 3 * QUOTA);
	}
	for (int i = 0; i < MOST; i++)
		if (open[i])
			delivery_leave_sender(open[i]);
	clients[1]->in_grace = false;
	while (clients[1]->streams)
		stream_give_up(clients[1]->streams, REFUSE_CLIENT_LOST);
	for (int turns = 0; relay.registry->table.put_bytes > 0 && turns < 100000; turns++)
		uv_run(&loop, UV_RUN_ONCE);
	assert_true(refused > 50 && grown > 100 && whole > 50);
	assert_nothing_is_taken();
	registry_lost(clients[1], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_which_limit_it_was),
		cmocka_unit_test(test_sums),
		cmocka_unit_test_setup_teardown(test_declared_bodies_are_reserved_with_the_head, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_all_tunnels_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_the_reservation_is_large_enough, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_everything_is_given_back, set_up, tear_down),
	};
	return RUN(tests);
}
