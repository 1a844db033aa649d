#include "relay/cluster/copies.h"

#include "relay/cluster/copy_message.h"
#include "shared/base/hex.h"
#include "shared/program/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define TICK_MS 100
#define ROWS_AT_ONCE 64
#define ACK_MS 3000
#define USELESS_TICKS 10 /* every how many ticks copies that are of no use are looked for */
#define CHECK_TICKS 50   /* after how many the stream is looked at, whether it is the same still */
#define DAY_MS 86400000
#define SUBJECT_LEN 96
#define JS_NO_SUCH_MESSAGE 10037 /* JetStream's numbers of what went wrong */
#define JS_NO_SUCH_STREAM 10059
#define MESSAGE_ID_LEN 80
#define MADE_LEN 64 /* when a stream was made, as NATS says it */

_Static_assert(COPY_PARTS_MOST == SPOOL_COPY_PARTS, "one limit of parts");

/* A sender that waits for the copy of its delivery. */
struct waiting {
	struct waiting *prev, *next; /* the oldest first */
	int64_t row;
	uint64_t since; /* loop ms */
	void (*done)(void *user, const struct error *e);
	void *user;
};

enum stream_state { STREAM_UNKNOWN, STREAM_ASKING, STREAM_OPEN };

struct copies {
	uv_loop_t *loop;
	struct bus *bus;
	struct kv *kv;
	struct spool *spool;
	struct copies_settings settings;
	struct copies_figures figures;
	enum stream_state stream;
	char made[MADE_LEN]; /* that stream: while it is open, or until the spool knows it */
	struct waiting *waiting;
	int64_t after;       /* the last row that was read, and is published or to be */
	bool reading, dirty; /* a read of the spool is under way; more may be there */
	bool looking, late, closing, tick_closed;
	bool noting;           /* which stream it is, in the spool */
	bool checking;         /* it is being looked at again */
	bool failed;           /* one could not be published: all that is not copied is read again */
	size_t publishing;     /* rows */
	size_t requests;       /* whose answers call back */
	struct buffer useless; /* sequences as u64 of copies to be deleted once the stream is the same still */
	unsigned ticks, unchecked;
	uv_timer_t tick;
	void (*closed)(void *user);
	void *closed_user;
};

/* A row whose parts are being published. */
struct row {
	struct copies *copies;
	struct spool_uncopied *what;
	size_t parts, answered;
	bool failed;
	uint64_t sequences[COPY_PARTS_MOST];
};

struct part {
	struct row *row;
	size_t number;
};

static void go_on(struct copies *c);
static void forget_stream(struct copies *c);
static void finish(struct copies *c);

/* ---- senders that wait ---- */

static void release(struct copies *c, struct waiting *w)
{
	void (*done)(void *user, const struct error *e) = w->done;
	void *user = w->user;
	DL_DELETE(c->waiting, w);
	free(w);
	done(user, NULL);
}

static void release_row(struct copies *c, int64_t row)
{
	for (struct waiting *w = c->waiting; w; w = w->next) {
		if (w->row == row) {
			release(c, w);
			return;
		}
	}
}

static void set_late(struct copies *c)
{
	if (!c->late)
		log_event(LOG_WARN, "copies_late", "text", "senders are answered without a second copy for now", NULL);
	c->late = true;
	while (c->waiting) {
		c->figures.late++;
		release(c, c->waiting);
	}
}

/* Committed here. */
static void on_put(void *user, int64_t row, void (*done)(void *user, const struct error *e), void *done_user)
{
	struct copies *c = user;
	struct waiting *w = c->late || c->closing ? NULL : malloc(sizeof *w);
	c->dirty = true;
	c->figures.pending++;
	if (w) {
		*w = (struct waiting){ .row = row, .since = uv_now(c->loop), .done = done, .user = done_user };
		DL_APPEND(c->waiting, w);
	} else {
		c->figures.late++;
		done(done_user, NULL);
	}
	go_on(c);
}

/* ---- publishing ---- */

/* The sequence that an acknowledgement gives; 0: it is none. */
static uint64_t sequence_of(enum bus_outcome outcome, const struct bus_message *m)
{
	json_t *answer = outcome == BUS_ANSWERED ? json_loadb((const char *)m->data.at, m->data.len, 0, NULL) : NULL;
	json_int_t seq = json_object_get(answer, "error") ? 0 : json_integer_value(json_object_get(answer, "seq"));
	json_decref(answer);
	return seq > 0 ? (uint64_t)seq : 0;
}

static void end_row(struct row *r)
{
	struct copies *c = r->copies;
	c->publishing--;
	if (r->failed) {
		c->failed = true;
	} else {
		spool_copied(c->spool, r->what, r->sequences, r->parts);
		c->figures.pending -= c->figures.pending > 0;
		if (c->late)
			log_event(LOG_INFO, "copies_in_time", NULL);
		c->late = false;
	}
	if (!r->failed)
		release_row(c, r->what->row);
	spool_uncopied_free(r->what);
	free(r);
}

static void on_acked(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct part p = *(struct part *)user;
	struct row *r = p.row;
	struct copies *c = r->copies;
	free(user);
	c->requests--;
	r->sequences[p.number] = sequence_of(outcome, m);
	r->failed |= r->sequences[p.number] == 0;
	if (outcome == BUS_NOBODY)
		forget_stream(c);
	if (++r->answered < r->parts)
		return;
	end_row(r);
	go_on(c);
}

static void describe(const struct spool_mailbox *m, const struct spool_uncopied *u, struct copy_message *out)
{
	*out = (struct copy_message){ .key_len = (uint8_t)m->key.len,
				      .options = m->options,
				      .features = m->features,
				      .random_name = m->random_name,
				      .sealed = u->sealed,
				      .seen_at_us = m->seen_at_us,
				      .received_at_us = u->received_at_us };
	snprintf(out->tunnel, sizeof out->tunnel, "%.*s", (int)m->tunnel.len, (const char *)m->tunnel.at);
	snprintf(out->owner, sizeof out->owner, "%.*s", (int)m->owner.len, (const char *)m->owner.at);
	if (m->key.len > 0)
		memcpy(out->key, m->key.at, m->key.len);
	memcpy(out->event_id, u->event_id, UUID_LEN);
}

static bool publish_part(struct row *r, struct copy_message *m, size_t number)
{
	struct copies *c = r->copies;
	struct part *p = malloc(sizeof *p);
	struct buffer b = { 0 };
	char subject[SUBJECT_LEN], id[MESSAGE_ID_LEN], node[2 * RECORD_NODE_ID_LEN + 1], event[2 * UUID_LEN + 1];
	size_t at = number * COPY_PART_LEN, left = r->what->payload.len - at;
	m->part = (uint16_t)number;
	m->parts = (uint16_t)r->parts;
	m->payload = bytes_make(r->what->payload.at + at, left < COPY_PART_LEN ? left : COPY_PART_LEN);
	hex_write(node, c->settings.node, sizeof c->settings.node);
	hex_write(event, m->event_id, UUID_LEN);
	snprintf(subject, sizeof subject, COPIES_PREFIX "%s.%lld", node, (long long)r->what->mailbox);
	/* A client that shares a tunnel gets the same event. */
	snprintf(id, sizeof id, "%s.%.8s.%lld.%zu", event, node, (long long)r->what->mailbox, number);
	struct bus_post post = { .subject = subject, .header = "Nats-Msg-Id", .header_value = id, .bulk = true };
	bool fine = p && copy_message_put(&b, m);
	post.data = buffer_view(&b);
	if (p)
		*p = (struct part){ r, number };
	fine = fine && bus_request(c->bus, &post, ACK_MS, on_acked, p);
	c->requests += fine;
	if (!fine)
		free(p);
	buffer_free(&b);
	return fine;
}

/* Takes it. */
static void publish(struct copies *c, struct spool_uncopied *u)
{
	const struct spool_mailbox *m = spool_find_mailbox(c->spool, u->mailbox);
	size_t parts = u->payload.len / COPY_PART_LEN + 1;
	struct row *r = m && parts <= COPY_PARTS_MOST ? calloc(1, sizeof *r) : NULL;
	struct copy_message message;
	if (!r) { /* of a client that left, or larger than is copied */
		release_row(c, u->row);
		spool_uncopied_free(u);
		return;
	}
	*r = (struct row){ .copies = c, .what = u, .parts = parts };
	c->publishing++;
	describe(m, u, &message);
	for (size_t i = 0; i < parts; i++) {
		if (publish_part(r, &message, i))
			continue;
		r->failed = true;
		r->answered++;
	}
	if (r->answered == parts) /* none is under way */
		end_row(r);
}

static void on_read(void *user, struct spool_uncopied *list, const struct error *e)
{
	struct copies *c = user;
	size_t count = 0;
	c->reading = false;
	while (list) {
		struct spool_uncopied *u = list;
		list = u->next;
		u->next = NULL;
		c->after = u->row;
		count++;
		if (c->closing)
			spool_uncopied_free(u);
		else
			publish(c, u);
	}
	c->dirty |= count > 0;
	/* What was forgotten before it was copied is not counted off one by one. */
	if (!e && !c->dirty && !c->failed && c->publishing == 0)
		c->figures.pending = 0;
	go_on(c);
	finish(c);
}

/* ---- the stream ---- */

/* It may have been removed, or the servers may have lost what they kept: it is asked for again. */
static void forget_stream(struct copies *c)
{
	if (c->stream == STREAM_OPEN)
		c->stream = STREAM_UNKNOWN;
}

static void on_noted(void *user, bool is_another, const struct error *e)
{
	struct copies *c = user;
	c->noting = false;
	c->stream = e ? STREAM_UNKNOWN : STREAM_OPEN;
	if (is_another) {
		log_event(LOG_WARN, "copies_lost", "text", "the stream of copies is another: what waits is copied anew",
			  NULL);
		c->figures.pending = spool_total(c->spool).count;
		c->after = 0;
		c->dirty = true;
	}
	go_on(c);
	finish(c);
}

/* When it was made tells it from one before it, whose sequences mean nothing in this one. */
static void take_stream(struct copies *c, const json_t *answer)
{
	const char *made = json_string_value(json_object_get(answer, "created"));
	c->stream = STREAM_UNKNOWN;
	if (!made || c->closing)
		return;
	snprintf(c->made, sizeof c->made, "%s", made);
	c->stream = STREAM_ASKING;
	c->noting = true;
	spool_copied_in(c->spool, made, on_noted, c);
}

static json_t *read_answer(struct copies *c, enum bus_outcome outcome, const struct bus_message *m, long long *code)
{
	json_t *answer = outcome == BUS_ANSWERED ? json_loadb((const char *)m->data.at, m->data.len, 0, NULL) : NULL;
	c->requests--;
	*code = json_integer_value(json_object_get(json_object_get(answer, "error"), "err_code"));
	return answer;
}

static void on_made(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	long long code;
	json_t *answer = read_answer(user, outcome, m, &code);
	take_stream(user, answer);
	json_decref(answer);
}

static bool make_stream(struct copies *c)
{
	json_t *config =
	    json_pack("{s:s, s:[s], s:s, s:s, s:s, s:i, s:I}", "name", COPIES_STREAM, "subjects", COPIES_PREFIX "*.*",
		      "storage", "file", "retention", "limits", "discard", "new", "num_replicas",
		      (int)c->settings.replicas, "max_age", (json_int_t)(c->settings.max_age_ms + DAY_MS) * 1000000);
	char *text = config ? json_dumps(config, JSON_COMPACT) : NULL;
	const struct bus_post post = { .subject = "$JS.API.STREAM.CREATE." COPIES_STREAM,
				       .data = bytes_of(text ? text : "") };
	const bool fine = text && bus_request(c->bus, &post, ACK_MS, on_made, c);
	c->requests += fine;
	free(text);
	json_decref(config);
	return fine;
}

static void on_info(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct copies *c = user;
	long long code;
	json_t *answer = read_answer(c, outcome, m, &code);
	/* One that another node's options made, with other settings, is as good. */
	if (code != JS_NO_SUCH_STREAM || c->closing)
		take_stream(c, answer);
	else if (!make_stream(c))
		c->stream = STREAM_UNKNOWN;
	json_decref(answer);
}

static bool ask_info(struct copies *c,
		     void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m))
{
	const struct bus_post post = { .subject = "$JS.API.STREAM.INFO." COPIES_STREAM };
	const bool fine = bus_request(c->bus, &post, ACK_MS, answered, c);
	c->requests += fine;
	return fine;
}

static void ask_for_stream(struct copies *c)
{
	if (ask_info(c, on_info))
		c->stream = STREAM_ASKING;
}

/* ---- copies that are of no use any more ---- */

struct gone {
	struct copies *copies;
	uint64_t sequence;
};

static void on_deleted(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct gone g = *(struct gone *)user;
	json_t *answer = outcome == BUS_ANSWERED ? json_loadb((const char *)m->data.at, m->data.len, 0, NULL) : NULL;
	json_t *error = json_object_get(answer, "error");
	free(user);
	g.copies->requests--;
	/* Where it is not there any more, NATS answers with the number of its store's errors. */
	if (answer && !g.copies->closing &&
	    (!error || json_integer_value(json_object_get(error, "code")) < 500 ||
	     json_integer_value(json_object_get(error, "err_code")) == JS_NO_SUCH_MESSAGE ||
	     json_integer_value(json_object_get(error, "err_code")) == 10057))
		spool_copy_gone(g.copies->spool, g.sequence);
	json_decref(answer);
}

static void delete_copy(struct copies *c, uint64_t sequence)
{
	struct gone *g = malloc(sizeof *g);
	char text[64];
	snprintf(text, sizeof text, "{\"seq\":%llu,\"no_erase\":true}", (unsigned long long)sequence);
	const struct bus_post post = { .subject = "$JS.API.STREAM.MSG.DELETE." COPIES_STREAM, .data = bytes_of(text) };
	if (g)
		*g = (struct gone){ c, sequence };
	if (g && bus_request(c->bus, &post, ACK_MS, on_deleted, g))
		c->requests++;
	else
		free(g);
}

/* ---- whether the stream is the same still ---- */

static void delete_useless(struct copies *c)
{
	for (size_t at = 0; at < c->useless.len; at += sizeof(uint64_t))
		delete_copy(c, bytes_get_u64(c->useless.at + at));
}

static void on_checked(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct copies *c = user;
	long long code;
	json_t *answer = read_answer(c, outcome, m, &code);
	const char *made = json_string_value(json_object_get(answer, "created"));
	c->checking = false;
	if (code == JS_NO_SUCH_STREAM || (made && strcmp(made, c->made) != 0))
		forget_stream(c);
	else if (made && c->stream == STREAM_OPEN && !c->closing)
		delete_useless(c);
	c->useless.len = 0; /* without an answer they are found again */
	json_decref(answer);
}

/* Another node may have made it again, after somebody removed it. What is copied is then copied no more, without a word
 * to a node that publishes nothing, and the same sequences are of other copies. */
static void check_stream(struct copies *c)
{
	if (c->checking)
		return;
	c->unchecked = 0;
	c->checking = ask_info(c, on_checked);
}

static void on_useless(void *user, const uint64_t *sequences, size_t count)
{
	struct copies *c = user;
	c->looking = false;
	for (size_t i = 0; i < count && !c->closing; i++)
		if (!buffer_put_u64(&c->useless, sequences[i]))
			break;
	if (c->useless.len > 0 && !c->closing)
		check_stream(c);
	finish(c);
}

/* ---- the whole ---- */

static void go_on(struct copies *c)
{
	if (c->closing || !kv_is_open(c->kv))
		return;
	if (c->stream != STREAM_OPEN || c->reading || c->publishing > 0)
		return;
	/* After a failure it is the tick that tries again: NATS fails at once while a leader is elected. */
	if (!c->dirty || c->failed)
		return;
	c->dirty = false;
	c->reading = true;
	spool_uncopied(c->spool, c->after, ROWS_AT_ONCE, on_read, c);
}

static void on_tick(uv_timer_t *h)
{
	struct copies *c = h->data;
	uint64_t now = uv_now(c->loop);
	if (c->waiting && now - c->waiting->since >= COPIES_LATE_MS)
		set_late(c);
	if (c->failed && c->publishing == 0 && !c->reading) {
		c->failed = false;
		c->dirty = true;
		c->after = 0;
	}
	/* Here alone, so that servers which refuse it are not asked without a pause. */
	if (!kv_is_open(c->kv))
		forget_stream(c);
	else if (c->stream == STREAM_UNKNOWN)
		ask_for_stream(c);
	else if (c->stream == STREAM_OPEN && ++c->unchecked >= CHECK_TICKS)
		check_stream(c);
	if (c->stream == STREAM_OPEN && kv_is_open(c->kv) && !c->looking && !c->checking && c->requests == 0 &&
	    ++c->ticks % USELESS_TICKS == 0) {
		c->useless.len = 0;
		c->looking = true;
		spool_useless_copies(c->spool, on_useless, c);
	}
	go_on(c);
}

struct copies *copies_new(uv_loop_t *loop, struct bus *bus, struct kv *kv, struct spool *spool,
			  const struct copies_settings *settings)
{
	struct copies *c = calloc(1, sizeof *c);
	if (!c || !spool_begin_copies(spool, on_put, c)) {
		free(c);
		return NULL;
	}
	c->loop = loop;
	c->bus = bus;
	c->kv = kv;
	c->spool = spool;
	c->settings = *settings;
	c->dirty = true;
	uv_timer_init(loop, &c->tick);
	c->tick.data = c;
	uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS);
	return c;
}

struct copies_figures copies_figures(const struct copies *c)
{
	return c->figures;
}

/* Frees it once nothing will call back any more. */
static void finish(struct copies *c)
{
	if (!c->tick_closed || c->reading || c->looking || c->noting)
		return;
	void (*closed)(void *user) = c->closed;
	void *user = c->closed_user;
	buffer_free(&c->useless);
	free(c);
	if (closed)
		closed(user);
}

static void on_closed(uv_handle_t *h)
{
	struct copies *c = h->data;
	c->tick_closed = true;
	finish(c);
}

void copies_close(struct copies *c, void (*closed)(void *user), void *user)
{
	c->closing = true;
	c->closed = closed;
	c->closed_user = user;
	spool_end_copies(c->spool);
	while (c->waiting)
		release(c, c->waiting);
	uv_close((uv_handle_t *)&c->tick, on_closed);
}
