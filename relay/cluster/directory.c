#include "relay/cluster/directory.h"

#include "relay/common/hash.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "tunnel."

/* A record that is to be written.
 *
 *    DUE ──▶ READING ──▶ WRITING ──▶ (written, forgotten)
 *     ▲         │ ▲          │
 *     └─ away ──┴─┴─ changed ┘
 */
enum stage { STAGE_DUE, STAGE_READING, STAGE_WRITING };

struct entry {
	char name[LIMIT_TUNNEL_NAME + 1];
	struct directory *all;
	enum stage stage;
	bool again;     /* it changed here meanwhile */
	unsigned tries; /* in a row that others were faster */
	struct record_tunnel *writing;
	UT_hash_handle hh;
};

struct directory {
	struct kv *kv;
	uint8_t self[RECORD_NODE_ID_LEN];
	struct directory_events events;
	void *user;
	struct entry *entries;
	size_t under_way;
	uint64_t malformed;
	bool closing;
	uv_timer_t timer;
	void (*closed)(void *user);
	void *closed_user;
};

static void read_record(struct entry *e);

static void forget(struct entry *e)
{
	struct directory *d = e->all;
	HASH_DELETE(hh, d->entries, e); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(e->writing);
	free(e);
}

/* It is not under way any more. */
static void rest(struct entry *e)
{
	e->stage = STAGE_DUE;
	e->all->under_way--;
	free(e->writing);
	e->writing = NULL;
}

/* It is over, or begins again for what changed meanwhile. */
static void end(struct entry *e)
{
	rest(e);
	if (e->again)
		read_record(e);
	else
		forget(e);
}

static void begin_more(struct directory *d)
{
	for (struct entry *e = d->entries, *next; e && d->under_way < DIRECTORY_AT_ONCE; e = next) {
		next = e->hh.next;
		if (e->stage == STAGE_DUE)
			read_record(e);
		if (!kv_is_open(d->kv))
			return;
	}
}

/* ---- writing ---- */

static void on_written(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct entry *e = user;
	struct directory *d = e->all;
	(void)value;
	(void)revision;
	if (d->closing)
		return;
	if (outcome == KV_DONE) {
		struct record_tunnel *r = e->writing;
		char name[LIMIT_TUNNEL_NAME + 1];
		memcpy(name, e->name, sizeof name);
		e->writing = NULL;
		end(e);
		d->events.written(d->user, name, r);
		free(r);
		begin_more(d);
		return;
	}
	rest(e);
	if (outcome == KV_CHANGED && ++e->tries >= DIRECTORY_TRIES) {
		e->tries = 0;
		d->events.contended(d->user, e->name);
	} else if (outcome == KV_CHANGED) {
		read_record(e);
	}
}

/* Whether the record is another owner's who had it first, and who may have it. */
static bool is_others(const struct directory *d, const struct record_tunnel *there, const struct record_tunnel *here)
{
	return there->client_count > 0 && *there->owner && strcmp(there->owner, here->owner) != 0 &&
	       d->events.is_owner(d->user, there->owner) && there->claimed_at_us <= here->claimed_at_us;
}

static bool write_merged(struct entry *e, const struct record_tunnel *there, const struct record_tunnel *here,
			 uint64_t revision)
{
	struct directory *d = e->all;
	struct buffer b = { 0 };
	char key[KV_KEY_LEN];
	if (!e->writing && !(e->writing = malloc(sizeof *e->writing)))
		return false;
	/* Clients of another owner are not taken over. */
	bool same = there && strcmp(there->owner, here->owner) == 0;
	record_merge_tunnels(same ? there : NULL, here, d->self, e->writing);
	/* Generations go on over owners, so that what is older is seen to be. */
	for (size_t i = 0; there && !same && i < e->writing->client_count; i++)
		e->writing->clients[i].generation += record_last_generation(there);
	snprintf(key, sizeof key, PREFIX "%s", e->name);
	bool fine =
	    record_put_tunnel(&b, e->writing) && kv_write_if(d->kv, key, buffer_view(&b), revision, on_written, e);
	buffer_free(&b);
	return fine;
}

static void on_record(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct entry *e = user;
	struct directory *d = e->all;
	struct record_tunnel there, here;
	if (d->closing)
		return;
	bool fine = outcome == KV_DONE && record_read_tunnel(value, &there);
	d->malformed += outcome == KV_DONE && !fine;
	if (outcome != KV_DONE && outcome != KV_NONE) {
		rest(e);
		return;
	}
	e->again = false;
	memset(&here, 0, sizeof here);
	if (!d->events.held(d->user, e->name, &here) && !fine) {
		end(e);
		return;
	}
	if (here.client_count == 0 && fine) { /* it was forgotten here */
		memcpy(here.owner, there.owner, sizeof here.owner);
		here.claimed_at_us = there.claimed_at_us;
		here.random_name = there.random_name;
	}
	if (fine && is_others(d, &there, &here)) {
		char name[LIMIT_TUNNEL_NAME + 1];
		memcpy(name, e->name, sizeof name);
		end(e);
		d->events.taken(d->user, name, &there);
		return;
	}
	e->stage = STAGE_WRITING;
	if (!write_merged(e, fine ? &there : NULL, &here, revision))
		rest(e);
}

static void read_record(struct entry *e)
{
	struct directory *d = e->all;
	char key[KV_KEY_LEN];
	snprintf(key, sizeof key, PREFIX "%s", e->name);
	if (d->closing || d->under_way >= DIRECTORY_AT_ONCE || !kv_is_open(d->kv) || !kv_read(d->kv, key, on_record, e))
		return;
	e->stage = STAGE_READING;
	d->under_way++;
}

void directory_write(struct directory *d, const char *name)
{
	struct entry *e;
	HASH_FIND_STR(d->entries, name, e);
	if (e) {
		e->again = true;
		return;
	}
	if (!(e = calloc(1, sizeof *e)))
		return;
	e->all = d;
	snprintf(e->name, sizeof e->name, "%s", name);
	HASH_ADD_STR(d->entries, name, e);
	if (!e->hh.tbl) {
		free(e);
		return;
	}
	read_record(e);
}

bool directory_is_due(const struct directory *d, const char *name)
{
	struct entry *e;
	HASH_FIND_STR(d->entries, name, e);
	return e;
}

/* ---- beginning and end ---- */

static void on_look(uv_timer_t *h)
{
	begin_more(h->data);
}

struct directory *directory_new(uv_loop_t *loop, struct kv *kv, const uint8_t self[RECORD_NODE_ID_LEN],
				const struct directory_events *events, void *user)
{
	struct directory *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->kv = kv;
	memcpy(d->self, self, sizeof d->self);
	d->events = *events;
	d->user = user;
	uv_timer_init(loop, &d->timer);
	d->timer.data = d;
	uv_timer_start(&d->timer, on_look, DIRECTORY_LATER_MS, DIRECTORY_LATER_MS);
	return d;
}

size_t directory_pending(const struct directory *d)
{
	return HASH_COUNT(d->entries);
}

uint64_t directory_malformed(const struct directory *d)
{
	return d->malformed;
}

static void on_closed(uv_handle_t *h)
{
	struct directory *d = h->data;
	void (*closed)(void *user) = d->closed;
	void *user = d->closed_user;
	struct entry *e = d->entries, *next;
	HASH_CLEAR(hh, d->entries);
	for (; e; e = next) {
		next = e->hh.next;
		free(e->writing);
		free(e);
	}
	free(d);
	if (closed)
		closed(user);
}

void directory_close(struct directory *d, void (*closed)(void *user), void *user)
{
	d->closing = true;
	d->closed = closed;
	d->closed_user = user;
	uv_close((uv_handle_t *)&d->timer, on_closed);
}
