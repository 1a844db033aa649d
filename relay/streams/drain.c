#include "relay/streams/drain.h"

#include "relay/common/loops.h"
#include "relay/streams/late.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/stream.h"
#include "shared/program/log.h"

#include <stdlib.h>

#define FIRST_PAUSE_MS 500
#define MOST_PAUSE_MS 10000
#define FETCH_LEAST 16
#define LITTLE_LEFT (1u << 20) /* when the list is short and holds less than this, the next ones are fetched */

static struct spool_waiting *take_first(struct drain *d)
{
	struct spool_waiting *w = d->list;
	d->list = w->next;
	d->listed--;
	d->listed_bytes -= w->payload.len;
	return w;
}

static void free_list(struct spool_waiting *list)
{
	while (list) {
		struct spool_waiting *next = list->next;
		spool_waiting_free(list);
		list = next;
	}
}

static void drop_list(struct drain *d)
{
	free_list(d->list);
	d->list = NULL;
	d->listed = d->listed_bytes = 0;
}

static void append_list(struct drain *d, struct spool_waiting *more)
{
	struct spool_waiting **last = &d->list;
	while (*last)
		last = &(*last)->next;
	*last = more;
	for (; more; more = more->next) {
		d->listed++;
		d->listed_bytes += more->payload.len;
		d->after = more->row;
		d->more = true;
	}
}

static bool is_out(const struct client *c, int64_t row)
{
	for (size_t i = 0; i < c->drain.unreadable_count; i++)
		if (c->drain.unreadable[i] == row)
			return true;
	for (const struct stream *st = c->streams; st; st = st->hh.next)
		if (st->delivery->row == row)
			return true;
	return false;
}

/* ---- slots ---- */

/* Whether there may be something to hand out, of which it is not known yet when it was received. */
static bool is_unsure(const struct drain *d)
{
	return !d->list && (d->more || d->fetching) && !d->unread;
}

/* Says what comes next, before slots are given back. */
static void tell_next(struct drain *d)
{
	if (d->claim.unsure != is_unsure(d) || d->claim.round != d->round)
		slots_note(&d->claim, d->round, is_unsure(d));
}

static void give_back(struct drain *d, unsigned count)
{
	tell_next(d);
	if (count > 0)
		slots_give_back(&d->claim, count);
}

/* Offers what was added to the list. False when out of memory. */
static bool offer(struct drain *d, const struct spool_waiting *added)
{
	uint64_t *times;
	size_t count = 0;
	for (const struct spool_waiting *w = added; w; w = w->next)
		count++;
	if (count == 0 || !(times = calloc(count, sizeof *times)))
		return count == 0;
	count = 0;
	for (const struct spool_waiting *w = added; w; w = w->next)
		times[count++] = w->received_at_us;
	bool fine = slots_offer(&d->claim, d->round, times, count);
	free(times);
	return fine;
}

static void forget_list(struct drain *d)
{
	drop_list(d);
	d->granted = 0;
	d->round++;
	d->after = 0;
	d->more = true;
}

static void begin_again(struct client *c)
{
	struct drain *d = &c->drain;
	const unsigned unused = d->granted;
	forget_list(d);
	give_back(d, unused);
}

/* The client could not record one, or the mailbox cannot be read: pauses, and then starts over with the oldest. */
static void failed(struct client *c)
{
	struct drain *d = &c->drain;
	uint64_t now = uv_now(c->tunnel->table->relay->loop);
	begin_again(c);
	/* Those that were handed out together fail together, and pause once. */
	if (now < d->paused_until)
		return;
	d->pause_ms = d->pause_ms == 0 ? FIRST_PAUSE_MS : d->pause_ms * 2;
	if (d->pause_ms > MOST_PAUSE_MS)
		d->pause_ms = MOST_PAUSE_MS;
	d->paused_until = now + d->pause_ms;
	tunnel_watch(c->tunnel);
}

static bool hand_out(struct client *c, struct spool_waiting *w)
{
	struct delivery *d = delivery_new_stored(w->event_id, w->row, &w->payload, w->sealed);
	struct stream *st = d ? stream_open(c, d, STREAM_OPEN) : NULL;
	delivery_drop(d); /* the stream holds it */
	if (!st) {        /* out of memory: it is still on disk */
		failed(c);
		return false;
	}
	loops_note(c->tunnel->table->relay->loops, d->request.event_id, client_now_ms(c));
	c->drain.in_flight++;
	c->drain.bytes_out += d->stored_size;
	stream_pump(st);
	return true;
}

static void on_fetched(void *user, struct spool_waiting *list, const struct error *e);

struct fetch {
	struct client *client;
	uint32_t round;
};

/* How many of the client's deliveries at once, those of other nodes included. A backlog must not delay a sender who
 * waits, and alone it may take all that the client gives. */
static unsigned count_slots(void *user)
{
	const struct client *c = user;
	const struct tunnel_table *table = c->tunnel->table;
	if (!client_carrier(c) || table->relay->draining)
		return 0;
	if (c->drain.parallel)
		return c->drain.parallel;
	bool live = HASH_COUNT(c->streams) > c->drain.in_flight || c->crossed_live > 0;
	return live ? DRAIN_BESIDE_LIVE : DRAIN_ALONE;
}

static bool has_room(const struct drain *d)
{
	return d->in_flight == 0 || d->bytes_out < LIMIT_HAND_OUT_BYTES;
}

/* One slot is for one of the list: also for one that turns out to need none. */
static void hand_out_granted(struct client *c)
{
	struct drain *d = &c->drain;
	unsigned unused = 0;
	while (d->granted > 0 && d->list && has_room(d)) {
		struct spool_waiting *w = take_first(d);
		d->granted--;
		bool needed = !is_out(c, w->row) && !late_has(c, w->row, w->event_id);
		unused += !needed || !hand_out(c, w);
		spool_waiting_free(w);
	}
	give_back(d, unused);
}

static void work(struct client *c)
{
	struct drain *d = &c->drain;
	struct tunnel_table *table = c->tunnel->table;
	if (!client_carrier(c) || table->relay->draining || uv_now(table->relay->loop) < d->paused_until)
		return;
	hand_out_granted(c);
	/* Fetches ahead, since each fetch waits for the disk. */
	unsigned most = d->parallel ? d->parallel : DRAIN_ALONE;
	bool soon_empty = d->listed <= most && d->listed_bytes < LITTLE_LEFT;
	if (d->fetching || !d->more || (d->list && !soon_empty))
		return;
	struct fetch *f = calloc(1, sizeof *f);
	if (!f)
		return;
	f->client = c;
	f->round = d->round;
	d->fetching = true;
	d->more = false;
	spool_fetch(table->spool, c->mailbox, d->after, most < FETCH_LEAST ? FETCH_LEAST : most, on_fetched, f);
}

/* A relay that ends hands out nothing more: the others may go on. */
static void withdraw(struct client *c)
{
	begin_again(c);
	c->drain.unread = true;
	give_back(&c->drain, 0);
}

static void on_granted(void *user, uint32_t round, unsigned count)
{
	struct client *c = user;
	struct drain *d = &c->drain;
	if (round != d->round) {
		give_back(d, count);
		return;
	}
	d->granted += count;
	if (c->tunnel->table->relay->draining)
		withdraw(c);
	else
		work(c);
}

static void on_fetched(void *user, struct spool_waiting *list, const struct error *e)
{
	struct fetch *f = user;
	struct client *c = f->client;
	struct drain *d = &c->drain;
	bool stale = f->round != d->round;
	free(f);
	d->fetching = false;
	if (e) {
		log_event(LOG_ERROR, "spool_unreadable", "tunnel", c->tunnel->name, "failure", e->text, NULL);
		failed(c);
		d->unread = true;
		give_back(d, 0);
		return;
	}
	d->unread = false;
	if (stale) {
		free_list(list);
		d->more = true;
	} else {
		append_list(d, list);
		if (!offer(d, list))
			failed(c);
	}
	work(c);
}

void drain_lead(struct client *c, const struct slots_way *way, void *end)
{
	if (c->drain.claim.way == way && c->drain.claim.way_end == end)
		return;
	forget_list(&c->drain);
	slots_lead(&c->drain.claim, way, end);
}

void drain_begin(struct client *c)
{
	c->drain.granted = 0;
	c->drain.unread = false;
	slots_begin(&c->slots);
	begin_again(c);
	c->drain.paused_until = 0;
	c->drain.pause_ms = 0;
	c->drain.unreadable_count = 0; /* the client may have found its key */
	work(c);
}

void drain_more(struct client *c)
{
	c->drain.more = true;
	work(c);
	slots_share(&c->slots);
}

static void on_ended(struct client *c, size_t size)
{
	c->drain.in_flight--;
	c->drain.bytes_out -= size;
	give_back(&c->drain, 1);
	work(c);
}

static void on_unreadable(struct client *c, int64_t row)
{
	struct drain *d = &c->drain;
	int64_t *more = d->unreadable_count < LIMIT_UNREADABLE
			    ? realloc(d->unreadable, (d->unreadable_count + 1) * sizeof *more)
			    : NULL;
	log_event(LOG_WARN, "spooled_not_opened", "tunnel", c->tunnel->name, NULL);
	if (!more)
		return;
	d->unreadable = more;
	d->unreadable[d->unreadable_count++] = row;
}

static void on_recorded(struct client *c, int64_t row)
{
	c->drain.pause_ms = 0;
	spool_forget(c->tunnel->table->spool, c->mailbox, row);
}

static const struct stream_events events = {
	.put = drain_more,
	.recorded = on_recorded,
	.not_recorded = failed,
	.unreadable = on_unreadable,
	.ended = on_ended,
};

void drain_init(struct client *c)
{
	c->events = &events;
	slots_init(&c->slots, count_slots, c);
	c->drain.claim.grant = on_granted;
	c->drain.claim.user = c;
	slots_join(&c->slots, &c->drain.claim);
}

void drain_free(struct client *c)
{
	slots_leave(&c->drain.claim);
	drop_list(&c->drain);
	free(c->drain.unreadable);
}
