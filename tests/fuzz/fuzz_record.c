/* Records of a cluster's bucket: what is read is written as the same bytes, and merging tokens is one thing for both
 * sides. */
#include <stdlib.h>
#include <string.h>

#include "relay/cluster/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_same(struct buffer *again, bool put, struct bytes in)
{
	check(put && bytes_equal(buffer_view(again), in));
	buffer_free(again);
}

static bool same_token(const struct record_token *a, const struct record_token *b)
{
	return memcmp(a->hash, b->hash, sizeof a->hash) == 0 && strcmp(a->tunnels, b->tunnels) == 0 &&
	       a->created_at_us == b->created_at_us && a->revoked_at_us == b->revoked_at_us;
}

static void merge(const struct record_token *a, const struct record_token *b)
{
	struct record_token ab = record_merge_tokens(a, b), ba = record_merge_tokens(b, a);
	struct record_token once_more = record_merge_tokens(&ab, a);
	check(same_token(&ab, &ba) && same_token(&ab, &once_more));
	if (memcmp(a->hash, ab.hash, sizeof a->hash) == 0 && a->revoked_at_us)
		check(ab.revoked_at_us != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_node node;
	struct record_token token, other;
	static struct record_tunnel tunnel;
	struct bytes in = bytes_make(data, size);
	struct buffer again = { 0 };
	if (record_read_node(in, &node))
		check_same(&again, record_put_node(&again, &node), in);
	if (record_read_tunnel(in, &tunnel)) {
		check_same(&again, record_put_tunnel(&again, &tunnel), in);
		static struct record_tunnel merged;
		static const uint8_t self[RECORD_NODE_ID_LEN] = { 1 };
		record_merge_tunnels(&tunnel, &tunnel, self, &merged);
		check(merged.client_count <= RECORD_CLIENTS_MOST);
	}
	if (record_read_token(in, &token))
		check_same(&again, record_put_token(&again, &token), in);
	/* Two tokens, one after the other. */
	for (size_t half = size / 2, i = 0; i < 2; i++, half++)
		if (half <= size && record_read_token(bytes_make(data, half), &token) &&
		    record_read_token(bytes_make(data + half, size - half), &other))
			merge(&token, &other);
	return 0;
}
