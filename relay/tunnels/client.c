#include "relay/tunnels/client.h"

#include "relay/tunnels/connection.h"
#include "relay/tunnels/tunnel.h"
#include "shared/base/clock.h"
#include "shared/wire/wire_block.h"

uint64_t client_now_ms(const struct client *c)
{
	return uv_now(c->tunnel->table->relay->loop);
}

struct carrier *client_carrier(const struct client *c)
{
	return c->connection && c->connection->welcomed ? &c->connection->carrier : c->remote;
}

bool client_is_here(const struct client *c)
{
	return client_carrier(c) || c->in_grace;
}

bool client_takes_part(const struct client *c)
{
	uint64_t now = clock_now_us();
	uint64_t age_ms = now > c->seen_at_us ? (now - c->seen_at_us) / 1000 : 0; /* the clock may be set back */
	return c->current && (client_is_here(c) || !(c->options & WIRE_OPTION_SHARE) ||
			      age_ms < (uint64_t)c->tunnel->table->relay->settings.spool_max_age_ms);
}

bool client_may_queue(const struct client *c, struct bytes method)
{
	return !(c->options & WIRE_OPTION_OFFLINE_FAIL) && delivery_queueable(method);
}

bool client_is_idle(const struct client *c)
{
	return !c->connection && !c->remote && !c->in_grace && !c->streams && !c->spooling && !c->drain.fetching &&
	       spool_level(c->tunnel->table->spool, c->mailbox).count == 0;
}

void client_seen(struct client *c, uint64_t now_us)
{
	if (now_us < c->seen_at_us)
		return;
	c->seen_at_us = now_us;
	spool_seen(c->tunnel->table->spool, c->mailbox, now_us);
}

void client_heard(struct client *c)
{
	if (c->gap_told)
		spool_gap_told(c->tunnel->table->spool, c->mailbox, c->gap_told);
	c->gap_told = 0;
}

void client_tell_gap(struct client *c)
{
	uint64_t all = spool_level(c->tunnel->table->spool, c->mailbox).expired, expired = all - c->gap_told;
	char text[160];
	struct carrier *carrier = client_carrier(c);
	if (all <= c->gap_told || !carrier)
		return;
	snprintf(
	    text, sizeof text,
	    "%llu deliveries expired in the relay's spool, or found no room in it, before they could be handed over",
	    (unsigned long long)expired);
	carrier_send_note(carrier, WIRE_NOTICE, WIRE_NOTICE_GAP, expired, text);
	c->gap_told = all;
}

void client_note_full(struct client *c)
{
	c->quota_hit = true;
	tunnel_watch(c->tunnel);
}

void client_tell_refused(struct client *c, const struct delivery *d, int status)
{
	struct wire_request request = d->request;
	struct carrier *carrier = c->current ? client_carrier(c) : NULL;
	if (!carrier || carrier_is_full(carrier))
		return;
	request.refused_status = (uint16_t)status;
	request.body = bytes_of(NULL);
	struct buffer spare = { 0 };
	carrier_sent(carrier, wire_block_for(c->features, &request.headers, &spare) &&
				  wire_encode_request(carrier_out(carrier), ++c->last_stream, WIRE_END | WIRE_REFUSED,
						      &request));
	buffer_free(&spare);
}
