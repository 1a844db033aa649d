/* What arrives for a tunnel: whether it may be taken, and which of the clients get it. */
#include "relay/tunnels/registry.h"
#include "relay/tunnels/stream_private.h"
#include "shared/base/clock.h"

static bool is_here(const struct client *c)
{
	return client_link(c) || c->in_grace;
}

/* A client of a shared tunnel that was not seen for so long gets no more copies. */
bool client_takes_part(const struct client *c)
{
	uint64_t now = clock_now_us();
	uint64_t age_ms = now > c->seen_at_us ? (now - c->seen_at_us) / 1000 : 0; /* the clock may be set back */
	return c->current && (is_here(c) || !(c->options & WIRE_OPTION_SHARE) ||
			      age_ms < (uint64_t)c->tunnel->registry->relay->settings.spool_max_age_ms);
}

static bool may_queue(const struct client *c, struct bytes method)
{
	return !(c->options & WIRE_OPTION_OFFLINE_FAIL) && delivery_queueable(method);
}

static enum refusal offline(struct bytes method)
{
	return delivery_queueable(method) ? REFUSE_OFFLINE : REFUSE_OFFLINE_READ;
}

enum refusal registry_admit(const struct tunnel *t, struct bytes method)
{
	for (const struct client *c = t->clients; c; c = c->next)
		if (client_takes_part(c) && (is_here(c) || may_queue(c, method)))
			return REFUSE_NOTHING;
	return offline(method);
}

static bool can_upgrade(const struct client *c)
{
	return c->upgrades && client_link(c) && client_takes_part(c);
}

bool registry_passes_upgrades(const struct tunnel *t)
{
	for (const struct client *c = t->clients; c; c = c->next)
		if (can_upgrade(c))
			return true;
	return false;
}

/* To one client alone: two could not both speak with the sender. */
static enum refusal dispatch_upgrade(struct tunnel *t, struct delivery *d)
{
	for (struct client *c = t->clients; c; c = c->next)
		if (can_upgrade(c))
			return stream_open(c, d, false) ? REFUSE_NOTHING : REFUSE_OVERLOADED;
	return REFUSE_OFFLINE_READ;
}

/* Its room is taken with it; without, its client misses its copy. */
static enum refusal open_copy(struct client *c, struct delivery *d)
{
	struct stream *st = stream_open(c, d, true);
	if (!st)
		return REFUSE_OVERLOADED;
	enum refusal full = delivery_take_quota(d, 0);
	if (full != REFUSE_NOTHING) {
		stream_close(st);
		c->quota_hit |= full == REFUSE_SPOOL_FULL;
		delivery_note_missed(d, c, c->tunnel->registry->spool);
	}
	return full;
}

enum refusal registry_dispatch(struct tunnel *t, struct delivery *d)
{
	if (d->upgrade)
		return dispatch_upgrade(t, d);
	struct bytes method = d->request.method;
	enum refusal why = REFUSE_NOTHING;
	for (struct client *c = t->clients; c; c = c->next) {
		bool here = is_here(c), queue = may_queue(c, method);
		if (!client_takes_part(c) || (!here && !queue))
			continue;
		bool spooling = !here || ((c->options & WIRE_OPTION_ACK_IMMEDIATE) && delivery_queueable(method));
		enum refusal failed = spooling                   ? open_copy(c, d)
				      : stream_open(c, d, false) ? REFUSE_NOTHING
								 : REFUSE_OVERLOADED;
		if (failed != REFUSE_NOTHING)
			why = failed;
	}
	if (!d->streams)
		return why != REFUSE_NOTHING ? why : offline(method);
	/* For its temporary file, where nothing was taken for a copy. */
	why = delivery_take_quota(d, 0);
	if (why != REFUSE_NOTHING) {
		delivery_reset(d, WIRE_RESET_CANCEL, "");
		registry_tell_refused(t, d, refusal_text(why)->status);
	}
	return why;
}

void client_tell_refused(struct client *c, const struct delivery *d, int status)
{
	struct wire_request request = d->request;
	struct link *l = c->current ? client_link(c) : NULL;
	if (!l)
		return;
	request.refused_status = (uint16_t)status;
	request.body = bytes_of(NULL);
	if (!wire_encode_request(link_out(l), ++c->last_stream, WIRE_END | WIRE_REFUSED, &request))
		link_close(l, 1011, "out of memory");
	link_flush_soon(l);
}

void registry_tell_refused(struct tunnel *t, const struct delivery *d, int status)
{
	for (struct client *c = t->clients; c; c = c->next)
		client_tell_refused(c, d, status);
}
