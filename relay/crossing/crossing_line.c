#include "relay/crossing/crossing_private.h"
#include "relay/streams/drain.h"
#include "relay/streams/stream.h"
#include "shared/wire/wire_place.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A node is noticed to be gone this late at most: what is beyond it of its silence is taken off the client's grace. */
#define NOTICED_MS 2000

/* ---- the carrier ---- */

static struct buffer *out(void *end)
{
	struct crossing_line *l = end;
	return &l->peer->crossing->frame;
}

/* The line's share of its credit, and the end of the frame that was made. */
static void count_frame(struct crossing_line *l)
{
	struct buffer *frame = &l->peer->crossing->frame;
	l->credit -= (int64_t)frame->len;
	frame->len = 0;
}

static void flush_soon(void *end)
{
	struct crossing_line *l = end;
	const struct buffer *frame = &l->peer->crossing->frame;
	if (frame->len > 0)
		crossing_send(l->peer, TRUNK_TO_CLIENT, l->number, l->session, buffer_view(frame));
	count_frame(l);
}

static void flush_late(void *end)
{
	struct crossing_line *l = end;
	const struct buffer *frame = &l->peer->crossing->frame;
	if (frame->len > 0)
		crossing_send_late(l->peer, TRUNK_TO_CLIENT, l->number, l->session, buffer_view(frame));
	count_frame(l);
}

static bool may_send_body(const void *end)
{
	const struct crossing_line *l = end;
	return l->credit > 0 && trunk_may_send(l->peer->trunk);
}

static bool is_full(const void *end)
{
	return !may_send_body(end);
}

/* Counted with the frames. */
static void sent_body(void *end, size_t len)
{
	(void)end;
	(void)len;
}

/* Credit was given where the client's connection is. */
static void received_body(void *end, size_t len)
{
	(void)end;
	(void)len;
}

static void close_client(void *end, int status, const char *reason)
{
	struct crossing_line *l = end;
	struct buffer data = { 0 };
	if (buffer_put_u16(&data, (uint16_t)status) && buffer_append_text(&data, reason))
		crossing_send(l->peer, TRUNK_FAIL, l->number, l->session, buffer_view(&data));
	buffer_free(&data);
}

static const struct carrier_ops ops = { out,     flush_soon, flush_late,    may_send_body,
					is_full, sent_body,  received_body, close_client };

/* ---- a line's life ---- */

bool crossing_line_open(struct crossing_peer *p, struct client *c, uint64_t generation)
{
	struct crossing *x = p->crossing;
	struct crossing_line *l = calloc(1, sizeof *l);
	const struct trunk_client_name n = { bytes_of(c->tunnel->name), bytes_make(c->key, c->key_len) };
	struct buffer data = { 0 };
	if (!l || !trunk_message_put_name(&data, &n)) {
		buffer_free(&data);
		free(l);
		return false;
	}
	l->number = ++x->last_line;
	HASH_ADD(hh, x->lines, number, sizeof l->number, l);
	if (!l->hh.tbl) {
		buffer_free(&data);
		free(l);
		return false;
	}
	l->peer = p;
	l->client = c;
	l->generation = generation;
	l->credit = CROSSING_CREDIT;
	l->carrier = (struct carrier){ &ops, l };
	DL_APPEND(p->lines, l);
	c->line = l;
	crossing_send(p, TRUNK_OPEN, l->number, 0, buffer_view(&data));
	buffer_free(&data);
	return true;
}

static void forget(struct crossing_line *l)
{
	struct crossing *x = l->peer->crossing;
	HASH_DELETE(hh, x->lines, l);
	DL_DELETE(l->peer->lines, l);
	if (l->client->remote == &l->carrier)
		l->client->remote = NULL;
	drain_lead(l->client, NULL, NULL);
	l->client->line = NULL;
	free(l);
}

void crossing_line_close(struct crossing_line *l)
{
	crossing_send(l->peer, TRUNK_CLOSE, l->number, l->session, bytes_of(NULL));
	forget(l);
}

/* The client is not there any more. `expected`: it may be elsewhere. */
static void lose(struct crossing_line *l, bool expected)
{
	struct client *c = l->client;
	bool was_here = l->state == CROSSING_HERE;
	forget(l);
	if (was_here || !expected)
		registry_lost(c, expected);
}

void crossing_line_lose_all(struct crossing_peer *p, uint64_t silent_ms)
{
	const uint64_t early = silent_ms > NOTICED_MS ? silent_ms - NOTICED_MS : 0;
	while (p->lines) {
		struct crossing_line *l = p->lines;
		struct client *c = l->client; /* NOLINT(clang-analyzer-unix.Malloc): the one before left the list */
		const bool was_here = l->state == CROSSING_HERE;
		lose(l, true);
		if (was_here && c->in_grace)
			c->grace_end -= early < c->grace_end ? early : c->grace_end;
	}
}

void crossing_line_pump_all(struct crossing_peer *p)
{
	for (struct crossing_line *l = p->lines, *next; l; l = next) {
		next = l->next;
		if (l->credit > 0)
			stream_pump_blocked(l->client);
	}
}

/* ---- what comes ---- */

static bool take_state(struct crossing_line *l, const struct trunk_part *part)
{
	struct client *c = l->client;
	struct trunk_state s;
	if (!trunk_message_read_state(part->data, &s))
		return false;
	if (l->state == CROSSING_OPENING || s.presence == TRUNK_HERE)
		l->slots_session = part->session;
	switch (s.presence) {
	case TRUNK_GONE:
		lose(l, l->state == CROSSING_OPENING);
		return true;
	case TRUNK_MOVED:
		lose(l, true);
		return true;
	case TRUNK_AWAY:
		if (l->state == CROSSING_HERE)
			registry_lost(c, true);
		l->state = CROSSING_AWAY;
		return true;
	case TRUNK_HERE:
	case TRUNK_RESUMED:
		l->session = part->session;
		l->state = CROSSING_HERE;
		c->options = s.options;
		c->features = s.features;
		c->drain.parallel = s.drain_parallel > LIMIT_HAND_OUT_COUNT ? LIMIT_HAND_OUT_COUNT : s.drain_parallel;
		crossing_slots_lead(l);
		registry_came(c, &l->carrier, s.presence == TRUNK_RESUMED);
		return true;
	case TRUNK_PRESENCES:
		break;
	}
	return false;
}

/* For a stream that is over here: where the client is its number is still kept. */
static void end_stream(struct crossing_line *l, const struct wire_frame *f)
{
	carrier_sent(&l->carrier, wire_encode_reset(carrier_out(&l->carrier), f->stream, WIRE_RESET_CANCEL,
						    bytes_of("nobody waits for it")));
}

static bool is_over(const struct client *c, uint64_t number)
{
	struct stream *st;
	HASH_FIND(hh, c->streams, &number, sizeof number, st);
	return !st;
}

static bool take_frames(struct crossing_line *l, const struct trunk_part *part)
{
	struct client *c = l->client;
	if (part->session != l->session || l->state != CROSSING_HERE)
		return true;
	for (size_t at = 0, used; at < part->data.len; at += used) {
		struct wire_frame f;
		if (wire_decode_frame(bytes_make(part->data.at + at, part->data.len - at), &f, &used) != WIRE_OK ||
		    wire_place(&f, WIRE_SIDE_CLIENT, true) != WIRE_PLACE_RIGHT)
			return false;
		client_heard(c);
		const bool over = is_over(c, f.stream);
		const char *fault = stream_take_frame(c, &f);
		if (fault)
			close_client(l, 1002, fault);
		else if (f.type == WIRE_RESET ||
			 (over && (f.type == WIRE_RESPONSE || f.type == WIRE_DATA) && (f.flags & WIRE_END)))
			end_stream(l, &f);
	}
	return true;
}

static bool take_credit(struct crossing_line *l, const struct trunk_part *part)
{
	if (part->data.len != 4 || l->credit + bytes_get_u32(part->data.at) > CROSSING_CREDIT)
		return false;
	const bool was_shut = l->credit <= 0;
	l->credit += bytes_get_u32(part->data.at);
	if (was_shut && may_send_body(l))
		stream_pump_blocked(l->client);
	return true;
}

bool crossing_line_take(struct crossing_peer *p, const struct trunk_part *part)
{
	struct crossing_line *l;
	HASH_FIND(hh, p->crossing->lines, &part->line, sizeof part->line, l);
	if (!l || l->peer != p)
		return true; /* it was closed a moment ago */
	switch (part->kind) {
	case TRUNK_STATE:
		return take_state(l, part);
	case TRUNK_FROM_CLIENT:
		return take_frames(l, part);
	case TRUNK_GRANT:
		return crossing_slots_granted(l, part);
	default:
		return take_credit(l, part);
	}
}
