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

static struct tokens *t;
static struct cluster_tokens *c;

/* The tokens of a data folder, beside those of the bucket. */
static void begin_tokens(void)
{
	uint8_t id[TOKENS_NODE_ID_LEN];
	char data[96];
	struct error e;
	snprintf(data, sizeof data, "%s/data", folder);
	assert_true(tokens_open(&t, data, true, &e));
	assert_true(tokens_shared_open(t, id, &e));
	c = cluster_tokens_new(&loop, kv, t, on_changed, NULL);
	assert_non_null(c);
	WAIT(cluster_tokens_are_read(c));
}

static void end_tokens(void)
{
	const int before = closed_parts;
	bus_close(bus, on_part_closed, NULL);
	cluster_tokens_close(c, on_part_closed, NULL);
	kv_close(kv, on_part_closed, NULL);
	WAIT(closed_parts == before + 3);
	tokens_close(t);
}

/* That a token was revoked is kept for 90 days; a day later its record is removed, and no sooner, so that no node whose
 * clock is behind puts it back. */
static void test_how_long_a_revoked_token_is_known(void **state)
{
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
	begin_tokens();
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
	end_tokens();
}

/* What the first part of a reading brought, before a message was lost and all was read anew, is missed when the second
 * does not bring it: the record is written again, and not half a minute later. */
static void test_a_reading_that_is_broken_off(void **state)
{
	(void)state;
	if (!is_installed())
		skip();
	begin_bucket();
	write_token("token.first", 1, 0);
	write_token("token.second", 2, 0);
	begin_tokens();
	assert_true(knows(t, "first"));
	to_lose = "$KV.CREEL.token.second";
	kv_on_away(kv);
	kv_on_connected(kv);
	WAIT(lost > 0);
	const uint64_t next_reading = uv_hrtime() + UINT64_C(25000000000);
	kv_remove(kv, "token.first", 1000);
	WAIT(look("token.first") == KV_NONE);
	WAIT(look("token.first") == KV_DONE);
	assert_true(uv_hrtime() < next_reading);
	end_tokens();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_how_long_a_revoked_token_is_known, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_reading_that_is_broken_off, set_up, tear_down),
	};
	return RUN(tests);
}
