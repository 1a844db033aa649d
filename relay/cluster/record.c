#include "relay/cluster/record.h"

#include "shared/base/reader.h"
#include "shared/wire/wire.h"

#include <stdio.h>
#include <string.h>

enum record_kind { RECORD_NODE = 'n', RECORD_TOKEN = 't', RECORD_TUNNEL = 'u' };

static bool put_head(struct buffer *out, enum record_kind kind)
{
	return buffer_put_u8(out, RECORD_VERSION) && buffer_put_u8(out, (uint8_t)kind);
}

static struct reader read_head(struct bytes in, enum record_kind kind)
{
	struct reader r = reader_of(in);
	uint8_t version = reader_u8(&r);
	if (reader_u8(&r) != kind || version != RECORD_VERSION)
		r.bad = true;
	return r;
}

static bool is_whole(const struct reader *r)
{
	return !r->bad && r->left == 0;
}

bool record_put_node(struct buffer *out, const struct record_node *n)
{
	return put_head(out, RECORD_NODE) && buffer_put_text8(out, n->version) && buffer_put_u64(out, n->epoch) &&
	       buffer_put_u64(out, n->first_revision) && buffer_put_u64(out, n->written_at_us) &&
	       buffer_put_u32(out, n->tunnels) && buffer_put_u32(out, n->copies);
}

bool record_read_node(struct bytes in, struct record_node *out)
{
	struct reader r = read_head(in, RECORD_NODE);
	memset(out, 0, sizeof *out);
	reader_word8(&r, out->version, sizeof out->version);
	out->epoch = reader_u64(&r);
	out->first_revision = reader_u64(&r);
	out->written_at_us = reader_u64(&r);
	out->tunnels = reader_u32(&r);
	out->copies = reader_u32(&r);
	return is_whole(&r);
}

bool record_put_token(struct buffer *out, const struct record_token *t)
{
	return put_head(out, RECORD_TOKEN) && buffer_append(out, t->hash, sizeof t->hash) &&
	       buffer_put_text8(out, t->tunnels) && buffer_put_u64(out, t->created_at_us) &&
	       buffer_put_u64(out, t->revoked_at_us);
}

/* Whatever `token add` takes, control characters apart. */
static void read_pattern(struct reader *r, char out[RECORD_GLOB_LEN + 1])
{
	struct bytes text = reader_bytes(r, reader_u8(r));
	r->bad |= text.len > RECORD_GLOB_LEN;
	for (size_t i = 0; i < text.len; i++)
		r->bad |= text.at[i] < 0x20 || text.at[i] == 0x7f;
	snprintf(out, RECORD_GLOB_LEN + 1, "%.*s", r->bad ? 0 : (int)text.len, (const char *)text.at);
}

bool record_read_token(struct bytes in, struct record_token *out)
{
	struct reader r = read_head(in, RECORD_TOKEN);
	memset(out, 0, sizeof *out);
	reader_copy(&r, out->hash, sizeof out->hash);
	read_pattern(&r, out->tunnels);
	out->created_at_us = reader_u64(&r);
	out->revoked_at_us = reader_u64(&r);
	return is_whole(&r);
}

static bool put_client(struct buffer *out, const struct record_client *c)
{
	return buffer_put_u8(out, c->key_len) && buffer_append(out, c->key, c->key_len) &&
	       buffer_put_u32(out, c->options) && buffer_put_u32(out, c->features) &&
	       buffer_append(out, c->node, sizeof c->node) && buffer_put_u64(out, c->epoch) &&
	       buffer_put_u64(out, c->generation) && buffer_put_u64(out, c->seen_at_us);
}

static void read_client(struct reader *r, struct record_client *c)
{
	c->key_len = reader_u8(r);
	if (c->key_len != 0 && c->key_len != sizeof c->key) {
		c->key_len = 0;
		r->bad = true;
	}
	reader_copy(r, c->key, c->key_len);
	c->options = reader_u32(r);
	c->features = reader_u32(r);
	reader_copy(r, c->node, sizeof c->node);
	c->epoch = reader_u64(r);
	c->generation = reader_u64(r);
	c->seen_at_us = reader_u64(r);
	/* The next one would be 0, and the client that joins last would lose. */
	r->bad |= c->generation == UINT64_MAX;
}

bool record_put_tunnel(struct buffer *out, const struct record_tunnel *t)
{
	bool fine = put_head(out, RECORD_TUNNEL) && buffer_put_text8(out, t->owner) &&
		    buffer_put_u64(out, t->claimed_at_us) && buffer_put_u8(out, t->random_name) &&
		    buffer_put_u8(out, (uint8_t)t->client_count);
	for (size_t i = 0; fine && i < t->client_count; i++)
		fine = put_client(out, &t->clients[i]);
	return fine;
}

bool record_read_tunnel(struct bytes in, struct record_tunnel *out)
{
	struct reader r = read_head(in, RECORD_TUNNEL);
	memset(out, 0, sizeof *out);
	reader_word8(&r, out->owner, sizeof out->owner);
	out->claimed_at_us = reader_u64(&r);
	uint8_t random_name = reader_u8(&r), count = reader_u8(&r);
	if (count > RECORD_CLIENTS_MOST || random_name > 1)
		r.bad = true;
	out->random_name = random_name == 1;
	for (size_t i = 0; !r.bad && i < count; i++)
		read_client(&r, &out->clients[out->client_count++]);
	return is_whole(&r);
}

struct record_token record_merge_tokens(const struct record_token *a, const struct record_token *b)
{
	int order = memcmp(a->hash, b->hash, sizeof a->hash);
	bool first = a->created_at_us != b->created_at_us ? a->created_at_us > b->created_at_us
		     : order != 0                         ? order < 0
							  : strcmp(a->tunnels, b->tunnels) <= 0;
	struct record_token merged = first ? *a : *b;
	const struct record_token *other = first ? b : a;
	if (order == 0 && other->revoked_at_us &&
	    (!merged.revoked_at_us || other->revoked_at_us < merged.revoked_at_us))
		merged.revoked_at_us = other->revoked_at_us;
	return merged;
}

uint64_t record_last_generation(const struct record_tunnel *r)
{
	uint64_t largest = 0;
	for (size_t i = 0; i < r->client_count; i++)
		if (r->clients[i].generation > largest)
			largest = r->clients[i].generation;
	return largest;
}

const struct record_client *record_find_client(const struct record_tunnel *r, struct bytes key)
{
	for (size_t i = 0; i < r->client_count; i++)
		if (bytes_equal(bytes_make(r->clients[i].key, r->clients[i].key_len), key))
			return &r->clients[i];
	return NULL;
}

bool record_is_away(const struct record_client *c)
{
	static const uint8_t nobody[RECORD_NODE_ID_LEN];
	return memcmp(c->node, nobody, sizeof nobody) == 0;
}

bool record_beats(const struct record_tunnel *r, struct bytes key, uint64_t generation)
{
	const struct record_client *c = record_find_client(r, key);
	return generation > 0 && (c ? c->generation : record_last_generation(r)) > generation;
}

/* A client that joined takes the place of all that do not share with it. */
static void make_room(struct record_tunnel *r, const struct record_client *joined)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->client_count; i++) {
		const struct record_client *c = &r->clients[i];
		bool same = bytes_equal(bytes_make(c->key, c->key_len), bytes_make(joined->key, joined->key_len));
		if (!same && (c->options & joined->options & WIRE_OPTION_SHARE))
			r->clients[kept++] = *c;
	}
	r->client_count = kept;
}

static void put(struct record_tunnel *r, const struct record_client *c)
{
	struct record_client *old =
	    (struct record_client *)(uintptr_t)record_find_client(r, bytes_make(c->key, c->key_len));
	if (old)
		*old = *c;
	else if (r->client_count < RECORD_CLIENTS_MOST)
		r->clients[r->client_count++] = *c;
}

/* A client that the node recalls from its spool, and that has not come since: of its joins the record knows more. */
static void put_recalled(struct record_tunnel *out, const struct record_tunnel *there, const struct record_client *c,
			 const uint8_t node[RECORD_NODE_ID_LEN])
{
	const struct record_client *old = there ? record_find_client(there, bytes_make(c->key, c->key_len)) : NULL;
	struct record_client recalled = *c;
	recalled.generation = old ? old->generation : 1;
	if (old ? memcmp(old->node, node, sizeof old->node) == 0 : !there || there->client_count == 0)
		put(out, &recalled);
}

/* Whether another node's word about a client counts: it came there later, or is there and only away here. */
static bool is_known_better(const struct record_tunnel *there, const struct record_client *c,
			    const uint8_t node[RECORD_NODE_ID_LEN])
{
	const struct record_client *k = record_find_client(there, bytes_make(c->key, c->key_len));
	bool elsewhere = k && !record_is_away(k) && memcmp(k->node, node, sizeof k->node) != 0;
	return record_beats(there, bytes_make(c->key, c->key_len), c->generation) ||
	       (elsewhere && record_is_away(c) && k->generation == c->generation);
}

void record_merge_tunnels(const struct record_tunnel *there, const struct record_tunnel *here,
			  const uint8_t node[RECORD_NODE_ID_LEN], struct record_tunnel *out)
{
	uint64_t last = there ? record_last_generation(there) : 0, here_last = record_last_generation(here);
	*out = *here;
	out->client_count = 0;
	if (here_last > last)
		last = here_last; /* the record is older than what this node knows */
	for (size_t i = 0; there && i < there->client_count; i++) {
		const struct record_client *c = &there->clients[i];
		/* What the node had and has no more is gone; the rest of it follows. */
		if (memcmp(c->node, node, sizeof c->node) != 0)
			out->clients[out->client_count++] = *c;
	}
	for (size_t i = 0; i < here->client_count; i++) {
		const struct record_client *c = &here->clients[i];
		if (c->generation > 0 && !(there && is_known_better(there, c, node)))
			put(out, c);
	}
	for (size_t i = 0; i < here->client_count; i++) {
		struct record_client joined = here->clients[i];
		if (joined.generation > 0)
			continue;
		if (record_is_away(&joined)) {
			put_recalled(out, there, &joined, node);
			continue;
		}
		joined.generation = ++last;
		make_room(out, &joined);
		put(out, &joined);
	}
}
