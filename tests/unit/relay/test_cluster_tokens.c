/* Tokens in a bucket on a NATS server of the test's own. */
#include "relay/cluster/cluster_tokens.h"
#include "relay/cluster/record.h"
#include "shared/base/clock.h"
#include "tests/unit/relay/bucket.h"

#include <stdio.h>
#include <string.h>

#define HOUR_US (UINT64_C(3600) * 1000000)
#define DAY_US (24 * HOUR_US)

static void write_token(const char *key, uint8_t hash, uint64_t revoked_at_us)
{
	struct record_token r = { .tunnels = "*",
				  .created_at_us = clock_now_us() - 100 * DAY_US,
				  .revoked_at_us = revoked_at_us };
	struct buffer b = { 0 };
	memset(r.hash, hash, sizeof r.hash);
	assert_true(record_put_token(&b, &r));
	write_bucket(key, &b);
	buffer_free(&b);
}

struct answer {
	int count;
	enum kv_outcome outcome;
};

static void on_answer(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct answer *a = user;
	(void)value;
	(void)revision;
	a->count++;
	a->outcome = outcome;
}

static enum kv_outcome look(const char *key)
{
	struct answer a = { 0 };
	assert_true(kv_read(kv, key, on_answer, &a));
	WAIT(a.count);
	return a.outcome;
}

static void on_changed(void *user)
{
	(void)user;
}

struct known {
	char names[8][LIMIT_TOKEN_NAME + 1];
	int count;
};

static void on_row(void *user, const struct token_shared *k)
{
	struct known *all = user;
	assert_true(all->count < 8);
	snprintf(all->names[all->count++], sizeof all->names[0], "%s", k->name);
}

static bool knows(struct tokens *t, const char *name)
{
	struct known all = { .count = 0 };
	struct error e;
	assert_true(tokens_shared_update(t, on_row, &all, &e));
	for (int i = 0; i < all.count; i++)
		if (strcmp(all.names[i], name) == 0)
			return true;
	return false;
}

/* That a token was revoked is kept for 90 days; a day later its record is removed, and no sooner, so that no node whose
 * clock is behind puts it back. */
static void test_how_long_a_revoked_token_is_known(void **state)
{
	uint8_t id[TOKENS_NODE_ID_LEN];
	char data[96];
	struct tokens *t;
	struct error e;
	(void)state;
	if (!is_installed())
		skip();
	begin_bucket();
	const uint64_t now = clock_now_us();
	write_token("token.good", 1, 0);
	write_token("token.recent", 2, now - 90 * DAY_US + HOUR_US);
	write_token("token.past", 3, now - 90 * DAY_US - HOUR_US);
	write_token("token.late", 4, now - 91 * DAY_US + HOUR_US);
	write_token("token.old", 5, now - 91 * DAY_US - HOUR_US);
	snprintf(data, sizeof data, "%s/data", folder);
	assert_true(tokens_open(&t, data, true, &e));
	assert_true(tokens_shared_open(t, id, &e));
	struct cluster_tokens *c = cluster_tokens_new(&loop, kv, t, on_changed, NULL);
	assert_non_null(c);
	WAIT(cluster_tokens_are_read(c));
	WAIT(look("token.old") == KV_NONE);
	assert_int_equal(look("token.recent"), KV_DONE);
	assert_int_equal(look("token.past"), KV_DONE);
	assert_int_equal(look("token.late"), KV_DONE);
	assert_int_equal(tokens_count(t), 1);
	assert_true(knows(t, "good"));
	assert_true(knows(t, "recent"));
	assert_false(knows(t, "past")); /* nobody need know of it any more */
	assert_false(knows(t, "old"));
	assert_int_equal(cluster_tokens_malformed(c), 0);
	bus_close(bus, on_part_closed, NULL);
	cluster_tokens_close(c, on_part_closed, NULL);
	kv_close(kv, on_part_closed, NULL);
	WAIT(closed_parts == 3);
	tokens_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_how_long_a_revoked_token_is_known,
									    set_up, tear_down) };
	return RUN(tests);
}
