#include "relay/cluster/nodes.h"

#include "relay/common/hash.h"
#include "shared/base/clock.h"
#include "shared/base/hex.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "node"
#define KEY_LEN (sizeof PREFIX + (size_t)2 * RECORD_NODE_ID_LEN) /* with the dot */

struct node {
	uint8_t id[RECORD_NODE_ID_LEN];
	struct record_node record; /* the last */
	uint64_t revision;         /* of it */
	uint64_t heard_at;         /* loop ms */
	bool gone;                 /* kept so that its last record, when it is read again, is known as old */
	UT_hash_handle hh;
};

struct nodes {
	struct kv *kv;
	struct nodes_settings settings;
	struct nodes_events events;
	void *user;
	char key[KEY_LEN + 1];
	struct node *others;
	uint64_t written_at; /* loop ms: the last that was acknowledged */
	uint64_t joined_at;  /* loop ms: the first */
	uint64_t malformed;
	bool writing, closing;
	uv_timer_t timer;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- others ---- */

static bool read_id(const char *key, uint8_t id[RECORD_NODE_ID_LEN])
{
	struct buffer b = { 0 };
	size_t prefix = sizeof PREFIX; /* with the dot after it */
	bool fine = strlen(key) == KEY_LEN && hex_decode(&b, bytes_of(key + prefix)) && b.len == RECORD_NODE_ID_LEN;
	if (fine)
		memcpy(id, b.at, RECORD_NODE_ID_LEN);
	buffer_free(&b);
	return fine;
}

static struct node *find(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct node *o;
	HASH_FIND(hh, n->others, id, RECORD_NODE_ID_LEN, o);
	return o;
}

static const struct node *find_there(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN])
{
	const struct node *o = find(n, id);
	return o && !o->gone ? o : NULL;
}

/* A watch that begins again reports all records there are, those of nodes that are long gone too: only a later one says
 * that its node is there. A clock may be set back, and a bucket made anew; not both at once. */
static bool is_later(const struct node *o, const struct record_node *r, uint64_t revision)
{
	const struct record_node *last = &o->record;
	if (r->epoch == last->epoch && r->written_at_us == last->written_at_us)
		return false;
	return r->written_at_us > last->written_at_us || revision > o->revision;
}

static void note_other(struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN], const struct record_node *r,
		       uint64_t revision)
{
	struct node *o = find(n, id);
	if (o && !is_later(o, r, revision))
		return;
	bool is_new = !o || o->gone;
	if (!o) {
		if (!(o = calloc(1, sizeof *o)))
			return;
		memcpy(o->id, id, sizeof o->id);
		HASH_ADD(hh, n->others, id, sizeof o->id, o);
		if (!o->hh.tbl) {
			free(o);
			return;
		}
	}
	o->heard_at = uv_now(n->timer.loop);
	bool again = o->record.epoch != r->epoch;
	o->record = *r;
	o->revision = revision;
	o->gone = false;
	if (is_new || again)
		n->events.came(n->user, id, r->epoch);
	if (n->events.heard)
		n->events.heard(n->user, id);
}

/* A record with this node's id. Those of its earlier runs were written before its first. Which of two began later is
 * told by the bucket, for the clocks of two machines may differ. */
static void note_own(struct nodes *n, const struct record_node *r, uint64_t revision)
{
	const struct record_node *self = &n->settings.self;
	const uint64_t first = r->first_revision ? r->first_revision : revision;
	if (r->epoch != self->epoch && self->first_revision != 0 && revision > self->first_revision &&
	    first < self->first_revision)
		n->events.cloned(n->user);
}

static void on_record(void *user, const char *key, struct bytes value, uint64_t revision)
{
	struct nodes *n = user;
	struct record_node r;
	uint8_t id[RECORD_NODE_ID_LEN];
	if (n->closing)
		return;
	if (!read_id(key, id) || !record_read_node(value, &r))
		n->malformed++;
	else if (memcmp(id, n->settings.id, sizeof id) == 0)
		note_own(n, &r, revision);
	else
		note_other(n, id, &r, revision);
}

static void on_read(void *user, bool whole)
{
	(void)user;
	(void)whole;
}

static void make_key(const uint8_t id[RECORD_NODE_ID_LEN], char out[KEY_LEN + 1])
{
	memcpy(out, PREFIX ".", sizeof PREFIX);
	hex_write(out + sizeof PREFIX, id, RECORD_NODE_ID_LEN);
}

/* Where each start has a new data folder, and so a new id, records would add up for ever. */
static void remove_past(struct nodes *n, struct node *o)
{
	char key[KEY_LEN + 1];
	make_key(o->id, key);
	kv_remove(n->kv, key, o->revision);
	if (n->events.past)
		n->events.past(n->user, o->id);
	HASH_DEL(n->others, o); /* NOLINT(clang-analyzer-core.NullDereference) */
	free(o);
}

static void look_for_gone(struct nodes *n, uint64_t now)
{
	for (struct node *o = n->others, *next; o; o = next) {
		next = o->hh.next;
		if (o->gone) {
			if (now - o->heard_at >= n->settings.kept_ms &&
			    o->record.written_at_us + RECORD_PAST_NODE_US < clock_now_us())
				remove_past(n, o);
		} else if (now - o->heard_at >= n->settings.gone_ms) {
			o->gone = true;
			n->events.gone(n->user, o->id);
		}
	}
}

/* ---- this one ---- */

/* It was away: what the others wrote meanwhile did not come. */
static void hear_all_anew(struct nodes *n, uint64_t now)
{
	for (struct node *o = n->others; o; o = o->hh.next)
		o->heard_at = now;
}

static void on_written(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct nodes *n = user;
	(void)value;
	uint64_t now = uv_now(n->timer.loop);
	n->writing = false;
	if (n->closing || outcome != KV_DONE)
		return;
	if (n->settings.self.first_revision == 0)
		n->joined_at = now;
	/* A smaller one is of a bucket that was made anew. */
	if (n->settings.self.first_revision == 0 || revision < n->settings.self.first_revision)
		n->settings.self.first_revision = revision;
	if (now - n->written_at > 3 * n->settings.write_ms)
		hear_all_anew(n, now);
	n->written_at = now;
}

static void write_own(struct nodes *n)
{
	struct buffer b = { 0 };
	n->settings.self.written_at_us = clock_now_us();
	if (n->events.measure)
		n->events.measure(n->user, &n->settings.self);
	if (!n->writing && kv_is_open(n->kv) && record_put_node(&b, &n->settings.self))
		n->writing = kv_write(n->kv, n->key, buffer_view(&b), on_written, n);
	buffer_free(&b);
}

static void on_tick(uv_timer_t *h)
{
	struct nodes *n = h->data;
	uint64_t now = uv_now(h->loop);
	/* Between a write that failed and the next one that does not, nobody is judged. */
	if (n->settings.self.first_revision != 0 && now - n->written_at <= 3 * n->settings.write_ms)
		look_for_gone(n, now);
	write_own(n);
}

struct nodes *nodes_new(uv_loop_t *loop, struct kv *kv, const struct nodes_settings *settings,
			const struct nodes_events *events, void *user)
{
	struct nodes *n = calloc(1, sizeof *n);
	if (!n || !kv_watch(kv, PREFIX, 0, on_record, on_read, n)) {
		free(n);
		return NULL;
	}
	make_key(settings->id, n->key);
	n->kv = kv;
	n->settings = *settings;
	if (!n->settings.write_ms)
		n->settings.write_ms = NODES_WRITE_MS;
	if (!n->settings.gone_ms)
		n->settings.gone_ms = NODES_GONE_MS;
	n->events = *events;
	n->user = user;
	uv_timer_init(loop, &n->timer);
	n->timer.data = n;
	uv_timer_start(&n->timer, on_tick, n->settings.write_ms / 4, n->settings.write_ms);
	return n;
}

uint64_t nodes_epoch(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN])
{
	const struct node *o = find_there(n, id);
	return o ? o->record.epoch : 0;
}

bool nodes_may_have(const struct nodes *n, const uint8_t id[RECORD_NODE_ID_LEN], uint64_t epoch)
{
	const struct node *o = find_there(n, id);
	if (o)
		return o->record.epoch == epoch;
	return epoch != 0 &&
	       (n->settings.self.first_revision == 0 || uv_now(n->timer.loop) - n->joined_at < n->settings.gone_ms);
}

void nodes_each(const struct nodes *n,
		void (*each)(void *user, const uint8_t id[RECORD_NODE_ID_LEN], const struct record_node *r), void *user)
{
	each(user, n->settings.id, &n->settings.self);
	for (const struct node *o = n->others; o; o = o->hh.next)
		if (!o->gone)
			each(user, o->id, &o->record);
}

size_t nodes_count(const struct nodes *n)
{
	size_t count = 0;
	for (const struct node *o = n->others; o; o = o->hh.next)
		count += !o->gone;
	return count;
}

uint64_t nodes_malformed(const struct nodes *n)
{
	return n->malformed;
}

static void on_closed(uv_handle_t *h)
{
	struct nodes *n = h->data;
	void (*closed)(void *user) = n->closed;
	void *user = n->closed_user;
	struct node *o = n->others, *next;
	HASH_CLEAR(hh, n->others);
	for (; o; o = next) {
		next = o->hh.next;
		free(o);
	}
	free(n);
	if (closed)
		closed(user);
}

void nodes_close(struct nodes *n, void (*closed)(void *user), void *user)
{
	n->closing = true;
	n->closed = closed;
	n->closed_user = user;
	uv_close((uv_handle_t *)&n->timer, on_closed);
}
