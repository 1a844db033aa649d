#include "relay/bus/kv.h"

#include "shared/text/base64.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define LOOK_MS 1000
#define REFUSED_MOST 10 /* in a row, a look each: servers that start are not all there at once */
#define CONSUMER_LEN 64
#define EXPECTED_SEQUENCE "Nats-Expected-Last-Subject-Sequence"

/* JetStream's own numbers of what went wrong (server/errors.json of nats-server). */
#define JS_NO_SUCH_STREAM 10059
#define JS_NO_SUCH_MESSAGE 10037
#define JS_WRONG_SEQUENCE 10071
#define JS_NOT_CLUSTERED 10074
#define JS_NO_PEERS 10005
#define JS_NOT_ENABLED 10076
#define JS_NOT_ENABLED_FOR_ACCOUNT 10039
#define JS_NO_PLACE 10023

enum kv_state {
	KV_STATE_AWAY,    /* the bus is not connected */
	KV_STATE_ASKING,  /* whether the bucket is there, or making it */
	KV_STATE_OPEN,    /* it is */
	KV_STATE_REFUSED, /* for good */
};

struct kv_watch {
	struct kv *kv;
	struct kv_watch *next;
	const char *prefix;
	char consumer[CONSUMER_LEN]; /* "": none yet */
	bool asking, reading;        /* what there is was not all reported yet */
	uint64_t number;             /* of the reading that goes on, or was the last; 0: none */
	uint64_t delivered;          /* in this reading */
	uint64_t heard_at;           /* loop ms */
	uint64_t again_ms, began_at; /* loop ms */
	void (*record)(void *user, const char *key, struct bytes value, uint64_t revision);
	void (*read)(void *user, bool whole);
	void *user;
};

struct kv {
	struct bus *bus;
	struct kv_settings settings;
	struct kv_events events;
	void *user;
	enum kv_state state;
	bool opened, request_out, closing;
	unsigned refused_count;
	uint64_t answered_at; /* loop ms: when JetStream said something, or the bus connected */
	struct kv_watch *watches;
	uint64_t readings; /* begun by any watch */
	uv_timer_t look;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- asking ---- */

static bool ask(struct kv *k, const char *subject, struct bytes data, uint64_t most_ms,
		void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m), void *user)
{
	return bus_request(k->bus, &(struct bus_post){ .subject = subject, .data = data }, most_ms, answered, user);
}

/* The answer as JSON; NULL where there is none. *code: of the error in it, 0 without. */
static json_t *take_answer(struct kv *k, enum bus_outcome outcome, const struct bus_message *m, long long *code)
{
	uint64_t now = uv_now(k->look.loop);
	json_t *answer = NULL;
	*code = outcome == BUS_NOBODY ? JS_NOT_ENABLED : 0;
	if (outcome == BUS_ANSWERED) {
		k->answered_at = now;
		answer = json_loadb((const char *)m->data.at, m->data.len, 0, NULL);
	} else if (outcome == BUS_TIMED_OUT && !k->closing && now - k->answered_at >= KV_ANSWER_MS) {
		/* The server may be cut off from the others, and its connection to us is as good as ever. */
		k->answered_at = now;
		bus_move_on(k->bus);
	}
	*code = answer ? json_integer_value(json_object_get(json_object_get(answer, "error"), "err_code")) : *code;
	/* Somebody removed it, or the servers lost what they kept: it is made again. */
	if (*code == JS_NO_SUCH_STREAM && k->state == KV_STATE_OPEN)
		k->state = KV_STATE_ASKING;
	return answer;
}

static void stream_subject(const struct kv *k, const char *what, char out[BUS_SUBJECT_LEN + 1])
{
	snprintf(out, BUS_SUBJECT_LEN + 1, "$JS.API.%s.KV_%s", what, k->settings.bucket);
}

/* The document is freed. */
static bool ask_json(struct kv *k, const char *what, json_t *document, uint64_t most_ms,
		     void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m), void *user)
{
	char subject[BUS_SUBJECT_LEN + 1];
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	stream_subject(k, what, subject);
	bool fine = text && ask(k, subject, bytes_of(text), most_ms, answered, user);
	free(text);
	json_decref(document);
	return fine;
}

/* ---- the bucket ---- */

static void refuse(struct kv *k, const char *why)
{
	if (!k->opened)
		k->state = KV_STATE_REFUSED;
	k->refused_count = 0;
	k->events.refused(k->user, why);
}

static void begin_watch(struct kv_watch *w);

static void set_open(struct kv *k)
{
	k->state = KV_STATE_OPEN;
	k->opened = true;
	k->events.opened(k->user);
	for (struct kv_watch *w = k->watches; w; w = w->next)
		begin_watch(w);
}

/* Why the bucket cannot be; NULL: not as far as this answer says. */
static const char *reason(long long code)
{
	switch (code) {
	case JS_NOT_ENABLED:
	case JS_NOT_ENABLED_FOR_ACCOUNT:
		return "JetStream is off on the NATS servers, or for this account";
	case JS_NOT_CLUSTERED:
	case JS_NO_PLACE:
	case JS_NO_PEERS:
		return "the NATS servers are fewer than the copies that --cluster-replicas asks for";
	default:
		return NULL;
	}
}

/* True: the answer is to be heeded no further. */
static bool note_reason(struct kv *k, long long code)
{
	const char *why = reason(code);
	k->refused_count = why ? k->refused_count + 1 : 0;
	if (why && k->refused_count >= REFUSED_MOST)
		refuse(k, why);
	return why != NULL;
}

static void on_made(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct kv *k = user;
	long long code;
	json_t *answer = take_answer(k, outcome, m, &code);
	k->request_out = false;
	if (!k->closing && k->state == KV_STATE_ASKING && !note_reason(k, code) && answer && !code)
		set_open(k);
	json_decref(answer);
}

static bool make_bucket(struct kv *k)
{
	char subjects[KV_KEY_LEN];
	snprintf(subjects, sizeof subjects, "$KV.%s.>", k->settings.bucket);
	char name[KV_KEY_LEN];
	snprintf(name, sizeof name, "KV_%s", k->settings.bucket);
	json_t *config =
	    json_pack("{s:s, s:s, s:[s], s:s, s:s, s:i, s:i, s:s, s:i, s:b, s:b}", "name", name, "description",
		      k->settings.description, "subjects", subjects, "storage", "file", "retention", "limits",
		      "num_replicas", (int)k->settings.replicas, "max_msgs_per_subject", 1, "discard", "new",
		      "max_msg_size", (int)KV_VALUE_MOST + 4096, "allow_rollup_hdrs", 1, "deny_delete", 1);
	return ask_json(k, "STREAM.CREATE", config, KV_ANSWER_MS, on_made, k);
}

static void on_info(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct kv *k = user;
	long long code;
	json_t *answer = take_answer(k, outcome, m, &code);
	k->request_out = false;
	const json_t *config = json_object_get(answer, "config");
	const char *description = json_string_value(json_object_get(config, "description"));
	if (k->closing || k->state != KV_STATE_ASKING) {
		json_decref(answer);
		return;
	}
	/* Making it may be what is refused, so that the count goes on. */
	if (code == JS_NO_SUCH_STREAM)
		k->request_out = make_bucket(k);
	else if (!note_reason(k, code) && config && !code) {
		if (description && strcmp(description, k->settings.description) == 0)
			set_open(k);
		else
			refuse(k, "its bucket is of another version of creel, or of another program");
	}
	json_decref(answer);
}

static void look_for_bucket(struct kv *k)
{
	char subject[BUS_SUBJECT_LEN + 1];
	stream_subject(k, "STREAM.INFO", subject);
	if (k->state == KV_STATE_ASKING && !k->request_out)
		k->request_out = ask(k, subject, bytes_of(NULL), KV_ANSWER_MS, on_info, k);
}

/* ---- records ---- */

struct operation {
	struct kv *kv;
	kv_done *done;
	void *user;
};

static struct operation *operation_new(struct kv *k, kv_done *done, void *user)
{
	struct operation *o = malloc(sizeof *o);
	if (o)
		*o = (struct operation){ k, done, user };
	return o;
}

static enum kv_outcome outcome_of(const json_t *answer, long long code)
{
	switch (code) {
	case 0:
		return answer ? KV_DONE : KV_AWAY;
	case JS_NO_SUCH_MESSAGE:
		return KV_NONE;
	case JS_WRONG_SEQUENCE:
		return KV_CHANGED;
	default:
		return KV_AWAY;
	}
}

static uint64_t revision_of(const json_t *object)
{
	long long seq = json_integer_value(json_object_get(object, "seq"));
	return seq > 0 ? (uint64_t)seq : 0;
}

static void on_read(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct operation o = *(struct operation *)user;
	struct buffer value = { 0 };
	long long code;
	free(user);
	json_t *answer = take_answer(o.kv, outcome, m, &code);
	const json_t *message = json_object_get(answer, "message"), *data = json_object_get(message, "data");
	enum kv_outcome how = outcome_of(answer, code);
	uint64_t revision = revision_of(message);
	if (how == KV_DONE && (revision == 0 || (data && !base64_decode(&value, bytes_make(json_string_value(data),
											   json_string_length(data))))))
		how = KV_AWAY;
	o.done(o.user, how, buffer_view(&value), how == KV_DONE ? revision : 0);
	buffer_free(&value);
	json_decref(answer);
}

static void on_written(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct operation o = *(struct operation *)user;
	long long code;
	free(user);
	json_t *answer = take_answer(o.kv, outcome, m, &code);
	enum kv_outcome how = outcome_of(answer, code);
	uint64_t revision = revision_of(answer);
	if (how == KV_DONE && revision == 0)
		how = KV_AWAY;
	json_decref(answer);
	o.done(o.user, how, bytes_of(NULL), how == KV_DONE ? revision : 0);
}

static bool key_subject(const struct kv *k, const char *key, char out[BUS_SUBJECT_LEN + 1])
{
	size_t len = strlen(key);
	snprintf(out, BUS_SUBJECT_LEN + 1, "$KV.%s.%s", k->settings.bucket, key);
	return len > 0 && len <= KV_KEY_LEN && !strpbrk(key, " \t\r\n*>");
}

bool kv_read(struct kv *k, const char *key, kv_done *done, void *user)
{
	return kv_read_within(k, key, KV_ANSWER_MS, done, user);
}

bool kv_read_within(struct kv *k, const char *key, uint64_t most_ms, kv_done *done, void *user)
{
	char subject[BUS_SUBJECT_LEN + 1];
	struct operation *o = key_subject(k, key, subject) ? operation_new(k, done, user) : NULL;
	if (o && ask_json(k, "STREAM.MSG.GET", json_pack("{s:s}", "last_by_subj", subject), most_ms, on_read, o))
		return true;
	free(o);
	return false;
}

static bool write_record(struct kv *k, const char *key, struct bytes value, const char *expected, kv_done *done,
			 void *user)
{
	char subject[BUS_SUBJECT_LEN + 1];
	bool fine = key_subject(k, key, subject) && value.len <= KV_VALUE_MOST;
	struct operation *o = fine ? operation_new(k, done, user) : NULL;
	struct bus_post p = { .subject = subject,
			      .data = value,
			      .header = expected ? EXPECTED_SEQUENCE : NULL,
			      .header_value = expected };
	if (o && bus_request(k->bus, &p, KV_ANSWER_MS, on_written, o))
		return true;
	free(o);
	return false;
}

bool kv_write(struct kv *k, const char *key, struct bytes value, kv_done *done, void *user)
{
	return write_record(k, key, value, NULL, done, user);
}

bool kv_write_if(struct kv *k, const char *key, struct bytes value, uint64_t revision, kv_done *done, void *user)
{
	char expected[24];
	snprintf(expected, sizeof expected, "%llu", (unsigned long long)revision);
	return write_record(k, key, value, expected, done, user);
}

/* ---- watches ---- */

static void deliver_subject(const struct kv_watch *w, char out[BUS_SUBJECT_LEN + 1])
{
	snprintf(out, BUS_SUBJECT_LEN + 1, "%s.%llu", w->kv->settings.deliver, (unsigned long long)w->number);
}

/* Each reading has a subject of its own, so that the consumer of one before is not taken for its own: neither what is
 * still on its way from that, nor one that the servers never heard is over, nor one that they made too late. */
static bool listen_anew(struct kv_watch *w)
{
	struct kv *k = w->kv;
	char subject[BUS_SUBJECT_LEN + 1];
	if (w->number)
		bus_ignore(k->bus, w->number);
	w->number = ++k->readings;
	deliver_subject(w, subject);
	return bus_listen(k->bus, subject, w->number);
}

static void end_consumer(struct kv_watch *w)
{
	char subject[BUS_SUBJECT_LEN + 1];
	snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.KV_%s.%s", w->kv->settings.bucket, w->consumer);
	const bool told = *w->consumer && bus_publish(w->kv->bus, &(struct bus_post){ .subject = subject });
	(void)told; /* one that stays ends by itself, since nobody listens to it any more */
	*w->consumer = 0;
}

static void on_removed(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	long long code;
	json_decref(take_answer(user, outcome, m, &code));
}

void kv_remove(struct kv *k, const char *key, uint64_t revision)
{
	char filter[BUS_SUBJECT_LEN + 1];
	snprintf(filter, sizeof filter, "$KV.%s.%s", k->settings.bucket, key);
	/* All of that subject before the sequence. */
	(void)ask_json(k, "STREAM.PURGE", json_pack("{s:s, s:I}", "filter", filter, "seq", (json_int_t)revision + 1),
		       KV_ANSWER_MS, on_removed, k);
}

static void tell_read(struct kv_watch *w)
{
	const bool whole = w->reading;
	w->reading = false;
	w->read(w->user, whole);
}

static void on_watching(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	struct kv_watch *w = user;
	struct kv *k = w->kv;
	long long code;
	json_t *answer = take_answer(k, outcome, m, &code);
	const char *name = json_string_value(json_object_get(answer, "name"));
	bool fine = !k->closing && !code && name && strlen(name) < sizeof w->consumer;
	w->asking = false;
	w->heard_at = uv_now(k->look.loop);
	if (fine)
		snprintf(w->consumer, sizeof w->consumer, "%s", name);
	if (fine && json_integer_value(json_object_get(answer, "num_pending")) == 0 && w->delivered == 0)
		tell_read(w);
	json_decref(answer);
}

static void begin_watch(struct kv_watch *w)
{
	struct kv *k = w->kv;
	char filter[BUS_SUBJECT_LEN + 1], deliver[BUS_SUBJECT_LEN + 1], stream[KV_KEY_LEN];
	if (w->asking || k->closing)
		return;
	end_consumer(w);
	w->delivered = 0;
	w->reading = true;
	w->heard_at = w->began_at = uv_now(k->look.loop);
	if (!listen_anew(w)) /* at the next look */
		return;
	snprintf(filter, sizeof filter, "$KV.%s.%s.>", k->settings.bucket, w->prefix);
	deliver_subject(w, deliver);
	snprintf(stream, sizeof stream, "KV_%s", k->settings.bucket);
	json_t *config =
	    json_pack("{s:s, s:{s:s, s:s, s:s, s:s, s:s, s:I, s:b, s:i, s:i, s:b}}", "stream_name", stream, "config",
		      "deliver_subject", deliver, "filter_subject", filter, "deliver_policy", "last_per_subject",
		      "ack_policy", "none", "replay_policy", "instant", "idle_heartbeat", (json_int_t)2000000000,
		      "flow_control", 1, "max_deliver", 1, "num_replicas", 1, "mem_storage", 1);
	w->asking = ask_json(k, "CONSUMER.CREATE", config, KV_ANSWER_MS, on_watching, w);
}

struct kv_watch *kv_watch(struct kv *k, const char *prefix, uint64_t again_ms,
			  void (*record)(void *user, const char *key, struct bytes value, uint64_t revision),
			  void (*read)(void *user, bool whole), void *user)
{
	struct kv_watch *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->kv = k;
	w->prefix = prefix;
	w->again_ms = again_ms;
	w->record = record;
	w->read = read;
	w->user = user;
	LL_PREPEND(k->watches, w);
	if (k->state == KV_STATE_OPEN)
		begin_watch(w);
	return w;
}

uint64_t kv_reading(const struct kv_watch *w)
{
	return w->number;
}

/* What a delivery's reply subject says: $JS.ACK.STREAM.CONSUMER.DELIVERED.REVISION.SEQUENCE.TIME.PENDING */
struct ack {
	uint64_t revision, sequence, pending;
};

static bool read_number(struct bytes text, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9' || i > 18)
			return false;
		*out = *out * 10 + (uint64_t)(text.at[i] - '0');
	}
	return text.len > 0;
}

static bool read_ack(const char *reply, struct ack *out)
{
	struct bytes rest = bytes_of(reply), word[9];
	for (size_t i = 0; i < 9; i++) {
		word[i] = bytes_until(rest, '.');
		size_t taken = word[i].len < rest.len ? word[i].len + 1 : word[i].len;
		rest = bytes_make(rest.at + taken, rest.len - taken);
	}
	return rest.len == 0 && bytes_equal(word[1], bytes_of("ACK")) && read_number(word[5], &out->revision) &&
	       read_number(word[6], &out->sequence) && read_number(word[8], &out->pending);
}

/* The key of a record that the watch asked for; NULL: it is none. */
static const char *key_of(const struct kv_watch *w, const char *subject)
{
	char all[BUS_SUBJECT_LEN + 1];
	const size_t bucket = (size_t)snprintf(all, sizeof all, "$KV.%s.", w->kv->settings.bucket);
	const size_t len = (size_t)snprintf(all, sizeof all, "$KV.%s.%s.", w->kv->settings.bucket, w->prefix);
	return strncmp(subject, all, len) == 0 ? subject + bucket : NULL;
}

static void on_record(struct kv_watch *w, const char *key, const struct bus_message *m)
{
	struct ack ack;
	if (!m->reply || !read_ack(m->reply, &ack))
		return;
	w->heard_at = uv_now(w->kv->look.loop);
	if (ack.sequence != w->delivered + 1) { /* some were lost on the way */
		begin_watch(w);
		return;
	}
	w->delivered = ack.sequence;
	w->record(w->user, key, m->data, ack.revision);
	if (ack.pending == 0)
		tell_read(w);
}

static void on_status(struct kv_watch *w, const struct bus_message *m)
{
	w->heard_at = uv_now(w->kv->look.loop);
	if (m->status == 100 && m->reply &&
	    !bus_publish(w->kv->bus, &(struct bus_post){ .subject = m->reply })) /* flow control */
		begin_watch(w);
	/* Stalled: a question whether it may go on was lost, or our answer; nor need it be allowed to us to answer. */
	else if (m->status != 100 || m->last_delivered > w->delivered || m->stalled)
		begin_watch(w);
}

bool kv_on_message(struct kv *k, const struct bus_message *m)
{
	for (struct kv_watch *w = m->listener ? k->watches : NULL; w; w = w->next) {
		if (w->number != m->listener)
			continue;
		const char *key = key_of(w, m->subject);
		if (key)
			on_record(w, key, m);
		else
			on_status(w, m);
		break;
	}
	return m->listener != 0;
}

/* ---- beginning and end ---- */

static void on_look(uv_timer_t *h)
{
	struct kv *k = h->data;
	uint64_t now = uv_now(h->loop);
	look_for_bucket(k);
	for (struct kv_watch *w = k->watches; w && k->state == KV_STATE_OPEN; w = w->next)
		if (now - w->heard_at > KV_SILENT_MS || (!*w->consumer && !w->asking) ||
		    (w->again_ms && now - w->began_at > w->again_ms))
			begin_watch(w);
}

struct kv *kv_new(uv_loop_t *loop, struct bus *bus, const struct kv_settings *settings, const struct kv_events *events,
		  void *user)
{
	struct kv *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	k->bus = bus;
	k->settings = *settings;
	k->events = *events;
	k->user = user;
	uv_timer_init(loop, &k->look);
	k->look.data = k;
	uv_timer_start(&k->look, on_look, LOOK_MS, LOOK_MS);
	return k;
}

bool kv_is_open(const struct kv *k)
{
	return k->state == KV_STATE_OPEN;
}

void kv_on_connected(struct kv *k)
{
	if (k->state == KV_STATE_REFUSED)
		return;
	k->answered_at = uv_now(k->look.loop);
	k->state = KV_STATE_ASKING;
	look_for_bucket(k);
}

void kv_on_away(struct kv *k)
{
	if (k->state != KV_STATE_REFUSED)
		k->state = KV_STATE_AWAY;
}

static void on_closed(uv_handle_t *h)
{
	struct kv *k = h->data;
	void (*closed)(void *user) = k->closed;
	void *user = k->closed_user;
	while (k->watches) {
		struct kv_watch *w = k->watches;
		k->watches = w->next;
		free(w);
	}
	free(k);
	if (closed)
		closed(user);
}

void kv_close(struct kv *k, void (*closed)(void *user), void *user)
{
	k->closing = true;
	k->closed = closed;
	k->closed_user = user;
	uv_close((uv_handle_t *)&k->look, on_closed);
}
