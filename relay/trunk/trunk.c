#include "relay/trunk/trunk.h"

#include "relay/common/hash.h"
#include "shared/base/hex.h"
#include "shared/program/log.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define TICKS_A_PROBE 10       /* how often in its time a probe is looked at */
#define FLUSH_MOST (1u << 20)  /* bytes of one trunk, before the others have their turn */
#define RETRY_MS 10            /* after the transport took nothing */
#define FOLD_NS 300000         /* for how long a message may grow */
#define LATE_MS 5              /* for what nobody waits for */
#define ACK_EVERY (256u << 10) /* bytes that came, after which the other end is told at the latest */
#define LOG_EVERY_MS 60000
#define TRUNKS_MOST 1024
#define BACKLOG_MOST ((size_t)4 * TRUNK_WINDOW) /* bytes that wait, after which the other end is taken for gone */

struct trunk {
	struct trunk_set *set;
	uint8_t node[TRUNK_NODE_LEN];
	UT_hash_handle hh;
	void *data;

	uint64_t epoch;                 /* ours, since it started over */
	uint64_t to_epoch;              /* the other end's; 0: unknown */
	uint64_t sent, acked, received; /* numbers of messages */
	struct buffer out;              /* parts to be sent, from `out_start` on */
	size_t out_start;
	struct buffer in;    /* the beginning of a part whose rest is to come */
	struct buffer sizes; /* u32 each: of the messages after `acked` */
	size_t in_flight;    /* the sum of these */
	size_t owed;         /* bytes that came and that no message of ours has acknowledged */
	bool probe_due, answer_due, refuse_due, fail_due;
	uint64_t refused_epoch; /* of `refuse_due`: the other end's */
	uint64_t probed_at;     /* loop ms */
	uint64_t unanswered;    /* probes, since something came */
	bool was_full;
	bool dirty; /* in the set's list */
	struct trunk *next_dirty;
};

struct trunk_set {
	struct trunk_settings settings;
	struct trunk_events events;
	void *user;
	struct trunk *trunks, *dirty;
	uv_idle_t flush;
	uv_timer_t tick, retry, late;
	uint64_t malformed, bytes, logged_at;
	uint64_t appended, looked_at, flushed; /* bytes of parts; how many there were at the last turn, and flush */
	uint64_t begun_at;                     /* hrtime: since when a flush is due */
	int open_handles;
	bool retrying;
};

static void on_flush(uv_idle_t *h);
static void on_late(uv_timer_t *h);

static uint64_t now_ms(const struct trunk_set *s)
{
	return uv_now(s->flush.loop);
}

static void make_dirty(struct trunk *t)
{
	if (!t->dirty) {
		t->dirty = true;
		t->next_dirty = t->set->dirty;
		t->set->dirty = t;
	}
	if (t->set->retrying || uv_is_active((uv_handle_t *)&t->set->flush))
		return;
	t->set->begun_at = uv_hrtime();
	uv_idle_start(&t->set->flush, on_flush);
}

static uint64_t make_epoch(void)
{
	uint64_t e = 0;
	while (e == 0)
		if (RAND_bytes((unsigned char *)&e, sizeof e) != 1)
			abort(); /* without randomness there is no TLS either */
	return e;
}

/* Bytes of parts that wait to be sent. */
static size_t pending_len(const struct trunk *t)
{
	return t->out.len - t->out_start;
}

/* ---- starting over ---- */

static void begin(struct trunk *t)
{
	t->epoch = make_epoch();
	t->to_epoch = 0;
	t->sent = t->acked = t->received = 0;
	buffer_free(&t->out);
	buffer_free(&t->in);
	buffer_free(&t->sizes);
	t->out_start = t->in_flight = t->owed = 0;
	t->probe_due = t->answer_due = t->fail_due = t->was_full = false;
	t->unanswered = 0;
}

static bool is_fresh(const struct trunk *t)
{
	return t->to_epoch == 0 && t->sent == 0 && pending_len(t) == 0;
}

/* Another `lost` may come while the user acts on this one: never from within. */
static void lose(struct trunk *t, const char *why, uint64_t silent_ms)
{
	struct buffer node = { 0 };
	if (hex_encode(&node, bytes_make(t->node, sizeof t->node)) && buffer_put_u8(&node, 0))
		log_event(LOG_WARN, "trunk_lost", "node", (const char *)node.at, "why", why, NULL);
	buffer_free(&node);
	begin(t);
	t->set->events.lost(t->set->user, t, silent_ms);
}

static void start_over(struct trunk *t, const char *why)
{
	if (!is_fresh(t))
		lose(t, why, 0);
}

/* Messages of that epoch are missing: its sender is to start over too. */
static void refuse(struct trunk *t, uint64_t epoch)
{
	t->refuse_due = true;
	t->refused_epoch = epoch;
	make_dirty(t);
}

/* ---- sending ---- */

bool trunk_may_send(const struct trunk *t)
{
	return t->in_flight + pending_len(t) < TRUNK_WINDOW;
}

static void append(struct trunk *t, const struct trunk_part *p)
{
	if (pending_len(t) > BACKLOG_MOST || !trunk_message_put_part(&t->out, p))
		t->fail_due = true;
	t->was_full |= !trunk_may_send(t);
	t->set->appended += TRUNK_PART_HEAD_LEN + p->data.len;
}

void trunk_send(struct trunk *t, const struct trunk_part *p)
{
	append(t, p);
	make_dirty(t);
}

void trunk_send_late(struct trunk *t, const struct trunk_part *p)
{
	append(t, p);
	if (!uv_is_active((uv_handle_t *)&t->set->late))
		uv_timer_start(&t->set->late, on_late, LATE_MS, 0);
}

/* How much of what waits goes into one message: whole parts, or a piece of one. */
static size_t next_piece(const struct trunk *t)
{
	const size_t most = TRUNK_MESSAGE_MOST - TRUNK_HEAD_LEN;
	const struct bytes all = bytes_make(t->out.at + t->out_start, pending_len(t));
	size_t len = 0, used;
	struct trunk_part p;
	if (all.len <= most)
		return all.len;
	while (trunk_message_read_part(bytes_make(all.at + len, all.len - len), &p, &used) == TRUNK_READ_PART &&
	       len + used <= most)
		len += used;
	return len > 0 ? len : most;
}

static bool publish(struct trunk *t, struct trunk_head *h, struct bytes piece)
{
	struct trunk_set *s = t->set;
	struct buffer m = { 0 };
	memcpy(h->sender, s->settings.id, sizeof h->sender);
	h->to_epoch = h->flags & TRUNK_RESTART ? t->refused_epoch : t->to_epoch;
	h->epoch = t->epoch;
	h->acked = t->received;
	bool fine = trunk_message_put_head(&m, h) && buffer_append_bytes(&m, piece) &&
		    s->events.publish(s->user, t->node, buffer_view(&m));
	s->bytes += fine ? m.len : 0;
	buffer_free(&m);
	return fine;
}

static bool publish_bare(struct trunk *t, uint8_t flags)
{
	struct trunk_head h = { .flags = (uint8_t)(TRUNK_BARE | flags), .number = t->sent };
	return publish(t, &h, bytes_of(NULL));
}

static uint8_t take_probe(struct trunk *t)
{
	bool due = t->probe_due;
	t->probe_due = false;
	return due ? TRUNK_PROBE : 0;
}

static void drop_sent(struct trunk *t, size_t len)
{
	t->out_start += len;
	if (pending_len(t) == 0)
		buffer_free(&t->out);
	else if (t->out_start > t->out.len / 2)
		buffer_consume(&t->out, t->out_start);
	else
		return;
	t->out_start = 0;
}

static bool send_piece(struct trunk *t)
{
	size_t len = next_piece(t);
	struct trunk_head h = { .flags = t->probe_due ? TRUNK_PROBE : 0, .number = t->sent + 1 };
	/* The room first: a message that went and was not noted would go again, with more after it, and be taken for
	 * the one that came. */
	if (!buffer_reserve(&t->sizes, sizeof(uint32_t)) ||
	    !publish(t, &h, bytes_make(t->out.at + t->out_start, len)) || !buffer_put_u32(&t->sizes, (uint32_t)len))
		return false;
	take_probe(t);
	t->sent++;
	t->in_flight += len;
	drop_sent(t, len);
	t->owed = 0;
	t->answer_due = false;
	return true;
}

static bool has_more(const struct trunk *t)
{
	return pending_len(t) > 0 && t->in_flight < TRUNK_WINDOW;
}

/* False: the transport takes nothing more for now. Sends FLUSH_MOST at once, and the rest in its next turn: the other
 * trunks have theirs before. */
static bool flush(struct trunk *t)
{
	size_t sent = 0;
	if (t->refuse_due && !publish_bare(t, TRUNK_RESTART))
		return false;
	t->refuse_due = false;
	while (has_more(t) && sent < FLUSH_MOST) {
		const size_t before = t->in_flight;
		if (!send_piece(t))
			return false;
		sent += t->in_flight - before;
	}
	if (t->probe_due || t->answer_due || t->owed >= ACK_EVERY) {
		if (!publish_bare(t, t->probe_due ? TRUNK_PROBE : 0))
			return false;
		take_probe(t);
		t->owed = 0;
		t->answer_due = false;
	}
	return true;
}

static void make_all_dirty(struct trunk *list)
{
	for (struct trunk *t = list, *next; t; t = next) {
		next = t->next_dirty;
		t->dirty = false;
		make_dirty(t);
	}
}

static void on_retry(uv_timer_t *h);

static void flush_all(struct trunk_set *s)
{
	uv_idle_stop(&s->flush);
	s->flushed = s->appended;
	struct trunk *list = s->dirty, *again = NULL, *more = NULL;
	s->dirty = NULL;
	while (list) {
		struct trunk *t = list;
		list = t->next_dirty;
		t->dirty = false;
		if (t->fail_due) {
			lose(t, "out of memory, or too much waits", 0); /* others may be sent to from within */
			continue;
		}
		const bool taken = flush(t);
		if (taken && !has_more(t))
			continue;
		struct trunk **to = taken ? &more : &again;
		t->dirty = true; /* it is in a list already, should somebody send over it meanwhile */
		t->next_dirty = *to;
		*to = t;
	}
	if (again) {
		s->retrying = true;
		uv_timer_start(&s->retry, on_retry, RETRY_MS, 0);
	}
	make_all_dirty(again);
	make_all_dirty(more);
}

/* Under load each turn of the loop brings more, and a message costs the transport much more than a part of one does. */
static bool is_growing(struct trunk_set *s)
{
	const bool grew = s->appended != s->looked_at;
	s->looked_at = s->appended;
	return grew && s->appended - s->flushed < TRUNK_MESSAGE_MOST && uv_hrtime() - s->begun_at < FOLD_NS;
}

static void on_flush(uv_idle_t *h)
{
	struct trunk_set *s = h->data;
	if (!is_growing(s))
		flush_all(s);
}

/* ---- receiving ---- */

static void note_malformed(struct trunk_set *s)
{
	uint64_t now = now_ms(s);
	s->malformed++;
	if (s->logged_at && now - s->logged_at < LOG_EVERY_MS)
		return;
	s->logged_at = now ? now : 1;
	log_event(LOG_WARN, "trunk_message_malformed", NULL);
}

/* False: it acknowledges what was never sent. */
static bool take_ack(struct trunk *t, uint64_t acked)
{
	if (acked > t->sent)
		return false;
	size_t count = 0;
	for (; t->acked < acked; t->acked++, count++)
		t->in_flight -= bytes_get_u32(t->sizes.at + count * sizeof(uint32_t));
	buffer_consume(&t->sizes, count * sizeof(uint32_t));
	if (pending_len(t) > 0)
		make_dirty(t);
	return true;
}

/* Hands out the whole parts at the front. False: one makes no sense. */
static bool take_parts(struct trunk *t, struct bytes data, size_t *used)
{
	const uint64_t epoch = t->epoch;
	*used = 0;
	while (t->epoch == epoch) {
		struct trunk_part p;
		size_t step;
		switch (trunk_message_read_part(bytes_make(data.at + *used, data.len - *used), &p, &step)) {
		case TRUNK_READ_MORE:
			return true;
		case TRUNK_READ_BAD:
			return false;
		case TRUNK_READ_PART:
			break;
		}
		*used += step;
		if (!t->set->events.part(t->set->user, t, &p))
			return false;
	}
	return true;
}

static bool take_piece(struct trunk *t, struct bytes piece)
{
	size_t used;
	if (t->in.len == 0)
		return take_parts(t, piece, &used) &&
		       (used == piece.len || buffer_append(&t->in, piece.at + used, piece.len - used));
	if (!buffer_append_bytes(&t->in, piece))
		return false;
	/* The parts are borrowed: nobody may touch the bytes meanwhile. */
	struct buffer in = t->in;
	t->in = (struct buffer){ 0 };
	bool fine = take_parts(t, buffer_view(&in), &used);
	fine = fine && (used == in.len || buffer_append(&t->in, in.at + used, in.len - used));
	buffer_free(&in);
	return fine;
}

/* Whether the message is the next one; otherwise it was dealt with. */
static bool is_next(struct trunk *t, const struct trunk_head *h)
{
	const bool bare = h->flags & TRUNK_BARE;
	if (h->flags & TRUNK_RESTART) {
		if (h->to_epoch == t->epoch)
			start_over(t, "the other end missed a message");
		return false;
	}
	/* It is for an epoch of ours that is over: its sender has to learn that we started over. */
	if (h->to_epoch != 0 && h->to_epoch != t->epoch) {
		if (h->epoch == t->to_epoch)
			start_over(t, "the two ends do not agree on their beginning");
		refuse(t, h->epoch);
		return false;
	}
	if (h->epoch != t->to_epoch) {
		if (t->to_epoch != 0)
			start_over(t, "the other end started over");
		if (h->number != (bare ? 0 : 1) || (h->to_epoch != 0 && h->to_epoch != t->epoch)) {
			start_over(t, "its first message is missing");
			refuse(t, h->epoch);
			return false;
		}
		t->to_epoch = h->epoch;
		if (h->to_epoch != t->epoch) /* it may be waiting to hear of us */
			t->answer_due = true;
	}
	const uint64_t expected = t->received + !bare;
	if (h->number > expected) {
		start_over(t, "a message is missing");
		refuse(t, h->epoch);
	}
	return h->number == expected;
}

void trunk_receive(struct trunk_set *s, struct bytes message)
{
	struct trunk_head h;
	struct bytes piece;
	struct trunk *t = trunk_message_read(message, &h, &piece) ? trunk_to(s, h.sender) : NULL;
	if (!t) {
		note_malformed(s);
		return;
	}
	s->bytes += message.len;
	if (!is_next(t, &h))
		return;
	t->unanswered = 0;
	t->received = h.number;
	t->owed += piece.len;
	t->answer_due |= (h.flags & TRUNK_PROBE) != 0;
	if (t->answer_due || t->owed >= ACK_EVERY)
		make_dirty(t);
	const uint64_t epoch = t->epoch;
	bool fine = (h.to_epoch == 0 || take_ack(t, h.acked)) && take_piece(t, piece);
	if (!fine) {
		note_malformed(s);
		if (t->epoch == epoch) {
			start_over(t, "a message makes no sense");
			refuse(t, h.epoch);
		}
		return;
	}
	if (t->was_full && trunk_may_send(t)) {
		t->was_full = false;
		s->events.drained(s->user, t);
	}
}

/* ---- time ---- */

static void look_after(struct trunk *t, uint64_t now)
{
	struct trunk_set *s = t->set;
	bool due = t->sent > t->acked || pending_len(t) > 0 || s->events.waits(s->user, t);
	if (!due) {
		t->unanswered = 0;
		return;
	}
	if (now - t->probed_at < s->settings.probe_ms)
		return;
	/* Counted in probes and not in time: where this process stood still, answers lie there to be read. */
	if (t->unanswered * s->settings.probe_ms >= s->settings.silent_ms) {
		lose(t, "it does not answer", s->settings.silent_ms);
		return;
	}
	t->probed_at = now;
	t->unanswered++;
	t->probe_due = true;
	make_dirty(t);
}

static void on_tick(uv_timer_t *h)
{
	struct trunk_set *s = h->data;
	const uint64_t now = now_ms(s);
	for (struct trunk *t = s->trunks, *next; t; t = next) {
		next = t->hh.next;
		look_after(t, now);
		if (t->owed > 0) {
			t->answer_due = true;
			make_dirty(t);
		}
	}
}

static void on_retry(uv_timer_t *h)
{
	struct trunk_set *s = h->data;
	s->retrying = false;
	flush_all(s);
}

static void on_late(uv_timer_t *h)
{
	const struct trunk_set *s = h->data;
	for (struct trunk *t = s->trunks; t; t = t->hh.next)
		if (pending_len(t) > 0)
			make_dirty(t);
}

/* ---- the set ---- */

struct trunk_set *trunk_set_new(uv_loop_t *loop, const struct trunk_settings *settings,
				const struct trunk_events *events, void *user)
{
	struct trunk_set *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->settings = *settings;
	if (!s->settings.probe_ms)
		s->settings.probe_ms = TRUNK_PROBE_MS;
	if (!s->settings.silent_ms)
		s->settings.silent_ms = TRUNK_SILENT_MS;
	s->events = *events;
	s->user = user;
	uv_idle_init(loop, &s->flush);
	uv_timer_init(loop, &s->tick);
	uv_timer_init(loop, &s->retry);
	uv_timer_init(loop, &s->late);
	s->flush.data = s->tick.data = s->retry.data = s->late.data = s;
	s->open_handles = 4;
	uv_timer_start(&s->tick, on_tick, 0, s->settings.probe_ms / TICKS_A_PROBE);
	return s;
}

static void on_closed(uv_handle_t *h)
{
	struct trunk_set *s = h->data;
	if (--s->open_handles == 0)
		free(s);
}

static void trunk_free(struct trunk *t)
{
	buffer_free(&t->out);
	buffer_free(&t->in);
	buffer_free(&t->sizes);
	free(t);
}

void trunk_set_free(struct trunk_set *s)
{
	if (!s)
		return;
	for (struct trunk *d = s->trunks; d; d = d->hh.next)
		while (flush(d) && has_more(d))
			;
	struct trunk *t = s->trunks, *next;
	HASH_CLEAR(hh, s->trunks);
	for (; t; t = next) {
		next = t->hh.next;
		trunk_free(t);
	}
	s->dirty = NULL;
	uv_close((uv_handle_t *)&s->flush, on_closed);
	uv_close((uv_handle_t *)&s->tick, on_closed);
	uv_close((uv_handle_t *)&s->retry, on_closed);
	uv_close((uv_handle_t *)&s->late, on_closed);
}

uint64_t trunk_malformed(const struct trunk_set *s)
{
	return s->malformed;
}

uint64_t trunk_bytes(const struct trunk_set *s)
{
	return s->bytes;
}

struct trunk *trunk_to(struct trunk_set *s, const uint8_t node[TRUNK_NODE_LEN])
{
	struct trunk *t;
	HASH_FIND(hh, s->trunks, node, TRUNK_NODE_LEN, t);
	if (t || memcmp(node, s->settings.id, TRUNK_NODE_LEN) == 0 || HASH_COUNT(s->trunks) >= TRUNKS_MOST)
		return t;
	if (!(t = calloc(1, sizeof *t)))
		return NULL;
	t->set = s;
	memcpy(t->node, node, sizeof t->node);
	begin(t);
	HASH_ADD(hh, s->trunks, node, sizeof t->node, t);
	if (!t->hh.tbl) {
		free(t);
		return NULL;
	}
	return t;
}

bool trunk_forget(struct trunk *t)
{
	struct trunk_set *s = t->set;
	if (t->dirty || t->sent > t->acked || pending_len(t) > 0 || s->events.waits(s->user, t))
		return false;
	HASH_DEL(s->trunks, t);
	trunk_free(t);
	return true;
}

const uint8_t *trunk_node(const struct trunk *t)
{
	return t->node;
}

void trunk_set_data(struct trunk *t, void *data)
{
	t->data = data;
}

void *trunk_data(const struct trunk *t)
{
	return t->data;
}
