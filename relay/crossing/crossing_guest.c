#include "relay/crossing/crossing_private.h"
#include "relay/tunnels/connection.h"
#include "relay/streams/stream.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define CREDIT_EVERY (CROSSING_CREDIT / 16) /* bytes */
#define CLOSE_REASON_MOST 123
#define CLOSE_PROTOCOL 1002 /* the statuses of RFC 6455 §7.4.1 that a line closes with */
#define CLOSE_INTERNAL 1011

/* What leads to the client here; NULL while it is away. */
static struct carrier *carrier_of(const struct crossing_guest *g)
{
	return g->client->connection ? client_carrier(g->client) : NULL;
}

static void tell(const struct crossing_guest *g, enum trunk_presence presence)
{
	const struct client *c = g->client;
	const struct trunk_state s = { presence, c->features, c->options, c->drain.parallel };
	struct buffer data = { 0 };
	if (trunk_message_put_state(&data, &s))
		crossing_send(g->peer, TRUNK_STATE, g->line, g->session, buffer_view(&data));
	buffer_free(&data);
}

/* ---- from the guest to the client ---- */

static void give_credit(struct crossing_guest *g, size_t len)
{
	uint8_t credit[4];
	g->taken += len;
	if (g->taken < CREDIT_EVERY)
		return;
	bytes_set_u32(credit, (uint32_t)g->taken);
	crossing_send(g->peer, TRUNK_CREDIT, g->line, g->session, bytes_make(credit, sizeof credit));
	g->taken = 0;
}

static size_t body_of(const struct wire_frame *f)
{
	struct wire_request r;
	switch (f->type) {
	case WIRE_REQUEST:
		return wire_decode_request(f->payload, &r) ? r.body.len : 0;
	case WIRE_SEALED:
		return f->payload.len;
	case WIRE_DATA:
		return f->flags & WIRE_TRAILERS ? 0 : f->payload.len;
	default:
		return 0;
	}
}

static void append(struct carrier *to, const struct wire_frame *f, uint64_t stream)
{
	carrier_sent(to, crossing_put_frame(carrier_out(to), f, stream));
	carrier_sent_body(to, body_of(f));
}

/* The client cannot have one more: its taker keeps it, and tries again later. */
static void refuse(struct crossing_guest *g, uint64_t stream)
{
	struct buffer frame = { 0 };
	if (crossing_stream_note_ended(g, stream) &&
	    wire_encode_reset(&frame, stream, WIRE_RESET_STORE, bytes_of("the client has too many streams")))
		crossing_send(g->peer, TRUNK_FROM_CLIENT, g->line, g->session, buffer_view(&frame));
	buffer_free(&frame);
}

static void begin(struct crossing_guest *g, const struct wire_frame *f, struct carrier *to)
{
	struct crossing_stream *st = crossing_stream_there(g, f->stream);
	if (f->type == WIRE_REQUEST && (f->flags & WIRE_REFUSED)) { /* for the record alone */
		append(to, f, ++g->client->last_stream);
		return;
	}
	if (!st && crossing_stream_has_ended(g, f->stream))
		return;
	if (!st && !(st = crossing_stream_begin(g, f)))
		refuse(g, f->stream);
	else
		append(to, f, st->here);
}

/* `to` NULL: the client is away, or the frame is of an earlier connection; then only a stream's end counts. */
static void hand_over(struct crossing_guest *g, const struct wire_frame *f, struct carrier *to)
{
	struct crossing_stream *st = f->stream ? crossing_stream_there(g, f->stream) : NULL;
	switch (f->type) {
	case WIRE_NOTICE:
		if (to && f->stream == 0)
			append(to, f, 0);
		return;
	case WIRE_REQUEST:
	case WIRE_SEALED:
		if (to && f->stream)
			begin(g, f, to);
		return;
	case WIRE_DATA:
	case WIRE_WINDOW:
		if (to && st)
			append(to, f, st->here);
		return;
	case WIRE_DONE:
	case WIRE_RESET:
		crossing_stream_forget_ended(g, f->stream);
		if (!st)
			return;
		if ((to = carrier_of(g)))
			append(to, f, st->here);
		crossing_stream_end(st);
		return;
	default:
		return;
	}
}

static bool must_wait(const struct crossing_guest *g, const struct wire_frame *f, const struct carrier *to)
{
	if (!to || f->stream == 0)
		return false;
	const bool waiting = g->queue.len > g->queue_at;
	switch (f->type) {
	case WIRE_REQUEST:
	case WIRE_SEALED:
	case WIRE_DATA:
		return waiting || !carrier_may_send_body(to);
	default:
		/* It may not overtake the request that it is about. */
		return waiting && !crossing_stream_there(g, f->stream);
	}
}

static void drop_queue(struct crossing_guest *g)
{
	give_credit(g, g->queue.len - g->queue_at);
	buffer_free(&g->queue);
	g->queue_at = 0;
}

static void pump(struct crossing_guest *g)
{
	struct carrier *to = carrier_of(g);
	while (to && g->queue_at < g->queue.len && carrier_may_send_body(to)) {
		struct wire_frame f;
		size_t used;
		if (wire_decode_frame(bytes_make(g->queue.at + g->queue_at, g->queue.len - g->queue_at), &f, &used) !=
		    WIRE_OK)
			break; /* cannot be: it was decoded before it was put there */
		g->queue_at += used;
		give_credit(g, used);
		hand_over(g, &f, to);
	}
	if (g->queue_at == g->queue.len) {
		buffer_free(&g->queue);
		g->queue_at = 0;
	} else if (g->queue_at > g->queue.len / 2) {
		buffer_consume(&g->queue, g->queue_at);
		g->queue_at = 0;
	}
}

static bool take_frames(struct crossing_guest *g, const struct trunk_part *part)
{
	struct carrier *to = part->session == g->session ? carrier_of(g) : NULL;
	for (size_t at = 0, used; at < part->data.len; at += used) {
		struct wire_frame f;
		struct bytes rest = bytes_make(part->data.at + at, part->data.len - at);
		if (wire_decode_frame(rest, &f, &used) != WIRE_OK)
			return false;
		if (!must_wait(g, &f, to)) {
			give_credit(g, used);
			hand_over(g, &f, to);
		} else if (g->queue.len - g->queue_at > 2 * CROSSING_CREDIT + WIRE_MAX_PAYLOAD ||
			   !buffer_append(&g->queue, rest.at, used)) {
			return false; /* beyond its credit, or out of memory */
		}
	}
	return true;
}

void crossing_pump(struct client *c)
{
	struct crossing_guest *g;
	DL_FOREACH2(c->guests, g, client_next)
	pump(g);
}

/* ---- from the client to the guest ---- */

bool crossing_take_frame(struct client *c, const struct wire_frame *f, const char **fault)
{
	struct crossing_stream *st = c->crossed ? crossing_stream_here(c, f->stream) : NULL;
	struct wire_response r = { 0 };
	size_t body = 0;
	*fault = NULL;
	if (!st)
		return false;
	struct crossing_guest *g = st->guest;
	if (f->type == WIRE_RESPONSE) {
		if (!wire_decode_response(f->payload, &r)) {
			*fault = "malformed RESPONSE";
			return true;
		}
		st->head = true;
		body = r.body.len;
	} else if (f->type == WIRE_DATA) {
		body = f->flags & WIRE_TRAILERS ? 0 : f->payload.len;
	} else if (f->type == WIRE_RECORDED) {
		st->recorded = true;
	}
	st->body_seen += body;
	if (c->connection)
		carrier_received_body(&c->connection->carrier, body);
	struct buffer frame = { 0 };
	/* A sender waits for the answer, and for nothing before it; what is spooled there is handed out one by one. */
	const bool late = f->type == WIRE_RECORDED && st->live;
	if (!crossing_put_frame(&frame, f, st->there))
		*fault = "out of memory";
	else
		(late ? crossing_send_late : crossing_send)(g->peer, TRUNK_FROM_CLIENT, g->line, g->session,
							    buffer_view(&frame));
	buffer_free(&frame);
	if (f->type == WIRE_RESET) {
		if (!crossing_stream_note_ended(g, st->there))
			*fault = "out of memory";
		crossing_stream_end(st);
	}
	return true;
}

/* ---- guests come and go ---- */

/* The client has lost its connection, and the streams with it. */
static void end_streams(struct crossing_guest *g)
{
	for (struct crossing_stream *st = g->streams, *next; st; st = next) {
		next = st->by_there.next;
		crossing_stream_end(st);
	}
}

/* An upgraded connection cannot be resumed. */
static void end_upgrades(struct crossing_guest *g)
{
	for (struct crossing_stream *st = g->streams, *next; st; st = next) {
		next = st->by_there.next;
		if (st->upgrade)
			crossing_stream_end(st);
	}
}

/* The other node is gone, or wants nothing more: the client is told. */
static void cancel_streams(struct crossing_guest *g)
{
	struct carrier *to = carrier_of(g);
	for (struct crossing_stream *st = to ? g->streams : NULL; st; st = st->by_there.next)
		carrier_sent(to, wire_encode_reset(carrier_out(to), st->here, WIRE_RESET_CANCEL,
						   bytes_of("the relay that took it is gone")));
	end_streams(g);
}

static void forget(struct crossing_guest *g)
{
	HASH_DELETE(hh, g->peer->guests, g);
	DL_DELETE2(g->client->guests, g, client_prev, client_next);
	crossing_stream_forget_all_ended(g);
	buffer_free(&g->queue);
	slots_leave(&g->claim);
	free(g);
}

static struct crossing_guest *find(const struct crossing_peer *p, uint32_t line)
{
	struct crossing_guest *g;
	HASH_FIND(hh, p->guests, &line, sizeof line, g);
	return g;
}

static bool has_guest_of(const struct client *c, const struct crossing_peer *p)
{
	const struct crossing_guest *g = c->guests;
	while (g && g->peer != p)
		g = g->client_next;
	return g;
}

/* The client if it is here, or may be back within its grace. */
static struct client *find_client(const struct crossing_peer *p, const struct trunk_client_name *n)
{
	char name[TUNNEL_NAME_MAX + 1];
	snprintf(name, sizeof name, "%.*s", (int)n->tunnel.len, (const char *)n->tunnel.at);
	const struct tunnel *t =
	    router_name_valid(n->tunnel) ? tunnel_find(&p->crossing->relay->registry->table, name) : NULL;
	struct client *c = t ? tunnel_find_client(t, n->key) : NULL;
	return c && !c->line && (c->connection || c->in_grace) ? c : NULL;
}

static struct crossing_guest *add_guest(struct crossing_peer *p, struct client *c, uint32_t line)
{
	struct crossing_guest *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	*g = (struct crossing_guest){ .peer = p, .client = c, .line = line, .session = 1, .slots_session = 1 };
	HASH_ADD(hh, p->guests, line, sizeof g->line, g);
	if (!g->hh.tbl) {
		free(g);
		return NULL;
	}
	DL_APPEND2(c->guests, g, client_prev, client_next);
	return g;
}

static bool open_guest(struct crossing_peer *p, const struct trunk_part *part)
{
	struct trunk_client_name n;
	if (!trunk_message_read_name(part->data, &n) || find(p, part->line))
		return false;
	struct client *c = find_client(p, &n);
	if (c && has_guest_of(c, p))
		return false; /* a node has one line to a client, and closes it before it opens another */
	struct crossing_guest *g = c ? add_guest(p, c, part->line) : NULL;
	if (!g) {
		const struct trunk_state gone = { .presence = TRUNK_GONE };
		struct buffer data = { 0 };
		if (trunk_message_put_state(&data, &gone))
			crossing_send(p, TRUNK_STATE, part->line, 0, buffer_view(&data));
		buffer_free(&data);
		return true;
	}
	tell(g, carrier_of(g) ? TRUNK_HERE : TRUNK_AWAY);
	crossing_slots_join(g);
	struct crossing_ask *ask = crossing_ask_find(c, p);
	if (ask)
		crossing_ask_end(ask); /* it says itself what it has */
	return true;
}

static bool fail_client(struct crossing_guest *g, const struct trunk_part *part)
{
	char reason[CLOSE_REASON_MOST + 1];
	const uint16_t status = part->data.len < 2 ? 0 : bytes_get_u16(part->data.at);
	if (status != CLOSE_PROTOCOL && status != CLOSE_INTERNAL)
		return false;
	struct carrier *to = part->session == g->session ? carrier_of(g) : NULL;
	snprintf(reason, sizeof reason, "%.*s", (int)(part->data.len - 2), (const char *)part->data.at + 2);
	if (to)
		carrier_close(to, status, reason);
	return true;
}

bool crossing_guest_take(struct crossing_peer *p, const struct trunk_part *part)
{
	if (part->kind == TRUNK_OPEN)
		return open_guest(p, part);
	struct crossing_guest *g = find(p, part->line);
	if (!g)
		return true; /* it was told that the client is gone, and had not heard */
	switch (part->kind) {
	case TRUNK_TO_CLIENT:
		return take_frames(g, part);
	case TRUNK_FAIL:
		return fail_client(g, part);
	case TRUNK_OFFER:
	case TRUNK_GIVE_BACK:
		return crossing_slots_take(g, part);
	default:
		cancel_streams(g);
		forget(g);
		return true;
	}
}

void crossing_guest_lose_all(struct crossing_peer *p)
{
	while (p->guests) {
		cancel_streams(p->guests);
		forget(p->guests);
	}
}

/* ---- what the registry tells of the client ---- */

void crossing_guest_resume(struct client *c, uint64_t below)
{
	struct carrier *to = client_carrier(c);
	for (struct crossing_stream *st = c->crossed; st; st = st->by_here.next) {
		if (st->here >= below || st->listed || st->upgrade)
			continue;
		struct wire_resume v = { .recorded = st->recorded, .head = st->head, .body_seen = st->body_seen };
		memcpy(v.event_id, st->event_id, UUID_LEN);
		carrier_sent(to, wire_encode_resume(carrier_out(to), st->here, &v));
		st->listed = true;
	}
}

void crossing_guest_online(struct client *c, bool resumed)
{
	struct crossing_guest *g;
	for (struct crossing_stream *st = c->crossed; st; st = st->by_here.next)
		st->listed = false;
	DL_FOREACH2(c->guests, g, client_next)
	{
		drop_queue(g);
		if (resumed) {
			end_upgrades(g);
		} else {
			end_streams(g);
		}
		crossing_stream_forget_all_ended(g); /* what comes of an earlier session is dropped */
		g->session++;
		if (!resumed)
			g->slots_session = g->session;
		tell(g, resumed ? TRUNK_RESUMED : TRUNK_HERE);
	}
}

void crossing_guest_left(struct client *c, enum client_left why)
{
	struct crossing_guest *g, *next;
	DL_FOREACH_SAFE2(c->guests, g, next, client_next)
	{
		if (why == CLIENT_AWAY) {
			drop_queue(g);
			end_upgrades(g);
			tell(g, TRUNK_AWAY);
			continue;
		}
		tell(g, why == CLIENT_MOVED ? TRUNK_MOVED : TRUNK_GONE);
		end_streams(g);
		forget(g);
	}
}
