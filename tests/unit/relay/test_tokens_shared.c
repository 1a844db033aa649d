/* What a node of a cluster knows of its tokens and is told of them. */
#include "relay/names/tokens.h"
#include "shared/base/clock.h"
#include "tests/unit/unit.h"

struct seen {
	struct token_shared last;
	int count;
};

static void on_row(void *user, const struct token_shared *k)
{
	struct seen *s = user;
	s->last = *k;
	s->count++;
}

static struct seen update(struct tokens *t)
{
	struct seen s = { .count = 0 };
	struct error e;
	assert_true(tokens_shared_update(t, on_row, &s, &e));
	return s;
}

static void test_what_is_known(void **state)
{
	char folder[] = "/tmp/creel-tokens-XXXXXX", secret[TOKEN_TEXT_LEN + 1], owner[65], command[80];
	uint8_t id[TOKENS_NODE_ID_LEN], same[TOKENS_NODE_ID_LEN];
	struct tokens *t;
	struct error e;
	uint64_t stamp;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(tokens_open(&t, folder, true, &e));
	assert_true(tokens_shared_open(t, id, &e) && tokens_shared_open(t, same, &e));
	assert_memory_equal(id, same, sizeof id);
	assert_int_equal(update(t).count, 0);

	assert_true(tokens_add(t, "anna", "shop*", secret, &e));
	struct seen first = update(t);
	assert_int_equal(first.count, 1);
	assert_string_equal(first.last.tunnels, "shop*");
	assert_int_equal(first.last.revoked_at_us, 0);
	/* Another secret is newer than the first, whatever the clock says. */
	assert_true(tokens_rotate(t, "anna", secret, &e));
	struct seen second = update(t);
	assert_true(second.last.created_at_us > first.last.created_at_us);
	assert_memory_not_equal(second.last.hash, first.last.hash, sizeof first.last.hash);
	assert_int_equal(update(t).last.created_at_us, second.last.created_at_us);

	/* Revoked while no relay ran. */
	assert_true(tokens_revoke(t, "anna", &e));
	tokens_close(t);
	assert_true(tokens_open(&t, folder, false, &e));
	struct seen third = update(t);
	assert_int_equal(third.count, 1);
	assert_true(third.last.revoked_at_us > 0);
	/* The row is back, as out of an old copy: the same secret stays revoked. */
	struct token_shared good = second.last;
	assert_true(tokens_shared_take(t, &good, &e));
	assert_true(tokens_check(t, bytes_of(secret), owner, &stamp));
	assert_true(tokens_shared_take(t, &third.last, &e));
	assert_false(tokens_check(t, bytes_of(secret), owner, &stamp));
	/* A new token of that name is another. */
	assert_true(tokens_add(t, "anna", "*", secret, &e));
	struct seen fourth = update(t);
	assert_int_equal(fourth.last.revoked_at_us, 0);
	assert_true(fourth.last.created_at_us > third.last.created_at_us);
	assert_true(tokens_check(t, bytes_of(secret), owner, &stamp));

	/* Revoked so long ago that nobody need know of it. */
	struct token_shared past = fourth.last;
	past.revoked_at_us = clock_now_us() - TOKENS_REVOKED_US / 2;
	assert_true(tokens_shared_take(t, &past, &e));
	assert_int_equal(update(t).count, 1);
	past.revoked_at_us = clock_now_us() - TOKENS_REVOKED_US - 1000000;
	assert_true(tokens_shared_take(t, &past, &e));
	assert_int_equal(update(t).count, 0);
	assert_false(tokens_check(t, bytes_of(secret), owner, &stamp));
	tokens_close(t);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_is_known) };
	return RUN(tests);
}
