/* A request arrives for a tunnel: whether it may be taken, and which clients get it. */
#include "relay/streams/delivery_streams.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"

static enum refusal offline(struct bytes method)
{
	return delivery_queueable(method) ? REFUSE_OFFLINE : REFUSE_OFFLINE_READ;
}

enum refusal registry_admit(const struct tunnel *t, struct bytes method)
{
	for (const struct client *c = t->clients; c; c = c->next)
		if (client_takes_part(c) && (client_is_here(c) || client_may_queue(c, method)))
			return REFUSE_NOTHING;
	return offline(method);
}

static bool can_upgrade(const struct client *c)
{
	bool here = client_carrier(c) || (c->foreign && c->in_grace); /* the way to it may just be opened */
	return here && (c->features & WIRE_FEATURE_UPGRADE) && client_takes_part(c);
}

bool registry_passes_upgrades(const struct tunnel *t)
{
	for (const struct client *c = t->clients; c; c = c->next)
		if (can_upgrade(c))
			return true;
	return false;
}

/* To one client only: two could not both talk to the sender. */
static enum refusal dispatch_upgrade(struct tunnel *t, struct delivery *d)
{
	for (struct client *c = t->clients; c; c = c->next)
		if (can_upgrade(c))
			return stream_open(c, d, STREAM_OPEN) ? REFUSE_NOTHING : REFUSE_OVERLOADED;
	return REFUSE_OFFLINE_READ;
}

/* Opens a copy for the client's mailbox. When there is no space for it, the client misses it. */
static enum refusal open_copy(struct client *c, struct delivery *d)
{
	struct stream *st = stream_open(c, d, STREAM_SPOOLING);
	if (!st)
		return REFUSE_OVERLOADED;
	enum refusal full = delivery_take_quota(d, 0);
	if (full != REFUSE_NOTHING) {
		stream_close(st);
		if (full == REFUSE_SPOOL_FULL)
			client_note_full(c);
		delivery_note_missed(d, c);
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
		bool here = client_is_here(c), queue = client_may_queue(c, method);
		if (!client_takes_part(c) || (!here && !queue))
			continue;
		bool spooling = !here || ((c->options & WIRE_OPTION_ACK_IMMEDIATE) && delivery_queueable(method));
		enum refusal failed = spooling                         ? open_copy(c, d)
				      : stream_open(c, d, STREAM_OPEN) ? REFUSE_NOTHING
								       : REFUSE_OVERLOADED;
		if (failed != REFUSE_NOTHING)
			why = failed;
	}
	if (!d->streams)
		return why != REFUSE_NOTHING ? why : offline(method);
	/* For the temporary file of a large body, when no copy has counted it yet. */
	why = delivery_take_quota(d, 0);
	if (why != REFUSE_NOTHING) {
		delivery_reset(d, WIRE_RESET_CANCEL, "");
		registry_tell_refused(t, d, refusal_text(why)->status);
	}
	return why;
}

void registry_tell_refused(struct tunnel *t, const struct delivery *d, int status)
{
	for (struct client *c = t->clients; c; c = c->next)
		client_tell_refused(c, d, status);
}
