#include "relay/crossing/crossing_private.h"
#include "relay/streams/stream.h"

#include <stdlib.h>
#include <string.h>

struct crossing_stream *crossing_stream_here(const struct client *c, uint64_t number)
{
	struct crossing_stream *st;
	HASH_FIND(by_here, c->crossed, &number, sizeof number, st);
	return st;
}

struct crossing_stream *crossing_stream_there(const struct crossing_guest *g, uint64_t number)
{
	struct crossing_stream *st;
	HASH_FIND(by_there, g->streams, &number, sizeof number, st);
	return st;
}

struct crossing_stream *crossing_stream_begin(struct crossing_guest *g, const struct wire_frame *f)
{
	struct client *c = g->client;
	if (f->payload.len < UUID_LEN)
		return NULL;
	const unsigned most = LIMIT_STREAMS_PER_CLIENT;
	if (HASH_CNT(hh, c->streams) + HASH_CNT(by_here, c->crossed) >= most)
		return NULL;
	struct crossing_stream *st = calloc(1, sizeof *st);
	if (!st)
		return NULL;
	st->guest = g;
	st->there = f->stream;
	st->here = c->last_stream + 1;
	st->live = f->type == WIRE_REQUEST && !(f->flags & WIRE_SPOOLED);
	st->upgrade = f->type == WIRE_REQUEST && (f->flags & WIRE_UPGRADE);
	memcpy(st->event_id, f->payload.at, UUID_LEN);
	HASH_ADD(by_there, g->streams, there, sizeof st->there, st);
	if (!st->by_there.tbl) {
		free(st);
		return NULL;
	}
	HASH_ADD(by_here, c->crossed, here, sizeof st->here, st);
	if (!st->by_here.tbl) {
		HASH_DELETE(by_there, g->streams, st);
		free(st);
		return NULL;
	}
	c->last_stream++;
	c->crossed_live += st->live;
	return st;
}

void crossing_stream_end(struct crossing_stream *st)
{
	struct crossing_guest *g = st->guest;
	HASH_DELETE(by_there, g->streams, st);
	HASH_DELETE(by_here, g->client->crossed, st);
	g->client->crossed_live -= st->live;
	free(st);
}

/* ---- those that ended here first ---- */

struct crossing_ended {
	uint64_t there;
	UT_hash_handle hh;
};

static struct crossing_ended *find_ended(const struct crossing_guest *g, uint64_t there)
{
	struct crossing_ended *e;
	HASH_FIND(hh, g->ended, &there, sizeof there, e);
	return e;
}

bool crossing_stream_note_ended(struct crossing_guest *g, uint64_t there)
{
	struct crossing_ended *e = find_ended(g, there);
	if (e || !(e = calloc(1, sizeof *e)))
		return e != NULL;
	e->there = there;
	HASH_ADD(hh, g->ended, there, sizeof e->there, e);
	if (e->hh.tbl)
		return true;
	free(e);
	return false;
}

bool crossing_stream_has_ended(const struct crossing_guest *g, uint64_t there)
{
	return find_ended(g, there) != NULL;
}

void crossing_stream_forget_ended(struct crossing_guest *g, uint64_t there)
{
	struct crossing_ended *e = find_ended(g, there);
	if (!e)
		return;
	HASH_DELETE(hh, g->ended, e);
	free(e);
}

void crossing_stream_forget_all_ended(struct crossing_guest *g)
{
	struct crossing_ended *e = g->ended, *next;
	HASH_CLEAR(hh, g->ended);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}
