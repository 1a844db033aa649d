/* The records of a cluster's bucket. */
#include "relay/cluster/record.h"
#include "tests/unit/unit.h"

static struct record_tunnel *tunnel_of(size_t clients)
{
	static struct record_tunnel t;
	memset(&t, 0, sizeof t);
	strcpy(t.owner, "team-a");
	t.random_name = true;
	t.client_count = clients;
	for (size_t i = 0; i < clients; i++) {
		struct record_client *c = &t.clients[i];
		c->key_len = i % 2 ? 32 : 0;
		memset(c->key, (int)i, c->key_len);
		c->options = 5;
		c->features = 3;
		c->epoch = 7;
		c->generation = i + 1;
		c->seen_at_us = 1000 + i;
		memset(c->node, 9, sizeof c->node);
	}
	return &t;
}

/* What is cut or has a byte too many is refused. */
static void expect_only_whole(const struct buffer *b, bool (*reads)(struct bytes in))
{
	assert_true(reads(buffer_view(b)));
	for (size_t len = 0; len < b->len; len++) {
		uint8_t *part = malloc(len + 1); /* so that ASan sees a read beyond the end */
		memcpy(part, b->at, len);
		assert_false(reads(bytes_make(part, len)));
		free(part);
	}
	struct buffer longer = { 0 };
	assert_true(buffer_append_bytes(&longer, buffer_view(b)) && buffer_put_u8(&longer, 0));
	assert_false(reads(buffer_view(&longer)));
	longer.at[0]++; /* of another version */
	assert_false(reads(bytes_make(longer.at, b->len)));
	buffer_free(&longer);
}

static bool reads_node(struct bytes in)
{
	struct record_node n;
	return record_read_node(in, &n) && strcmp(n.version, "0.1.0") == 0 && n.epoch == 1 && n.started_at_us == 2 &&
	       n.written_at_us == 3;
}

static bool reads_token(struct bytes in)
{
	struct record_token t;
	return record_read_token(in, &t) && strcmp(t.tunnels, "team-*") == 0 && t.hash[31] == 4 &&
	       t.created_at_us == 5 && t.revoked_at_us == 6;
}

static bool reads_tunnel(struct bytes in)
{
	static struct record_tunnel t;
	return record_read_tunnel(in, &t) && memcmp(&t, tunnel_of(RECORD_CLIENTS_MOST), sizeof t) == 0;
}

static void test_whole_or_not_at_all(void **state)
{
	(void)state;
	struct buffer b = { 0 };
	assert_true(record_put_node(&b, &(struct record_node){ "0.1.0", 1, 2, 3 }));
	expect_only_whole(&b, reads_node);
	buffer_free(&b);
	struct record_token t = { .tunnels = "team-*", .created_at_us = 5, .revoked_at_us = 6 };
	t.hash[31] = 4;
	assert_true(record_put_token(&b, &t));
	expect_only_whole(&b, reads_token);
	buffer_free(&b);
	assert_true(record_put_tunnel(&b, tunnel_of(RECORD_CLIENTS_MOST)));
	expect_only_whole(&b, reads_tunnel);
	buffer_free(&b);
}

static void test_what_is_not_believed(void **state)
{
	(void)state;
	static struct record_tunnel out;
	struct record_node node;
	struct buffer b = { 0 };
	struct record_tunnel *t = tunnel_of(1);
	t->clients[0].generation = UINT64_MAX;
	assert_true(record_put_tunnel(&b, t));
	assert_false(record_read_tunnel(buffer_view(&b), &out));
	buffer_free(&b);
	t = tunnel_of(1);
	t->clients[0].key_len = 31;
	assert_true(record_put_tunnel(&b, t));
	assert_false(record_read_tunnel(buffer_view(&b), &out));
	buffer_free(&b);
	strcpy(t->owner, "a\nb");
	t->client_count = 0;
	assert_true(record_put_tunnel(&b, t));
	assert_false(record_read_tunnel(buffer_view(&b), &out));
	assert_false(record_read_node(buffer_view(&b), &node));
	buffer_free(&b);
}

static void test_generations(void **state)
{
	(void)state;
	assert_int_equal(record_next_generation(tunnel_of(0)), 1);
	assert_int_equal(record_next_generation(tunnel_of(3)), 4);
}

static struct record_token token_of(uint8_t secret, uint64_t created, uint64_t revoked)
{
	struct record_token t = { .tunnels = "*", .created_at_us = created, .revoked_at_us = revoked };
	memset(t.hash, secret, sizeof t.hash);
	return t;
}

static void expect_merged(struct record_token a, struct record_token b, struct record_token want)
{
	struct record_token got[] = { record_merge_tokens(&a, &b), record_merge_tokens(&b, &a) };
	for (int i = 0; i < 2; i++) {
		assert_memory_equal(got[i].hash, want.hash, sizeof want.hash);
		assert_int_equal(got[i].created_at_us, want.created_at_us);
		assert_int_equal(got[i].revoked_at_us, want.revoked_at_us);
	}
}

static void test_tokens_that_differ(void **state)
{
	(void)state;
	/* Revoked on one side: a replica that has not heard of it changes nothing. */
	expect_merged(token_of(1, 10, 0), token_of(1, 10, 20), token_of(1, 10, 20));
	expect_merged(token_of(1, 10, 30), token_of(1, 10, 20), token_of(1, 10, 20));
	/* Another secret since: it is good, whatever became of the one before. */
	expect_merged(token_of(1, 10, 20), token_of(2, 30, 0), token_of(2, 30, 0));
	/* A secret that was revoked does not come back by a record that says it is newer. */
	expect_merged(token_of(1, 10, 20), token_of(1, 30, 0), token_of(1, 30, 20));
	/* Made on both sides of a cut at the same moment. */
	expect_merged(token_of(1, 10, 0), token_of(2, 10, 0), token_of(1, 10, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_or_not_at_all),
		cmocka_unit_test(test_what_is_not_believed),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_tokens_that_differ),
	};
	return RUN(tests);
}
