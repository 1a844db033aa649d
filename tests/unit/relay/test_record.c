/* The records of a cluster's bucket. */
#include "relay/cluster/record.h"
#include "shared/wire/wire.h"
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
	return record_read_node(in, &n) && strcmp(n.version, "0.1.0") == 0 && n.epoch == 1 && n.first_revision == 2 &&
	       n.written_at_us == 3 && n.tunnels == 4 && n.copies == 5;
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
	assert_true(record_put_node(&b, &(struct record_node){ "0.1.0", 1, 2, 3, 4, 5 }));
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

static struct record_client client_of(uint8_t key, uint8_t node, uint64_t generation, uint32_t options)
{
	struct record_client c = { .key_len = 32, .generation = generation, .options = options };
	memset(c.key, key, sizeof c.key);
	memset(c.node, node, sizeof c.node);
	return c;
}

static struct record_tunnel merged(const struct record_client *there, size_t there_count,
				   const struct record_client *here, size_t here_count)
{
	static struct record_tunnel a, b, out;
	uint8_t self[RECORD_NODE_ID_LEN];
	memset(self, 1, sizeof self);
	memset(&a, 0, sizeof a);
	memset(&b, 0, sizeof b);
	strcpy(b.owner, "team-b");
	if (there_count)
		memcpy(a.clients, there, there_count * sizeof *there);
	if (here_count)
		memcpy(b.clients, here, here_count * sizeof *here);
	a.client_count = there_count;
	b.client_count = here_count;
	record_merge_tunnels(there_count ? &a : NULL, &b, self, &out);
	assert_string_equal(out.owner, "team-b");
	return out;
}

/* This is node 1; node 0 is nobody's. */
static void test_tunnels_that_differ(void **state)
{
	const struct record_client joins = client_of(5, 1, 0, 0), shares = client_of(5, 1, 0, WIRE_OPTION_SHARE);
	const struct record_client other = client_of(6, 2, 4, 0), sharing = client_of(6, 2, 4, WIRE_OPTION_SHARE);
	struct record_client known = client_of(5, 1, 3, 0), recalled = client_of(5, 0, 0, 0),
			     same = client_of(5, 2, 4, 0);
	(void)state;
	/* The first, and one that comes to another node than before. */
	struct record_tunnel r = merged(NULL, 0, &joins, 1);
	assert_int_equal(r.client_count, 1);
	assert_int_equal(r.clients[0].generation, 1);
	r = merged(&same, 1, &joins, 1);
	assert_int_equal(r.client_count, 1);
	assert_int_equal(r.clients[0].generation, 5);
	assert_int_equal(r.clients[0].node[0], 1);
	/* It takes the place of another, unless both share. */
	r = merged(&other, 1, &joins, 1);
	assert_int_equal(r.client_count, 1);
	assert_int_equal(r.clients[0].key[0], 5);
	r = merged(&other, 1, &shares, 1);
	assert_int_equal(r.client_count, 1);
	r = merged(&sharing, 1, &shares, 1);
	assert_int_equal(r.client_count, 2);
	/* One that was here first does not come back over those that came later, of its key or another. */
	r = merged(&other, 1, &known, 1);
	assert_int_equal(r.client_count, 1);
	assert_int_equal(r.clients[0].key[0], 6);
	r = merged(&same, 1, &known, 1);
	assert_int_equal(r.clients[0].node[0], 2);
	assert_true(record_beats(&r, bytes_make(known.key, 32), 3));
	assert_false(record_beats(&r, bytes_make(known.key, 32), 4));
	/* A record that a replica lost is put back, also one that is older. */
	r = merged(NULL, 0, &known, 1);
	assert_int_equal(r.clients[0].generation, 3);
	const struct record_client older = client_of(5, 2, 2, 0);
	r = merged(&older, 1, &known, 1);
	assert_int_equal(r.clients[0].node[0], 1);
	/* What is recalled after a restart takes nobody's place. */
	r = merged(&same, 1, &recalled, 1);
	assert_int_equal(r.clients[0].node[0], 2);
	r = merged(&other, 1, &recalled, 1);
	assert_int_equal(r.client_count, 1);
	r = merged(&known, 1, &recalled, 1);
	assert_int_equal(r.clients[0].generation, 3);
	assert_true(record_is_away(&r.clients[0]));
	r = merged(NULL, 0, &recalled, 1);
	assert_int_equal(r.client_count, 1);
	/* Nor does a mailbox here make it away that is at another node; but where it was here, it does. */
	const struct record_client mailbox = client_of(5, 0, 4, 0);
	r = merged(&same, 1, &mailbox, 1);
	assert_int_equal(r.clients[0].node[0], 2);
	const struct record_client was_here = client_of(5, 1, 4, 0);
	r = merged(&was_here, 1, &mailbox, 1);
	assert_true(record_is_away(&r.clients[0]));
	/* What was here and is no more. */
	r = merged(&known, 1, NULL, 0);
	assert_int_equal(r.client_count, 0);
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

/* What no node can read would be written again and again. */
static void test_patterns_of_tokens(void **state)
{
	struct record_token t = { .created_at_us = 1 }, read;
	(void)state;
	for (const char *const *p = (const char *const[]){ "", "a \"b\\\" \xc3\xa9*", "tab\there", NULL }; *p; p++) {
		struct buffer b = { 0 };
		snprintf(t.tunnels, sizeof t.tunnels, "%s", *p);
		assert_true(record_put_token(&b, &t));
		assert_int_equal(record_read_token(buffer_view(&b), &read), !strchr(*p, '\t'));
		assert_string_equal(read.tunnels, strchr(*p, '\t') ? "" : *p);
		buffer_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_or_not_at_all), cmocka_unit_test(test_what_is_not_believed),
		cmocka_unit_test(test_tunnels_that_differ), cmocka_unit_test(test_patterns_of_tokens),
		cmocka_unit_test(test_tokens_that_differ),
	};
	return RUN(tests);
}
