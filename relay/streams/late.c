#include "relay/streams/late.h"

#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"

#include <stdlib.h>
#include <string.h>

struct late {
	uint8_t event_id[UUID_LEN];
	uint64_t stream;
	bool recorded; /* before its copy was found in the mailbox */
	bool passed;   /* its copy was found there and left alone */
	int64_t row;   /* of that copy */
	UT_hash_handle hh;
};

static void drop(struct client *c, struct late *l)
{
	HASH_DELETE(hh, c->late, l);
	free(l);
}

static struct late *find(const struct client *c, const uint8_t event_id[UUID_LEN])
{
	struct late *l;
	HASH_FIND(hh, c->late, event_id, UUID_LEN, l);
	return l;
}

bool late_add(struct stream *st)
{
	struct client *c = st->client;
	struct late *l = HASH_COUNT(c->late) < LIMIT_HAND_OUT_COUNT ? calloc(1, sizeof *l) : NULL;
	if (!l)
		return false;
	memcpy(l->event_id, st->delivery->request.event_id, UUID_LEN);
	l->stream = st->id;
	HASH_ADD(hh, c->late, event_id, UUID_LEN, l);
	if (!l->hh.tbl) {
		free(l);
		return false;
	}
	return true;
}

static void cancel(struct client *c, uint64_t stream)
{
	struct carrier *carrier = client_carrier(c);
	if (carrier)
		carrier_sent(carrier, wire_encode_reset(carrier_out(carrier), stream, WIRE_RESET_CANCEL,
							bytes_of("the sender was told 202")));
}

void late_on_recorded(struct client *c, uint64_t stream, const uint8_t event_id[UUID_LEN])
{
	struct late *l = find(c, event_id);
	if (!l || l->stream != stream || l->recorded)
		return;
	cancel(c, stream);
	l->recorded = true;
	if (l->passed) {
		c->events->recorded(c, l->row);
		drop(c, l);
	}
}

void late_on_reset(struct client *c, uint64_t stream)
{
	for (struct late *l = c->late; l; l = l->hh.next) {
		if (l->stream != stream || l->recorded)
			continue;
		drop(c, l);
		c->events->not_recorded(c);
		return;
	}
}

bool late_has(struct client *c, int64_t row, const uint8_t event_id[UUID_LEN])
{
	struct late *l = find(c, event_id);
	if (!l)
		return false;
	l->passed = true;
	l->row = row;
	if (l->recorded) {
		c->events->recorded(c, row);
		drop(c, l);
	}
	return true;
}

void late_forget_all(struct client *c)
{
	struct late *l = c->late, *next;
	bool any = l != NULL;
	HASH_CLEAR(hh, c->late);
	for (; l; l = next) {
		next = l->hh.next;
		free(l);
	}
	if (any)
		c->events->not_recorded(c);
}
