#include "relay/cluster/record.h"

#include "shared/base/reader.h"

#include <string.h>

enum record_kind { RECORD_NODE = 'n', RECORD_TOKEN = 't', RECORD_TUNNEL = 'u' };

static bool put_head(struct buffer *out, enum record_kind kind)
{
	return buffer_put_u8(out, RECORD_VERSION) && buffer_put_u8(out, (uint8_t)kind);
}

static bool put_text(struct buffer *out, const char *text)
{
	return buffer_put_u8(out, (uint8_t)strlen(text)) && buffer_append_text(out, text);
}

static struct reader read_head(struct bytes in, enum record_kind kind)
{
	struct reader r = reader_of(in);
	uint8_t version = reader_u8(&r);
	if (reader_u8(&r) != kind || version != RECORD_VERSION)
		r.bad = true;
	return r;
}

/* Printable ASCII, without a quotation mark or a backslash: it is logged. */
static void read_text(struct reader *r, char *out, size_t size)
{
	struct bytes text = reader_bytes(r, reader_u8(r));
	if (text.len >= size) {
		r->bad = true;
		text.len = 0;
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < 0x21 || text.at[i] > 0x7e || text.at[i] == '"' || text.at[i] == '\\')
			r->bad = true;
	if (text.len > 0)
		memcpy(out, text.at, text.len);
	out[text.len] = 0;
}

static void read_array(struct reader *r, uint8_t *out, size_t len)
{
	struct bytes b = reader_bytes(r, len);
	if (b.len == len && len > 0)
		memcpy(out, b.at, len);
}

static bool is_whole(const struct reader *r)
{
	return !r->bad && r->left == 0;
}

bool record_put_node(struct buffer *out, const struct record_node *n)
{
	return put_head(out, RECORD_NODE) && put_text(out, n->version) && buffer_put_u64(out, n->epoch) &&
	       buffer_put_u64(out, n->started_at_us) && buffer_put_u64(out, n->written_at_us);
}

bool record_read_node(struct bytes in, struct record_node *out)
{
	struct reader r = read_head(in, RECORD_NODE);
	memset(out, 0, sizeof *out);
	read_text(&r, out->version, sizeof out->version);
	out->epoch = reader_u64(&r);
	out->started_at_us = reader_u64(&r);
	out->written_at_us = reader_u64(&r);
	return is_whole(&r);
}

bool record_put_token(struct buffer *out, const struct record_token *t)
{
	return put_head(out, RECORD_TOKEN) && buffer_append(out, t->hash, sizeof t->hash) &&
	       put_text(out, t->tunnels) && buffer_put_u64(out, t->created_at_us) &&
	       buffer_put_u64(out, t->revoked_at_us);
}

bool record_read_token(struct bytes in, struct record_token *out)
{
	struct reader r = read_head(in, RECORD_TOKEN);
	memset(out, 0, sizeof *out);
	read_array(&r, out->hash, sizeof out->hash);
	read_text(&r, out->tunnels, sizeof out->tunnels);
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
	read_array(r, c->key, c->key_len);
	c->options = reader_u32(r);
	c->features = reader_u32(r);
	read_array(r, c->node, sizeof c->node);
	c->epoch = reader_u64(r);
	c->generation = reader_u64(r);
	c->seen_at_us = reader_u64(r);
	/* The next one would be 0, and the client that joins last would lose. */
	r->bad |= c->generation == UINT64_MAX;
}

bool record_put_tunnel(struct buffer *out, const struct record_tunnel *t)
{
	bool fine = put_head(out, RECORD_TUNNEL) && put_text(out, t->owner) && buffer_put_u8(out, t->random_name) &&
		    buffer_put_u8(out, (uint8_t)t->client_count);
	for (size_t i = 0; fine && i < t->client_count; i++)
		fine = put_client(out, &t->clients[i]);
	return fine;
}

bool record_read_tunnel(struct bytes in, struct record_tunnel *out)
{
	struct reader r = read_head(in, RECORD_TUNNEL);
	memset(out, 0, sizeof *out);
	read_text(&r, out->owner, sizeof out->owner);
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

uint64_t record_next_generation(const struct record_tunnel *r)
{
	uint64_t largest = 0;
	for (size_t i = 0; i < r->client_count; i++)
		if (r->clients[i].generation > largest)
			largest = r->clients[i].generation;
	return largest + 1;
}
