#include "relay/cluster/adoption.h"

#include "relay/cluster/copies.h"
#include "relay/cluster/nodes.h"
#include "shared/base/hex.h"
#include "shared/program/log.h"
#include "shared/text/base64.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TICK_MS 1000
#define READ_MS 3000
#define AGAIN_MS 60000 /* copies of its last moments, or another adopter that is gone too */
#define EARLY_MS 5000  /* the first try after one that brought nothing; each further one waits twice as long */
#define PARTIAL_MOST 16
#define AHEAD_MOST 16 /* largest parts of that many fit into what the bus keeps of incoming messages */
#define PUTTING_MOST 64
#define PUTTING_BYTES (16u << 20)
#define JS_NO_SUCH_MESSAGE 10037
#define HEX_ID_LEN ((size_t)2 * RECORD_NODE_ID_LEN)

/* A node that is gone. While copies are read, those read before are put into the spool, so that one transaction takes
 * many.
 *
 *    WAITING ─▶ CLAIMING ─▶ READING ⇄ FULL  as many are being put as may be
 *     ▲  ▲         │           │
 *     │  └─────────┘           │            another has it
 *     └──── SETTLING ◀─────────┘            there is no more, a put failed, or NATS is away: the last puts end
 */
enum stage { STAGE_WAITING, STAGE_CLAIMING, STAGE_READING, STAGE_FULL, STAGE_SETTLING };

/* Parts of a payload that have come, with their places in the stream. */
struct partial {
	struct partial *next;
	struct gone *node;
	struct copy_message of;
	struct buffer payload;
	uint64_t sequences[COPY_PARTS_MOST];
	size_t count;
};

/* What the stream has at one of the sequences after a copy: often that node's next. */
struct ahead {
	struct gone *node;
	json_t *answer; /* NULL: none */
};

struct gone {
	struct gone *prev, *next;
	struct adoption *all;
	uint8_t id[RECORD_NODE_ID_LEN];
	char hex[HEX_ID_LEN + 1];
	enum stage stage;
	uint8_t adopter[RECORD_NODE_ID_LEN]; /* who had claimed it at the last look; zeros: nobody */
	bool back;                           /* it is there again: to be forgotten */
	uint64_t due;                        /* loop ms, in WAITING */
	uint64_t next_sequence;
	uint64_t count;    /* put since it was claimed */
	uint64_t again_ms; /* how long to wait after a try that brought nothing */
	size_t putting, putting_bytes;
	bool failed, emptied; /* a put since it was claimed; the stream has no more */
	bool untold;          /* some of it was put since the last time it was over */
	struct partial *partials;
	struct ahead ahead[AHEAD_MOST]; /* from next_sequence on */
	size_t ahead_count, ahead_unanswered;
	size_t ahead_width; /* how many to ask for: more where most were that node's, fewer where few were */
};

struct adoption {
	uv_loop_t *loop;
	struct bus *bus;
	struct kv *kv;
	struct spool *spool;
	struct adoption_settings settings;
	struct adoption_events events;
	void *user;
	struct gone *list;
	uint64_t count, malformed;
	bool closing, tick_closed;
	uv_timer_t tick;
	void (*closed)(void *user);
	void *closed_user;
};

static void read_next(struct gone *g);
static void finish(struct adoption *a);

static void free_partial(struct partial *p)
{
	buffer_free(&p->payload);
	free(p);
}

static void forget(struct gone *g)
{
	while (g->partials) {
		struct partial *p = g->partials;
		g->partials = p->next;
		free_partial(p);
	}
	for (size_t i = 0; i < AHEAD_MOST; i++)
		json_decref(g->ahead[i].answer);
	DL_DELETE(g->all->list, g); /* NOLINT(clang-analyzer-core.NullDereference) */
	free(g);
}

static void rest(struct gone *g, uint64_t ms)
{
	g->stage = STAGE_WAITING;
	g->due = uv_now(g->all->loop) + ms;
	if (g->back)
		forget(g);
}

/* A server that has lost its leader may know of no copies for a moment, and a disk may be full for one. */
static uint64_t longer_each_time(struct gone *g)
{
	uint64_t ms = g->again_ms ? g->again_ms : EARLY_MS;
	g->again_ms = 2 * ms < AGAIN_MS ? 2 * ms : AGAIN_MS;
	return ms;
}

static void settled(struct gone *g)
{
	struct adoption *a = g->all;
	if (g->count > 0)
		g->again_ms = 0;
	if (g->emptied && !g->failed && g->untold) {
		g->untold = false;
		log_event(LOG_INFO, "node_adopted", "node", g->hex, NULL);
		a->events.over(a->user, g->id);
		rest(g, AGAIN_MS);
	} else {
		rest(g, g->failed || g->emptied ? longer_each_time(g) : TICK_MS);
	}
}

/* Nothing more is read. */
static void settle(struct gone *g)
{
	g->stage = STAGE_SETTLING;
	if (g->putting == 0)
		settled(g);
}

static bool is_full(const struct gone *g)
{
	return g->putting >= PUTTING_MOST || g->putting_bytes >= PUTTING_BYTES;
}

/* ---- taking over ---- */

static void delete_copies(struct adoption *a, const struct partial *p)
{
	char text[64];
	for (size_t i = 0; i < p->of.parts; i++) {
		snprintf(text, sizeof text, "{\"seq\":%llu,\"no_erase\":true}", (unsigned long long)p->sequences[i]);
		/* A copy that stays is adopted once more, and the spool keeps one of the two. */
		if (!bus_publish(a->bus, &(struct bus_post){ .subject = "$JS.API.STREAM.MSG.DELETE." COPIES_STREAM,
							     .data = bytes_of(text) }))
			return;
	}
}

static void on_put(void *user, const struct error *e)
{
	struct partial *p = user;
	struct gone *g = p->node;
	struct adoption *a = g->all;
	g->putting--;
	g->putting_bytes -= p->payload.len;
	g->failed |= e != NULL;
	if (!e && !a->closing) {
		g->count++;
		a->count++;
		delete_copies(a, p);
		g->untold = true;
		a->events.put(a->user, g->id, &p->of, p->payload.len);
	}
	free_partial(p);
	if (a->closing)
		finish(a);
	else if (g->stage == STAGE_FULL && !is_full(g))
		read_next(g);
	else if (g->stage == STAGE_SETTLING && g->putting == 0)
		settled(g);
}

/* Its parts are all here. */
static void put(struct gone *g, struct partial *p)
{
	struct adoption *a = g->all;
	int64_t mailbox = a->events.mailbox(a->user, &p->of);
	struct spool_item item = { .received_at_us = p->of.received_at_us,
				   .payload = buffer_view(&p->payload),
				   .is_sealed = p->of.sealed };
	memcpy(item.event_id, p->of.event_id, UUID_LEN);
	p->node = g;
	g->putting++;
	g->putting_bytes += p->payload.len;
	spool_put(a->spool, mailbox, &item, on_put, p);
}

static bool is_of(const struct partial *p, const struct copy_message *m)
{
	return memcmp(p->of.event_id, m->event_id, UUID_LEN) == 0 && p->of.parts == m->parts &&
	       p->of.key_len == m->key_len && memcmp(p->of.key, m->key, m->key_len) == 0 &&
	       strcmp(p->of.tunnel, m->tunnel) == 0;
}

/* Parts of one delivery come in order, between those of others. NULL: it makes no sense, or more is to come. */
static struct partial *take_part(struct gone *g, const struct copy_message *m, uint64_t sequence)
{
	struct partial *p = NULL, *at;
	size_t count = 0;
	LL_FOREACH(g->partials, at)
	{
		count++;
		if (is_of(at, m))
			p = at;
	}
	if (!p) {
		if (m->part != 0 || count >= PARTIAL_MOST || !(p = calloc(1, sizeof *p)))
			return NULL;
		p->of = *m;
		LL_PREPEND(g->partials, p);
	}
	if (m->part != p->count || !buffer_append_bytes(&p->payload, m->payload)) {
		if (m->part >= p->count) { /* one is missing; a repetition is passed over */
			LL_DELETE(g->partials, p);
			free_partial(p);
		}
		return NULL;
	}
	p->sequences[p->count++] = sequence;
	if (p->count < m->parts)
		return NULL;
	LL_DELETE(g->partials, p);
	return p;
}

/* ---- reading ---- */

static long long code_of(const json_t *answer)
{
	return json_integer_value(json_object_get(json_object_get(answer, "error"), "err_code"));
}

static json_t *read_answer(enum bus_outcome outcome, const struct bus_message *m)
{
	return outcome == BUS_ANSWERED ? json_loadb((const char *)m->data.at, m->data.len, 0, NULL) : NULL;
}

/* A message of the stream that is a copy of that node's. */
static void take(struct gone *g, const json_t *message, uint64_t sequence)
{
	const json_t *text = json_object_get(message, "data");
	struct copy_message copy;
	struct buffer data = { 0 };
	bool fine = text && base64_decode(&data, bytes_make(json_string_value(text), json_string_length(text))) &&
		    copy_message_read(buffer_view(&data), &copy);
	struct partial *p = fine ? take_part(g, &copy, sequence) : NULL;
	g->all->malformed += !fine;
	buffer_free(&data);
	if (p)
		put(g, p);
}

static bool is_of_node(const struct gone *g, const json_t *message)
{
	char prefix[sizeof COPIES_PREFIX + HEX_ID_LEN + 1];
	const char *subject = json_string_value(json_object_get(message, "subject"));
	int len = snprintf(prefix, sizeof prefix, COPIES_PREFIX "%s.", g->hex);
	return subject && strncmp(subject, prefix, (size_t)len) == 0;
}

/* In the stream's order, up to one that was not answered. */
static void take_ahead(struct gone *g)
{
	size_t own = 0;
	for (size_t i = 0; i < g->ahead_count; i++) {
		const json_t *answer = g->ahead[i].answer, *message = json_object_get(answer, "message");
		if (!message && code_of(answer) != JS_NO_SUCH_MESSAGE)
			break;
		if (is_of_node(g, message)) {
			own++;
			take(g, message, g->next_sequence);
		}
		g->next_sequence++;
	}
	for (size_t i = 0; i < g->ahead_count; i++) {
		json_decref(g->ahead[i].answer);
		g->ahead[i].answer = NULL;
	}
	if (own >= (g->ahead_count + 1) / 2)
		g->ahead_width = 2 * g->ahead_width < AHEAD_MOST ? 2 * g->ahead_width : AHEAD_MOST;
	else
		g->ahead_width = g->ahead_width > 1 ? g->ahead_width / 2 : 1;
	read_next(g);
}

static void on_ahead(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct ahead *one = user;
	struct gone *g = one->node;
	if (g->all->closing)
		return;
	one->answer = read_answer(outcome, m);
	if (--g->ahead_unanswered == 0)
		take_ahead(g);
}

/* False: nothing was asked. */
static bool ask_ahead(struct gone *g)
{
	char text[64];
	if (g->back || g->failed || is_full(g))
		return false;
	for (g->ahead_count = 0; g->ahead_count < g->ahead_width; g->ahead_count++) {
		unsigned long long sequence = g->next_sequence + g->ahead_count;
		snprintf(text, sizeof text, "{\"seq\":%llu}", sequence);
		const struct bus_post post = { .subject = "$JS.API.STREAM.MSG.GET." COPIES_STREAM,
					       .data = bytes_of(text) };
		g->ahead[g->ahead_count] = (struct ahead){ .node = g };
		if (!bus_request(g->all->bus, &post, READ_MS, on_ahead, &g->ahead[g->ahead_count]))
			break;
	}
	g->ahead_unanswered = g->ahead_count;
	return g->ahead_count > 0;
}

static void on_message(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct gone *g = user;
	if (g->all->closing)
		return;
	json_t *answer = read_answer(outcome, m);
	const json_t *message = json_object_get(answer, "message");
	json_int_t sequence = json_integer_value(json_object_get(message, "seq"));
	if (sequence <= 0) {
		g->emptied = code_of(answer) == JS_NO_SUCH_MESSAGE;
		json_decref(answer);
		settle(g);
		return;
	}
	take(g, message, (uint64_t)sequence);
	json_decref(answer);
	g->next_sequence = (uint64_t)sequence + 1;
	if (!ask_ahead(g))
		read_next(g);
}

static void read_next(struct gone *g)
{
	char text[160];
	if (g->back || g->failed) {
		settle(g);
		return;
	}
	if (is_full(g)) {
		g->stage = STAGE_FULL;
		return;
	}
	snprintf(text, sizeof text, "{\"seq\":%llu,\"next_by_subj\":\"" COPIES_PREFIX "%s.*\"}",
		 (unsigned long long)g->next_sequence, g->hex);
	const struct bus_post post = { .subject = "$JS.API.STREAM.MSG.GET." COPIES_STREAM, .data = bytes_of(text) };
	g->stage = STAGE_READING;
	if (!bus_request(g->all->bus, &post, READ_MS, on_message, g))
		settle(g);
}

/* ---- claiming ---- */

static void begin_reading(struct gone *g)
{
	g->next_sequence = 1;
	g->count = 0;
	g->failed = g->emptied = false;
	g->ahead_width = 1;
	read_next(g);
}

static void on_claimed(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct gone *g = user;
	(void)value;
	(void)revision;
	if (g->all->closing)
		return;
	if (outcome == KV_DONE)
		begin_reading(g);
	else
		rest(g, TICK_MS);
}

static void on_claim(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct gone *g = user;
	struct adoption *a = g->all;
	char key[KV_KEY_LEN];
	if (a->closing)
		return;
	bool whole = outcome == KV_DONE && value.len == RECORD_NODE_ID_LEN;
	bool own = whole && memcmp(value.at, a->settings.node, RECORD_NODE_ID_LEN) == 0;
	if (own) {
		begin_reading(g);
		return;
	}
	memset(g->adopter, 0, sizeof g->adopter);
	if (whole)
		memcpy(g->adopter, value.at, sizeof g->adopter);
	snprintf(key, sizeof key, "adopt.%s", g->hex);
	if ((outcome != KV_DONE && outcome != KV_NONE) || (whole && a->events.is_there(a->user, value.at)) ||
	    !kv_write_if(a->kv, key, bytes_make(a->settings.node, RECORD_NODE_ID_LEN), revision, on_claimed, g))
		rest(g, whole ? AGAIN_MS : TICK_MS);
}

static void claim(struct gone *g)
{
	char key[KV_KEY_LEN];
	snprintf(key, sizeof key, "adopt.%s", g->hex);
	g->stage = STAGE_CLAIMING;
	if (!kv_read(g->all->kv, key, on_claim, g))
		rest(g, TICK_MS);
}

/* ---- the whole ---- */

static void on_tick(uv_timer_t *h)
{
	struct adoption *a = h->data;
	uint64_t now = uv_now(a->loop);
	for (struct gone *g = kv_is_open(a->kv) ? a->list : NULL, *next; g; g = next) {
		next = g->next;
		if (g->stage == STAGE_WAITING && now >= g->due)
			claim(g);
	}
}

static struct gone *find(const struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN])
{
	for (struct gone *g = a->list; g; g = g->next)
		if (memcmp(g->id, id, sizeof g->id) == 0)
			return g;
	return NULL;
}

/* What that node had claimed is to be claimed anew. */
static void free_claims(struct adoption *a, const uint8_t adopter[RECORD_NODE_ID_LEN])
{
	for (struct gone *g = a->list; g; g = g->next)
		if (g->stage == STAGE_WAITING && memcmp(g->adopter, adopter, sizeof g->adopter) == 0)
			g->due = 0;
}

void adoption_gone(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN])
{
	free_claims(a, id);
	struct gone *g = find(a, id);
	if (g) {
		g->back = false;
		return;
	}
	if (!(g = calloc(1, sizeof *g)))
		return;
	g->all = a;
	memcpy(g->id, id, sizeof g->id);
	hex_write(g->hex, id, RECORD_NODE_ID_LEN);
	/* It has been silent for that long already. */
	const uint64_t after = a->settings.after_ms;
	g->due = uv_now(a->loop) + (after > NODES_GONE_MS ? after - NODES_GONE_MS : 0);
	DL_APPEND(a->list, g);
}

void adoption_came(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN])
{
	struct gone *g = find(a, id);
	if (!g)
		return;
	g->back = true;
	if (g->stage == STAGE_WAITING)
		forget(g);
}

void adoption_past(struct adoption *a, const uint8_t id[RECORD_NODE_ID_LEN])
{
	char hex[2 * RECORD_NODE_ID_LEN + 1], key[KV_KEY_LEN];
	hex_write(hex, id, RECORD_NODE_ID_LEN);
	snprintf(key, sizeof key, "adopt.%s", hex);
	kv_remove(a->kv, key, INT64_MAX - 1);
	adoption_came(a, id);
}

struct adoption *adoption_new(uv_loop_t *loop, struct bus *bus, struct kv *kv, struct spool *spool,
			      const struct adoption_settings *settings, const struct adoption_events *events,
			      void *user)
{
	struct adoption *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->loop = loop;
	a->bus = bus;
	a->kv = kv;
	a->spool = spool;
	a->settings = *settings;
	a->events = *events;
	a->user = user;
	uv_timer_init(loop, &a->tick);
	a->tick.data = a;
	uv_timer_start(&a->tick, on_tick, TICK_MS, TICK_MS);
	return a;
}

uint64_t adoption_count(const struct adoption *a)
{
	return a->count;
}

uint64_t adoption_malformed(const struct adoption *a)
{
	return a->malformed;
}

/* Frees it once nothing will call back any more. */
static void finish(struct adoption *a)
{
	void (*closed)(void *user) = a->closed;
	void *user = a->closed_user;
	for (const struct gone *g = a->list; g; g = g->next)
		if (g->putting > 0)
			return;
	if (!a->tick_closed)
		return;
	for (struct gone *g = a->list, *next; g; g = next) {
		next = g->next;
		forget(g); /* NOLINT(clang-analyzer-unix.Malloc) */
	}
	free(a);
	if (closed)
		closed(user);
}

static void on_closed(uv_handle_t *h)
{
	struct adoption *a = h->data;
	a->tick_closed = true;
	finish(a);
}

void adoption_close(struct adoption *a, void (*closed)(void *user), void *user)
{
	a->closing = true;
	a->closed = closed;
	a->closed_user = user;
	uv_close((uv_handle_t *)&a->tick, on_closed);
}
