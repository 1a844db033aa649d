#include "relay/tunnels/connection.h"

#include "shared/program/log.h"

_Static_assert(LINK_QUEUE == LIMIT_TUNNEL_QUEUE, "one bound of what waits for a client");

static struct link *link_of(const void *end)
{
	return ((const struct connection *)end)->link;
}

static struct buffer *out(void *end)
{
	return link_out(link_of(end));
}

static void flush_soon(void *end)
{
	link_flush_soon(link_of(end));
}

static void flush_late(void *end)
{
	late_flush_add(end);
}

static bool may_send_body(const void *end)
{
	return link_may_send_body(link_of(end));
}

static bool is_full(const void *end)
{
	return link_is_full(link_of(end));
}

static void sent_body(void *end, size_t len)
{
	link_sent_body(link_of(end), len);
}

static void received_body(void *end, size_t len)
{
	link_received_body(link_of(end), len);
}

static void close_link(void *end, int status, const char *reason)
{
	link_close(link_of(end), status, reason);
}

void connection_carry(struct connection *c, struct link *link)
{
	static const struct carrier_ops ops = { out,     flush_soon, flush_late,    may_send_body,
						is_full, sent_body,  received_body, close_link };
	c->link = link;
	c->carrier = (struct carrier){ &ops, c };
}

const char *connection_tunnel(const struct connection *c)
{
	return c->tunnel;
}

void connection_send_note(struct connection *c, enum wire_type type, enum wire_notice code, uint64_t number,
			  const char *text)
{
	carrier_send_note(&c->carrier, type, code, number, text);
}

/* The name under which the log counts refusals; the sentences may hold numbers. */
static const char *notice_name(enum wire_notice code)
{
	switch (code) {
	case WIRE_NOTICE_UNAUTHORIZED:
		return "unauthorized";
	case WIRE_NOTICE_NAME_TAKEN:
		return "name_taken";
	case WIRE_NOTICE_BAD_NAME:
		return "bad_name";
	case WIRE_NOTICE_REPLACED:
		return "replaced";
	case WIRE_NOTICE_VERSION:
		return "version";
	case WIRE_NOTICE_NAMES:
		return "names";
	case WIRE_NOTICE_NAME_FORBIDDEN:
		return "name_forbidden";
	default:
		return "limit";
	}
}

void connection_refuse(struct connection *c, enum wire_notice code, const char *text)
{
	if (RELAY_LOGS(c->relay, LOG_INFO, "tunnel_refused", notice_name(code)))
		log_event(LOG_INFO, "tunnel_refused", "tunnel", connection_tunnel(c), "owner", c->owner, "reason", text,
			  "peer", c->peer, NULL);
	connection_send_note(c, WIRE_NOTICE, code, 0, text);
	link_close(c->link, 1008, text);
	c->clean = true;
}

void connection_send_away(struct connection *c, enum wire_notice code, const char *text)
{
	if (!c)
		return;
	connection_refuse(c, code, text);
	c->client = NULL;
}
