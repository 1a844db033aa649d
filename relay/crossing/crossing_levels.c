/* Each node tells the others what waits there for each client, soon after it has changed. What they said last is kept
 * in the spool's file, since it counts after a start too while they are away. */
#include "relay/crossing/crossing_private.h"

#include "shared/base/clock.h"
#include "shared/program/log.h"

#define TELL_MS 50
#define TOLD_AT_ONCE 1000 /* changes, to one node */
#define KEPT_AT_ONCE 1000
#define A_DAY_US (UINT64_C(24) * 3600 * 1000000)

_Static_assert(sizeof((struct levels_row *)NULL)->node == sizeof((struct spool_elsewhere *)NULL)->node, "one id");

static void on_level(void *user, const struct spool_mailbox *m, struct spool_level level)
{
	struct crossing *x = user;
	const struct level v = { .tunnel = m->tunnel, .key = m->key, .count = level.count, .bytes = level.bytes };
	if (levels_note(x->levels, &v))
		crossing_levels_tell(x);
}

static void send_level(struct crossing_peer *p, const struct level *v)
{
	const struct trunk_level out = { { v->tunnel, v->key }, v->count, v->bytes };
	struct buffer data = { 0 };
	if (trunk_message_put_level(&data, &out))
		crossing_send(p, TRUNK_LEVEL, 0, 0, buffer_view(&data));
	buffer_free(&data);
}

static void send_adopted(void *user, const uint8_t node[LEVELS_NODE_LEN], const struct level *v, uint64_t at_us)
{
	struct crossing_peer *p = user;
	struct trunk_adopted out = { .at_us = at_us, .rest = { { v->tunnel, v->key }, v->count, v->bytes } };
	struct buffer data = { 0 };
	if (memcmp(node, trunk_node(p->trunk), LEVELS_NODE_LEN) == 0)
		return; /* it knows what it has */
	memcpy(out.node, node, sizeof out.node);
	if (trunk_message_put_adopted(&data, &out))
		crossing_send(p, TRUNK_ADOPTED, 0, 0, buffer_view(&data));
	buffer_free(&data);
}

/* False: there is more to tell. */
static bool tell(struct crossing_peer *p)
{
	const struct levels *levels = p->crossing->levels;
	struct level v;
	if (!p->greeted) {
		crossing_send(p, TRUNK_LEVELS, 0, 0, bytes_of(NULL));
		levels_each_adopted(levels, NULL, send_adopted, p); /* it may have been away when others were told */
		p->greeted = true;
		p->told = 0;
	}
	for (unsigned i = 0; i < TOLD_AT_ONCE && trunk_may_send(p->trunk); i++) {
		if (!levels_next(levels, p->told, &v))
			return true;
		send_level(p, &v);
		p->told = v.number;
	}
	return !levels_next(levels, p->told, &v);
}

static void on_telling(uv_timer_t *h)
{
	struct crossing *x = h->data;
	uint64_t told = UINT64_MAX;
	bool all = true;
	for (struct crossing_peer *p = x->peers; p; p = p->next) {
		if (!p->there)
			continue;
		all &= tell(p);
		if (p->told < told)
			told = p->told;
	}
	levels_told(x->levels, told);
	if (!all)
		crossing_levels_tell(x);
}

void crossing_levels_tell(struct crossing *x)
{
	if (!uv_is_active((uv_handle_t *)&x->telling) && !uv_is_closing((uv_handle_t *)&x->telling))
		uv_timer_start(&x->telling, on_telling, TELL_MS, 0);
}

static struct crossing_peer *find_peer(const struct crossing *x, const uint8_t node[LEVELS_NODE_LEN])
{
	struct crossing_peer *p = x->peers;
	while (p && memcmp(trunk_node(p->trunk), node, LEVELS_NODE_LEN) != 0)
		p = p->next;
	return p;
}

static bool is_there(void *user, const uint8_t node[LEVELS_NODE_LEN])
{
	const struct crossing_peer *p = find_peer(user, node);
	return p && p->there;
}

/* Whether its own word is here. A node whose last record in the bucket is new enough seems to be there after a start of
 * this one, though it may be gone. */
static bool has_said(const struct crossing *x, const uint8_t node[LEVELS_NODE_LEN])
{
	const struct crossing_peer *p = find_peer(x, node);
	return p && p->said;
}

/* ---- what was taken over of a node that is gone ---- */

void crossing_adopted(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN], const struct level *v)
{
	if (!levels_adopt(x->levels, id, v, clock_now_us()))
		log_event(LOG_WARN, "level_not_noted", NULL); /* out of memory: what it was counts on */
}

void crossing_node_adopted(struct crossing *x, const uint8_t id[RECORD_NODE_ID_LEN])
{
	for (struct crossing_peer *p = x->peers; p; p = p->next)
		if (p->there)
			levels_each_adopted(x->levels, id, send_adopted, p);
}

/* What a node says itself counts more. */
static bool take_adopted(const struct crossing_peer *p, struct bytes data)
{
	struct crossing *x = p->crossing;
	struct trunk_adopted in;
	if (!trunk_message_read_adopted(data, &in))
		return false;
	if (memcmp(in.node, x->id, sizeof in.node) == 0 || has_said(x, in.node))
		return true;
	const struct level v = {
		.tunnel = in.rest.of.tunnel, .key = in.rest.of.key, .count = in.rest.count, .bytes = in.rest.bytes
	};
	return levels_take_adopted(x->levels, in.node, &v, in.at_us);
}

/* ---- for the next start ---- */

static struct levels_row row_of(const struct spool_elsewhere *r)
{
	struct levels_row out = {
		.level = { .tunnel = r->tunnel, .key = r->key, .count = r->count, .bytes = r->bytes },
		.said_at_us = r->said_at_us,
		.adopted_at_us = r->adopted_at_us,
	};
	memcpy(out.node, r->node, sizeof out.node);
	return out;
}

static void on_row(void *user, const struct spool_elsewhere *r)
{
	struct crossing *x = user;
	const struct levels_row row = row_of(r);
	if (!levels_recall(x->levels, &row, has_said(x, r->node)))
		log_event(LOG_WARN, "level_not_recalled", NULL);
}

static void on_failed(void *user, const struct spool_elsewhere *r)
{
	struct crossing *x = user;
	const struct levels_row row = row_of(r);
	levels_keep_again(x->levels, &row);
}

static void keep(struct crossing *x, size_t most)
{
	struct levels_row row;
	while (most-- > 0 && levels_next_row(x->levels, &row)) {
		struct spool_elsewhere out = { .tunnel = row.level.tunnel,
					       .key = row.level.key,
					       .count = row.level.count,
					       .bytes = row.level.bytes,
					       .said_at_us = row.said_at_us,
					       .adopted_at_us = row.adopted_at_us };
		memcpy(out.node, row.node, sizeof out.node);
		if (!spool_keep_elsewhere(x->relay->registry->table.spool, &out)) {
			levels_keep_again(x->levels, &row);
			return;
		}
	}
}

void crossing_levels_keep(struct crossing *x)
{
	keep(x, KEPT_AT_ONCE);
}

/* By then all that waited there has expired there; a day is for clocks and for what is late. */
static uint64_t expired_us(const struct crossing *x)
{
	const uint64_t now = clock_now_us(), age = (uint64_t)x->relay->settings.spool_max_age_ms * 1000 + A_DAY_US;
	return now > age ? now - age : 0;
}

void crossing_levels_expire(struct crossing *x)
{
	levels_expire(x->levels, expired_us(x), is_there, x);
}

/* ---- the whole ---- */

bool crossing_levels_begin(struct crossing *x)
{
	static const struct spool_elsewhere_events events = { on_row, on_failed };
	struct registry *r = x->relay->registry;
	if (!(x->levels = levels_new()))
		return false;
	if (!spool_begin_elsewhere(r->table.spool, expired_us(x), &events, x)) {
		levels_free(x->levels);
		return false;
	}
	uv_timer_init(x->relay->loop, &x->telling);
	x->telling.data = x;
	r->table.levels = x->levels;
	spool_on_level(r->table.spool, on_level, x);
	return true;
}

void crossing_levels_end(struct crossing *x)
{
	struct registry *r = x->relay->registry;
	spool_on_level(r->table.spool, NULL, NULL);
	keep(x, SIZE_MAX);
	spool_end_elsewhere(r->table.spool);
	r->table.levels = NULL;
	levels_free(x->levels);
	x->levels = NULL;
}

static bool take_level(struct crossing_peer *p, const struct trunk_part *part)
{
	struct trunk_level in;
	if (!trunk_message_read_level(part->data, &in))
		return false;
	const struct level v = { .tunnel = in.of.tunnel, .key = in.of.key, .count = in.count, .bytes = in.bytes };
	if (!levels_take(p->crossing->levels, trunk_node(p->trunk), &v, clock_now_us()))
		return false;
	if (part->line != 0)
		crossing_ask_answered(p, part->line, in.count);
	return true;
}

bool crossing_levels_take(struct crossing_peer *p, const struct trunk_part *part)
{
	p->said |= part->kind != TRUNK_ADOPTED;
	switch (part->kind) {
	case TRUNK_LEVEL:
		return take_level(p, part);
	case TRUNK_LEVELS:
		levels_forget(p->crossing->levels, trunk_node(p->trunk));
		return true;
	default:
		return take_adopted(p, part->data);
	}
}
