/* Each node tells the others what waits there for each client, soon after it has changed. */
#include "relay/crossing/crossing_private.h"

#define TELL_MS 50
#define TOLD_AT_ONCE 1000 /* changes, to one node */

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

/* False: there is more to tell. */
static bool tell(struct crossing_peer *p)
{
	const struct levels *levels = p->crossing->levels;
	struct level v;
	if (!p->greeted) {
		crossing_send(p, TRUNK_LEVELS, 0, 0, bytes_of(NULL));
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

bool crossing_levels_begin(struct crossing *x)
{
	struct registry *r = x->relay->registry;
	if (!(x->levels = levels_new()))
		return false;
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
	if (!levels_take(p->crossing->levels, trunk_node(p->trunk), &v))
		return false;
	if (part->line != 0)
		crossing_ask_answered(p, part->line, in.count);
	return true;
}

bool crossing_levels_take(struct crossing_peer *p, const struct trunk_part *part)
{
	switch (part->kind) {
	case TRUNK_LEVEL:
		return take_level(p, part);
	case TRUNK_LEVELS:
		levels_forget(p->crossing->levels, trunk_node(p->trunk));
		return true;
	default:
		if (part->data.len != RECORD_NODE_ID_LEN)
			return false;
		levels_forget(p->crossing->levels, part->data.at);
		return true;
	}
}
