/* A session whose relay, store and app are played by the test: what the session says is noted down, what it asks for
 * waits until the test lets it happen. Everything runs within the calls of this file, but for timers. */
#pragma once

#include "client/session/session.h"
#include "tests/unit/unit.h"

#define STORE_MOST 64
#define SAID_MOST 512
#define CALLS_MOST 64

enum said_what { SAID_RECORDED, SAID_RESPONSE, SAID_DATA, SAID_RESET, SAID_WINDOW, SAID_CLOSE };

/* One thing said on the connection. */
struct said {
	enum said_what what;
	uint64_t stream;
	bool end;
	unsigned number; /* status, RESET's code, credit */
	uint8_t event_id[UUID_LEN];
	uint8_t body[64];
	size_t body_len;
	char reason[64]; /* RESET, close */
};

enum wanted_what { WANTED_DELIVERY, WANTED_ATTEMPT, WANTED_TAKE, WANTED_LEFT_OVER };

/* Something asked of the store, not done yet. */
struct wanted {
	enum wanted_what what;
	bool committed; /* a delivery: its `committed` was called */
	bool known;
	int64_t id;
	struct store_delivery delivery;
	struct store_attempt attempt;
	void (*on_committed)(void *user, int64_t id, bool duplicate);
	void (*on_synced)(void *user, int64_t id, bool duplicate, const struct error *e);
	void (*on_attempt)(void *user, const struct error *e);
	void (*on_taken)(void *user, struct taken *taken, const struct error *e);
	void (*on_left_over)(void *user, struct left_over *list, const struct error *e);
	void *user;
};

/* A delivery on record. */
struct row {
	uint8_t event_id[UUID_LEN];
	enum delivery_state state;
	bool synced; /* a power cut does not take it */
	int attempts;
	int calls;
};

struct app_call {
	struct fixture *fixture;
	const struct forward_ops *ops;
	void *user;
	bool open, head, upgraded, paused, once, upgrade;
	uint8_t event_id[UUID_LEN];
	size_t given; /* bytes of the body */
	char url[64];
};

struct fixture {
	uv_loop_t loop;
	struct session *session;
	struct session_options options;
	struct route routes[2];
	bool shut; /* the connection's window is */

	struct said said[SAID_MOST];
	size_t said_count;
	bool closed; /* the session closed the connection */

	struct wanted wanted[STORE_MOST];
	size_t wanted_count;
	struct row rows[STORE_MOST]; /* number n at n - 1 */
	size_t row_count;
	int ended_jobs;
	int64_t job; /* that another program asks for, or 0 */

	struct app_call calls[CALLS_MOST];
	size_t call_count;

	size_t deliveries, attempts, over, troubles;
	enum delivery_state last_state; /* of on_attempt */
};

/* ---- the wire ---- */

static inline struct said *fixture_say(void *link, enum said_what what, uint64_t stream)
{
	struct fixture *f = link;
	assert_true(f->said_count < SAID_MOST);
	struct said *s = &f->said[f->said_count++];
	*s = (struct said){ .what = what, .stream = stream };
	return s;
}

static inline void fixture_say_body(struct said *s, uint8_t flags, struct bytes body)
{
	s->end = flags & WIRE_END;
	s->body_len = body.len;
	assert_true(body.len <= sizeof s->body);
	if (body.len)
		memcpy(s->body, body.at, body.len);
}

static inline bool fixture_may_send(void *link, bool is_long)
{
	(void)is_long;
	return !((struct fixture *)link)->shut;
}

static inline void fixture_recorded(void *link, uint64_t stream, const uint8_t event_id[UUID_LEN])
{
	memcpy(fixture_say(link, SAID_RECORDED, stream)->event_id, event_id, UUID_LEN);
}

static inline void fixture_response(void *link, uint64_t stream, uint8_t flags, const struct wire_response *r)
{
	struct said *s = fixture_say(link, SAID_RESPONSE, stream);
	s->number = r->status;
	fixture_say_body(s, flags, r->body);
}

static inline void fixture_data(void *link, uint64_t stream, uint8_t flags, struct bytes piece)
{
	fixture_say_body(fixture_say(link, SAID_DATA, stream), flags, piece);
}

static inline void fixture_reset(void *link, uint64_t stream, enum wire_reset code, const char *reason)
{
	struct said *s = fixture_say(link, SAID_RESET, stream);
	s->number = code;
	snprintf(s->reason, sizeof s->reason, "%s", reason);
}

static inline void fixture_window(void *link, uint64_t stream, uint32_t credit)
{
	fixture_say(link, SAID_WINDOW, stream)->number = credit;
}

static inline void fixture_received(void *link, size_t len)
{
	(void)link;
	(void)len;
}

static inline void fixture_close(void *link, int status, const char *reason)
{
	struct said *s = fixture_say(link, SAID_CLOSE, 0);
	s->number = (unsigned)status;
	snprintf(s->reason, sizeof s->reason, "%s", reason);
	((struct fixture *)link)->closed = true;
}

static inline bool fixture_is_full(void *link)
{
	(void)link;
	return false;
}

static const struct wire_ops fixture_wire = { fixture_may_send, fixture_is_full,  fixture_recorded,
					      fixture_response, fixture_data,     fixture_reset,
					      fixture_window,   fixture_received, fixture_close };

/* What was said as number `at`, counted from 0. */
static inline void fixture_expect(struct fixture *f, size_t at, enum said_what what, uint64_t stream)
{
	assert_true(at < f->said_count);
	assert_int_equal(f->said[at].what, what);
	assert_int_equal(f->said[at].stream, stream);
}

/* ---- the store ---- */

static inline struct wanted *fixture_want(struct recorder *r, enum wanted_what what, void *user)
{
	struct fixture *f = (struct fixture *)r;
	assert_true(f->wanted_count < STORE_MOST);
	struct wanted *w = &f->wanted[f->wanted_count++];
	*w = (struct wanted){ .what = what, .user = user };
	return w;
}

static inline void fixture_insert_delivery(struct recorder *r, const struct store_delivery *d,
					   const struct record_delivery_ops *ops, void *user)
{
	struct wanted *w = fixture_want(r, WANTED_DELIVERY, user);
	w->delivery = *d;
	w->on_committed = ops->committed;
	w->on_synced = ops->done;
}

static inline void fixture_insert_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
					  void (*kept)(void *user), void (*done)(void *user, const struct error *e),
					  void *user)
{
	struct wanted *w = fixture_want(r, WANTED_ATTEMPT, user);
	(void)answered;
	w->attempt = *a;
	w->on_attempt = done;
	kept(user);
}

static inline void fixture_set_answered(struct recorder *r, int64_t id, int number, uint64_t at_us)
{
	(void)r, (void)id, (void)number, (void)at_us;
}

static inline void fixture_set_state(struct recorder *r, int64_t id, enum delivery_state state)
{
	struct fixture *f = (struct fixture *)r;
	assert_in_range(id, 1, f->row_count);
	f->rows[id - 1].state = state;
}

static inline void fixture_add_tag(struct recorder *r, int64_t id, const char *name)
{
	(void)r, (void)id, (void)name;
}

static inline void fixture_find_left_over(struct recorder *r, const char *tunnel, bool with_held,
					  void (*done)(void *user, struct left_over *list, const struct error *e),
					  void *user)
{
	(void)tunnel, (void)with_held;
	fixture_want(r, WANTED_LEFT_OVER, user)->on_left_over = done;
}

static inline bool fixture_take(struct recorder *r, int64_t id,
				void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	struct wanted *w = fixture_want(r, WANTED_TAKE, user);
	w->id = id;
	w->on_taken = done;
	return true;
}

static inline bool fixture_take_asked(struct recorder *r, int64_t job,
				      void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	struct fixture *f = (struct fixture *)r;
	return fixture_take(r, job == f->job ? 1 : job, done, user);
}

static inline void fixture_find_asked(struct recorder *r, const char *tunnel, enum recorder_look how,
				      void (*job)(void *user, int64_t id), void *user)
{
	struct fixture *f = (struct fixture *)r;
	(void)tunnel, (void)how;
	if (f->job)
		job(user, f->job);
}

static inline void fixture_end_asked(struct recorder *r, int64_t job)
{
	struct fixture *f = (struct fixture *)r;
	assert_int_equal(job, f->job);
	f->job = 0;
	f->ended_jobs++;
}

static inline bool fixture_signs(const struct recorder *r)
{
	(void)r;
	return false;
}

static const struct record_ops fixture_record = {
	fixture_insert_delivery, fixture_insert_attempt, fixture_set_answered, fixture_set_state,
	fixture_add_tag,         fixture_find_left_over, fixture_take,         fixture_take,
	fixture_take_asked,      fixture_find_asked,     fixture_end_asked,    fixture_signs
};

/* The delivery on record, which there must be. */
static inline struct row *fixture_row(struct fixture *f, const uint8_t event_id[UUID_LEN])
{
	size_t i = 0;
	while (i < f->row_count && memcmp(f->rows[i].event_id, event_id, UUID_LEN) != 0)
		i++;
	assert_true(i < f->row_count);
	return &f->rows[i];
}

/* The first thing of this kind that waits, or NULL. A delivery that was committed waits to be synced. */
static inline struct wanted *fixture_waiting(struct fixture *f, enum wanted_what what, bool committed)
{
	for (size_t i = 0; i < f->wanted_count; i++)
		if (f->wanted[i].what == what && f->wanted[i].committed == committed)
			return &f->wanted[i];
	return NULL;
}

static inline struct wanted fixture_take_off(struct fixture *f, struct wanted *w)
{
	struct wanted was = *w;
	memmove(w, w + 1, (size_t)(&f->wanted[f->wanted_count] - (w + 1)) * sizeof *w);
	f->wanted_count--;
	return was;
}

/* Reads every byte that the store would, so that AddressSanitizer sees views that died. */
static inline void fixture_read(struct bytes b)
{
	volatile uint8_t sum = 0;
	for (size_t i = 0; b.at && i < b.len; i++)
		sum = (uint8_t)(sum + b.at[i]);
}

static inline void fixture_commit(struct fixture *f)
{
	struct wanted *w = fixture_waiting(f, WANTED_DELIVERY, false);
	size_t i = 0;
	assert_non_null(w);
	fixture_read(w->delivery.headers);
	fixture_read(w->delivery.target);
	fixture_read(w->delivery.body);
	while (i < f->row_count && memcmp(f->rows[i].event_id, w->delivery.event_id, UUID_LEN) != 0)
		i++;
	w->known = i < f->row_count;
	if (!w->known) {
		memcpy(f->rows[i].event_id, w->delivery.event_id, UUID_LEN);
		f->rows[i].state = w->delivery.state;
		f->row_count++;
	}
	w->id = (int64_t)i + 1;
	w->committed = true;
	w->on_committed(w->user, w->id, w->known);
}

static inline void fixture_sync(struct fixture *f)
{
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_DELIVERY, true));
	f->rows[w.id - 1].synced = true;
	w.on_synced(w.user, w.id, w.known, NULL);
}

/* The store takes nothing: neither that which waits for its commit nor that which waits to be synced. */
static inline void fixture_fail(struct fixture *f, bool committed)
{
	struct error e = { EXIT_STORE, "the disk is full" };
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_DELIVERY, committed));
	w.on_synced(w.user, w.id, w.known, &e);
}

static inline void fixture_attempt(struct fixture *f, bool fine)
{
	struct error e = { EXIT_STORE, "the disk is full" };
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_ATTEMPT, false));
	fixture_read(w.attempt.headers);
	fixture_read(w.attempt.body);
	fixture_read(w.attempt.url);
	fixture_read(w.attempt.error);
	if (fine) {
		struct row *row = &f->rows[w.attempt.delivery_id - 1];
		row->attempts++;
		row->state = w.attempt.then == ATTEMPT_THEN_HELD ? DELIVERY_HELD
			     : w.attempt.result == ATTEMPT_OK    ? DELIVERY_DELIVERED
								 : DELIVERY_FAILED;
		if (w.attempt.job && w.attempt.job == f->job)
			f->job = 0;
	}
	w.on_attempt(w.user, fine ? NULL : &e);
}

/* A delivery comes out of the store; `found` false: it is gone. */
static inline void fixture_taken(struct fixture *f, bool found)
{
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_TAKE, false));
	struct taken *t = found ? calloc(1, sizeof *t) : NULL;
	if (t) {
		*t = (struct taken){ .id = w.id, .origin = ORIGIN_REPLAY, .received_at_us = 1, .has_body = true };
		memcpy(t->event_id, f->rows[w.id - 1].event_id, UUID_LEN);
		f->rows[w.id - 1].state = DELIVERY_SENDING;
		assert_true(buffer_append_text(&t->method, "POST") && buffer_append_text(&t->target, "/old") &&
			    buffer_append_text(&t->message.body, "old"));
		t->message.body_size = t->message.body.len;
	}
	w.on_taken(w.user, t, NULL);
}

/* ---- the app ---- */

static inline struct forward *fixture_start(struct forwarder *forwarder, const char *base_url,
					    const struct forward_request *request, const struct forward_ops *ops,
					    void *user, struct error *e)
{
	struct fixture *f = (struct fixture *)forwarder;
	(void)e;
	assert_true(f->call_count < CALLS_MOST);
	struct app_call *c = &f->calls[f->call_count++];
	*c = (struct app_call){ .fixture = f, .ops = ops, .user = user, .open = true };
	c->once = request->once;
	c->upgrade = request->upgrade;
	memcpy(c->event_id, request->event_id, UUID_LEN);
	snprintf(c->url, sizeof c->url, "%s", base_url);
	fixture_read(request->headers);
	fixture_read(request->body);
	fixture_row(f, c->event_id)->calls++;
	return (struct forward *)c;
}

static inline void fixture_end_call(struct app_call *c, enum attempt_result result, int status)
{
	struct forward_result r = { .result = result, .status = status, .url = c->url, .started_at_us = 1 };
	assert_true(c->open);
	c->open = false;
	if (result != ATTEMPT_OK)
		snprintf(r.error, sizeof r.error, "the app failed");
	c->ops->on_done(c->user, &r);
}

static inline void fixture_head(struct app_call *c, int status)
{
	assert_true(c->open && !c->head);
	c->head = true;
	c->ops->on_head(c->user, status, bytes_of("Fine"), bytes_of(NULL), WIRE_UNKNOWN_LENGTH);
	if (status == 101) {
		struct forward_result r = { .result = ATTEMPT_OK, .status = 101, .url = c->url, .started_at_us = 1 };
		c->upgraded = true;
		c->ops->on_upgraded(c->user, &r);
	}
}

/* Byte n of every answer's body. */
static inline uint8_t fixture_byte(size_t n)
{
	return (uint8_t)(n * 7 + 1);
}

static inline void fixture_body(struct app_call *c, size_t len)
{
	uint8_t piece[64];
	for (size_t i = 0; i < len; i++)
		piece[i] = fixture_byte(c->given + i);
	assert_true(c->open && c->head);
	if (c->ops->on_body(c->user, bytes_make(piece, len)))
		c->given += len;
	else
		c->paused = true;
}

static inline void fixture_resume(struct forward *f)
{
	assert_true(((struct app_call *)f)->open);
	((struct app_call *)f)->paused = false;
}

static inline void fixture_unheard(struct forward *f)
{
	assert_true(((struct app_call *)f)->open);
}

static inline bool fixture_is_event_stream(const struct forward *f)
{
	assert_true(((const struct app_call *)f)->open);
	return false;
}

static inline void fixture_feed(struct forward *f)
{
	struct app_call *c = (struct app_call *)f;
	uint8_t room[64];
	while (c->ops->on_upload(c->user, room, sizeof room) > 0)
		;
}

static inline void fixture_hang_up(struct forward *f)
{
	fixture_end_call((struct app_call *)f, ATTEMPT_OK, 200);
}

static inline void fixture_cancel(struct forward *f)
{
	fixture_end_call((struct app_call *)f, ATTEMPT_CANCELLED, 0);
}

static const struct app_ops fixture_app = { fixture_start, fixture_resume,  fixture_unheard, fixture_is_event_stream,
					    fixture_feed,  fixture_hang_up, fixture_cancel };

/* The first open call, or NULL. */
static inline struct app_call *fixture_call(struct fixture *f)
{
	for (size_t i = 0; i < f->call_count; i++)
		if (f->calls[i].open)
			return &f->calls[i];
	return NULL;
}

/* ---- the user ---- */

static inline void fixture_on_state(void *user, const struct tunnel_news *news)
{
	(void)user, (void)news;
}

static inline void fixture_on_delivery(void *user, const struct delivery_row *row)
{
	(void)row;
	((struct fixture *)user)->deliveries++;
}

static inline void fixture_on_attempt(void *user, const struct delivery_row *row, const struct attempt_row *attempt)
{
	struct fixture *f = user;
	(void)attempt;
	f->attempts++;
	f->last_state = row->state;
}

static inline void fixture_on_over(void *user, int64_t delivery_id)
{
	(void)delivery_id;
	((struct fixture *)user)->over++;
}

static inline void fixture_on_trouble(void *user, const char *sentence)
{
	(void)sentence;
	((struct fixture *)user)->troubles++;
}

static inline void fixture_on_stop(void *user, const struct error *why)
{
	(void)user, (void)why;
}

static const struct session_events fixture_events = { fixture_on_state, fixture_on_delivery, fixture_on_attempt,
						      fixture_on_over,  fixture_on_trouble,  fixture_on_trouble,
						      fixture_on_stop };

/* ---- the relay ---- */

static inline void fixture_id(uint8_t id[UUID_LEN], uint64_t number)
{
	memset(id, 0, UUID_LEN);
	id[0] = (uint8_t)number;
	id[15] = 1;
}

/* False when the session closes the connection for it. Frees the payload. */
static inline bool fixture_frame(struct fixture *f, struct buffer *encoded)
{
	struct wire_frame frame;
	size_t used;
	assert_int_equal(wire_decode_frame(buffer_view(encoded), &frame, &used), WIRE_OK);
	bool fine = session_tunnel_ops.on_frame(f->session, NULL, &frame);
	buffer_free(encoded);
	return fine;
}

static inline bool fixture_request(struct fixture *f, uint64_t stream, uint64_t event, uint8_t flags, const char *body)
{
	struct buffer out = { 0 };
	struct wire_request r = {
		.received_at_us = 1,
		.body_len = WIRE_UNKNOWN_LENGTH,
		.has_body = true,
		.peer = bytes_of("192.0.2.1:9"),
		.method = bytes_of("POST"),
		.target = bytes_of("/hook?x"),
		.body = bytes_of(body),
	};
	fixture_id(r.event_id, event);
	if (flags & WIRE_REFUSED)
		r.refused_status = 413;
	assert_true(wire_encode_request(&out, stream, flags, &r));
	return fixture_frame(f, &out);
}

static inline bool fixture_rest(struct fixture *f, uint64_t stream, uint8_t flags, const char *body)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_data(&out, stream, flags, bytes_of(body)));
	return fixture_frame(f, &out);
}

static inline bool fixture_done(struct fixture *f, uint64_t stream, uint64_t event)
{
	struct buffer out = { 0 };
	uint8_t id[UUID_LEN];
	fixture_id(id, event);
	assert_true(wire_encode_event_id(&out, WIRE_DONE, stream, id));
	return fixture_frame(f, &out);
}

static inline bool fixture_relay_resets(struct fixture *f, uint64_t stream, enum wire_reset code)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_reset(&out, stream, code, bytes_of("gone")));
	return fixture_frame(f, &out);
}

static inline bool fixture_credit(struct fixture *f, uint64_t stream, uint32_t credit)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_window(&out, stream, credit));
	return fixture_frame(f, &out);
}

/* RESUME; stream 0 ends the list. */
static inline bool fixture_list(struct fixture *f, uint64_t stream, uint64_t event, bool recorded, bool head,
				uint64_t body_seen)
{
	struct buffer out = { 0 };
	struct wire_resume r = { .recorded = recorded, .head = head, .body_seen = body_seen };
	if (stream)
		fixture_id(r.event_id, event);
	assert_true(wire_encode_resume(&out, stream, &r));
	return fixture_frame(f, &out);
}

static inline void fixture_welcome(struct fixture *f, bool resumed)
{
	struct wire_welcome w = {
		.version = WIRE_VERSION,
		.features = WIRE_FEATURES,
		.max_body = 1 << 20,
		.tunnel = bytes_of("shop"),
		.public_url = bytes_of("http://shop.example"),
		.resume_grace_ms = 30000,
		.resumed = resumed,
	};
	f->closed = false;
	session_welcome(f->session, (struct wire_out){ &fixture_wire, f, w.features }, &w);
}

static inline void fixture_online(struct fixture *f)
{
	const struct tunnel_news news = { .state = TUNNEL_ONLINE, .why = "" };
	session_tunnel_ops.on_state(f->session, &news);
}

/* ---- life ---- */

/* What is to be done at the end of the loop's turn. */
static inline void fixture_turn(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Waits, for timers, until *count is more than `was`, or half a minute is over. */
static inline void fixture_wait(struct fixture *f, const size_t *count, size_t was)
{
	for (uint64_t until = uv_hrtime() + UINT64_C(30000000000); *count <= was && uv_hrtime() < until;)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(*count > was);
}

/* Greeted by the relay. `options` may be NULL. */
static inline void fixture_open(struct fixture *f, const struct session_options *options)
{
	memset(f, 0, sizeof *f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (options)
		f->options = *options;
	f->routes[0] = (struct route){ .path = (char *)"/api", .target = (char *)"http://localhost:2" };
	f->routes[1] = (struct route){ .path = (char *)"", .target = (char *)"http://localhost:1" };
	f->options.routes = f->routes;
	f->options.route_count = 2;
	f->options.record_max = f->options.record_max_answer = f->options.record_max_abandoned = 1 << 20;
	f->options.app = &fixture_app;
	f->options.record = &fixture_record;
	f->session =
	    session_new(&f->loop, &f->options, (struct recorder *)f, (struct forwarder *)f, &fixture_events, f);
	assert_non_null(f->session);
	fixture_welcome(f, false);
}

/* The store does all it was asked for. */
static inline void fixture_settle(struct fixture *f)
{
	while (f->wanted_count) {
		if (fixture_waiting(f, WANTED_DELIVERY, false))
			fixture_commit(f);
		else if (fixture_waiting(f, WANTED_DELIVERY, true))
			fixture_sync(f);
		else if (fixture_waiting(f, WANTED_ATTEMPT, false))
			fixture_attempt(f, true);
		else if (fixture_waiting(f, WANTED_TAKE, false))
			fixture_taken(f, false);
		else {
			struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_LEFT_OVER, false));
			w.on_left_over(w.user, NULL, NULL);
		}
	}
}

/* Ends the session as `creel listen` does. Nothing may be under way afterwards. */
static inline void fixture_end(struct fixture *f)
{
	session_drain(f->session);
	fixture_settle(f);
	session_cancel(f->session);
	session_tunnel_ops.on_lost(f->session, false);
	fixture_turn(f);
	fixture_settle(f);
	assert_int_equal(session_busy(f->session), 0);
	assert_null(fixture_call(f));
	session_free(f->session);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}
