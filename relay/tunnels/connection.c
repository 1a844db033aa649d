#include "relay/tunnels/connection.h"

#include "relay/tunnels/tunnel.h"
#include "shared/program/log.h"

const char *connection_tunnel(const struct connection *c)
{
	return c->client ? c->client->tunnel->name : "";
}

void connection_send_note(struct connection *c, enum wire_type type, enum wire_notice code, uint64_t number,
			  const char *text)
{
	struct wire_note note = { (uint16_t)code, number, bytes_of(text) };
	if (!wire_encode_note(link_out(c->link), type, 0, &note))
		link_close(c->link, 1011, "out of memory");
	link_flush_soon(c->link);
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
