/* One call of the app.
 *
 *    WAITING ─▶ DIALING ─▶ HEAD ─▶ BODY ─▶ over       a kept connection begins at HEAD
 *       ▲          │         │ └─▶ UPGRADED ─▶ over
 *       └──────────┘         └─▶ PROBING ─▶ over      nothing came of it: does the app speak TLS?
 *
 * The request goes out while the answer may come already; forward_answer.c reads that. */
#include "client/app/forward_head.h"
#include "client/app/forward_private.h"
#include "client/app/forward_reason.h"
#include "shared/base/clock.h"
#include "shared/secrets/secret_gate.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_RETRY_MS 50
#define MOST_RETRY_MS 500
#define PROBE_MS 1000

#define TO(state) (1u << FORWARD_##state)
static const unsigned may_become[FORWARD_STATES] = {
	[FORWARD_WAITING] = TO(DIALING) | TO(HEAD) | TO(OVER),
	[FORWARD_DIALING] = TO(WAITING) | TO(HEAD) | TO(PROBING) | TO(OVER),
	[FORWARD_HEAD] = TO(DIALING) | TO(BODY) | TO(UPGRADED) | TO(PROBING) | TO(OVER),
	[FORWARD_BODY] = TO(OVER),
	[FORWARD_UPGRADED] = TO(OVER),
	[FORWARD_PROBING] = TO(OVER),
	[FORWARD_OVER] = 0,
};

void forward_to(struct forward *w, enum forward_state state)
{
	if (!(may_become[w->state] & 1u << state)) {
		fprintf(stderr, "creel: a call of the app cannot go from state %d to %d\n", w->state, state);
		abort();
	}
	w->state = state;
}

/* ---- time ---- */

static void on_timer(uv_timer_t *h);

void forward_limit(struct forward *w, uint64_t ms)
{
	uv_timer_start(&w->timer, on_timer, ms, 0);
}

static uint64_t left_ms(const struct forward *w)
{
	uint64_t now = uv_now(w->forwarder->loop);
	return w->deadline_ms > now ? w->deadline_ms - now : 1;
}

bool forward_is_event_stream(const struct forward *w)
{
	return w->state == FORWARD_BODY && w->event_stream;
}

/* ---- the end ---- */

static void on_timer_closed(uv_handle_t *h)
{
	struct forward *w = h->data;
	forward_send_free(&w->send);
	buffer_free(&w->in);
	buffer_free(&w->held);
	buffer_free(&w->repaired);
	http1_body_free(&w->body);
	free(w->url);
	free(w);
}

void forward_fill_result(const struct forward *w, struct forward_result *r)
{
	uint64_t took = (uv_hrtime() - w->begun_ns) / 1000;
	bool told = w->state == FORWARD_BODY || w->state == FORWARD_UPGRADED;
	r->status = told ? w->answer.status : 0;
	r->url = w->url;
	r->started_at_us = w->started_at_us;
	r->connect_us = w->connect_us;
	r->first_byte_us = w->first_byte_us;
	r->total_us = took > 0 ? took : 1;
	if (r->status)
		return;
	/* Nothing came of it: what its sender waited is the time from the first try on. */
	r->started_at_us = w->first_at_us;
	r->total_us = (uv_hrtime() - w->first_ns) / 1000 + 1;
}

static void leave_connection(struct forward *w, bool reusable)
{
	struct app_conn *a = w->conn;
	w->conn = NULL;
	if (!a)
		return;
	/* An app that left the body of a HEAD unread would take it for the next request. */
	bool unread = bytes_equal(w->request.method, bytes_of("HEAD")) && forward_body_len(&w->request) > 0;
	/* Some apps send a body to HEAD or behind 204 and 304, as declared: it would be the next call's answer. */
	bool unsure = w->body.framing == HTTP1_NO_BODY && (w->answer.codings > 0 || w->answer.length > 0);
	if (reusable && !unread && !unsure && w->send.all && !w->send.failed && w->in.len == 0 &&
	    http1_head_persists(&w->answer) && http1_body_is_over(&w->body) && !a->conn.ended)
		forwarder_keep(a);
	else
		forwarder_drop(a);
}

void forward_finish(struct forward *w, enum reason why, const struct facts *facts)
{
	struct forward_result r = { .result = why == REASON_NONE ? ATTEMPT_OK : reason_result(why),
				    .reason = why,
				    .detail = facts ? facts->detail : NULL };
	if (why != REASON_NONE)
		reason_line(why, facts, r.error, sizeof r.error);
	secret_gate_scrub(w->forwarder->options.gate, r.error, sizeof r.error);
	forward_fill_result(w, &r);
	if (r.status == 0)
		forward_answer_give_raw(w, buffer_view(&w->in));
	bool whole = why == REASON_NONE && forward_answer_is_whole(w);
	if (w->dial)
		dial_cancel(w->dial);
	w->dial = NULL;
	forward_to(w, FORWARD_OVER);
	leave_connection(w, whole);
	w->ops->on_done(w->user, &r);
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}

void forward_fail(struct forward *w, enum reason why)
{
	char shown[FIRST_BYTES_SHOWN];
	struct facts facts = { .peer = w->app->peer, .limit_ms = (uint64_t)w->forwarder->options.timeout_ms };
	if (w->starting) {
		w->why = why;
		forward_to(w, FORWARD_PROBING);
		forward_limit(w, 0);
		return;
	}
	if (why == REASON_APP_BAD_HEAD || why == REASON_APP_BAD_BODY) {
		facts.detail = forward_reason_fault(w->answer.fault != HTTP1_FINE ? w->answer.fault : w->body.fault);
	} else if (why == REASON_APP_NOT_HTTP) {
		first_bytes_show(buffer_view(&w->in), shown);
		facts.detail = shown;
	}
	forward_finish(w, why, &facts);
}

/* ---- tries ---- */

static void begin(struct forward *w, bool fresh);

/* The app may be restarting: dev servers do on every save. True when another try was set up. */
static bool try_again(struct forward *w)
{
	uint64_t now = uv_now(w->forwarder->loop);
	uint64_t left = now < w->wait_until_ms ? w->wait_until_ms - now : 0;
	uint64_t wait = (uint64_t)w->backoff_ms < left ? (uint64_t)w->backoff_ms : left;
	/* An app that comes up at the deadline must not be called for one millisecond. */
	if (left == 0 || now + wait >= w->deadline_ms)
		return false;
	forward_to(w, FORWARD_WAITING);
	if (!w->refusal_told && w->ops->on_refused)
		w->ops->on_refused(w->user);
	w->refusal_told = true;
	forward_limit(w, wait);
	w->backoff_ms = w->backoff_ms * 2 > MOST_RETRY_MS ? MOST_RETRY_MS : w->backoff_ms * 2;
	return true;
}

static void on_probed(void *user, struct conn *c)
{
	struct forward *w = user;
	w->dial = NULL;
	conn_close(c);
	forward_fail(w, REASON_APP_SPEAKS_TLS);
}

static void on_not_probed(void *user, enum dial_failure why, const struct conn_failure *how)
{
	struct forward *w = user;
	w->dial = NULL;
	/* A server that wants more than was shown has answered in TLS all the same. */
	bool tls = why == DIAL_TLS && (how->kind == CONN_TLS_ALERT || how->kind == CONN_TLS_CERT);
	forward_fail(w, tls ? REASON_APP_SPEAKS_TLS : w->why);
}

/* An app that speaks TLS alone closes a call in the clear without a word. */
static void probe(struct forward *w, enum reason why)
{
	static const struct dial_ops ops = { on_probed, on_not_probed };
	struct dial_to where = { .host = w->app->host,
				 .port = w->app->port,
				 .tls = forwarder_tls(w->forwarder),
				 .verify = false,
				 .allow_remote = w->forwarder->options.allow_remote_target };
	w->why = why;
	leave_connection(w, false);
	forward_to(w, FORWARD_PROBING);
	w->dial = where.tls ? dial_start(w->forwarder->loop, &where, &ops, w) : NULL;
	if (w->dial)
		forward_limit(w, PROBE_MS);
	else
		forward_fail(w, why);
}

static bool is_idempotent(struct bytes method)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE" };
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (bytes_equal(method, bytes_of(methods[i])))
			return true;
	return false;
}

/* A kept connection that the app had closed: the request goes out once more, if that is allowed (RFC 9110 §9.2.2, RFC
 * 9112 §9.3.1). */
static bool send_again(struct forward *w, const struct conn_failure *how)
{
	if (!w->conn->used || w->again || w->in.len > 0 || w->interim > 0 || w->request.upgrade)
		return false;
	if (!is_idempotent(w->request.method) && !forward_send_is_unread(&w->send, &w->conn->conn, how))
		return false;
	w->again = true;
	leave_connection(w, false);
	begin(w, true);
	return true;
}

/* The connection ended before the answer did. */
void forward_broke_off(struct forward *w, const struct conn_failure *how)
{
	if (w->state == FORWARD_UPGRADED) {
		forward_finish(w, REASON_NONE, NULL);
	} else if (w->state == FORWARD_BODY) {
		forward_fail(w, REASON_APP_BROKE_OFF);
	} else if (w->in.len > 0) {
		forward_fail(w, REASON_APP_NO_ANSWER);
	} else if (!send_again(w, how)) {
		enum reason why = forward_reason_of_end(how);
		if (!w->app->tls && !w->conn->used && w->app->port)
			probe(w, why);
		else
			forward_fail(w, why);
	}
}

static void on_timer(uv_timer_t *h)
{
	struct forward *w = h->data;
	switch (w->state) {
	case FORWARD_WAITING:
		begin(w, false);
		return;
	case FORWARD_PROBING:
		forward_fail(w, w->why);
		return;
	case FORWARD_DIALING:
		forward_fail(w, dial_reason_of_wait(w->dial));
		return;
	case FORWARD_HEAD:
		forward_fail(w, REASON_APP_LATE);
		return;
	case FORWARD_BODY:
		forward_fail(w, w->request.live ? REASON_APP_STALLED : REASON_APP_ENDLESS);
		return;
	case FORWARD_UPGRADED:
	case FORWARD_OVER:
	case FORWARD_STATES:
		break;
	}
}

/* ---- the request ---- */

/* As much as goes now. False: the call ended by it. */
static bool send_some(struct forward *w)
{
	if (forward_send_some(&w->send, &w->conn->conn, w->state == FORWARD_UPGRADED))
		return true;
	forward_fail(w, REASON_APP_MEMORY);
	return false;
}

/* ---- the connection ---- */

static void watch(struct forward *w)
{
	bool writes = forward_send_has_more(&w->send, w->state == FORWARD_UPGRADED);
	int events = (w->paused ? 0 : conn_needs(&w->conn->conn, true, false)) |
		     (writes ? conn_needs(&w->conn->conn, false, true) : 0);
	/* The turn that forward_resume asked for comes though the other direction has moved meanwhile. */
	if (w->resuming || (!w->paused && conn_has_pending(&w->conn->conn)))
		events |= UV_WRITABLE;
	forwarder_watch(w->conn, events);
}

void forward_on_events(struct forward *w)
{
	if (w->state == FORWARD_OVER)
		return;
	if (w->resuming && !forward_answer_offer_held(w)) {
		if (w->state != FORWARD_OVER)
			watch(w);
		return;
	}
	if (send_some(w) && w->state != FORWARD_OVER && forward_answer_read(w))
		watch(w);
}

static void start_sending(struct forward *w)
{
	forward_to(w, FORWARD_HEAD);
	http1_head_begin(&w->answer, HTTP1_RESPONSE);
	forward_send_begin(&w->send);
	forward_limit(w, left_ms(w));
	if (send_some(w))
		watch(w);
}

static void on_dialled(void *user, struct conn *c)
{
	struct forward *w = user;
	w->dial = NULL;
	w->connect_us = (uv_hrtime() - w->begun_ns) / 1000;
	w->conn = forwarder_adopt(w->forwarder, w->app, w, c);
	if (w->conn)
		start_sending(w);
	else
		forward_fail(w, REASON_APP_MEMORY);
}

static void on_not_dialled(void *user, enum dial_failure why, const struct conn_failure *how)
{
	struct forward *w = user;
	w->dial = NULL;
	if ((why == DIAL_REFUSED || why == DIAL_NO_SOCKET) && try_again(w))
		return;
	forward_fail(w, forward_reason_of_dial(why, how));
}

/* `fresh`: by no kept connection. */
static void begin(struct forward *w, bool fresh)
{
	static const struct dial_ops ops = { on_dialled, on_not_dialled };
	const struct forward_options *o = &w->forwarder->options;
	w->begun_ns = uv_hrtime();
	w->started_at_us = clock_now_us();
	if (!w->first_ns) {
		w->first_ns = w->begun_ns;
		w->first_at_us = w->started_at_us;
	}
	w->connect_us = w->first_byte_us = 0;
	if (!fresh && !w->request.upgrade && (w->conn = forwarder_take(w->app, w))) {
		start_sending(w);
		return;
	}
	struct dial_to where = { .host = w->app->host,
				 .port = w->app->port,
				 .tls = w->app->tls ? forwarder_tls(w->forwarder) : NULL,
				 .verify = !o->insecure,
				 .allow_remote = o->allow_remote_target };
	forward_to(w, FORWARD_DIALING);
	forward_limit(w, left_ms(w));
	w->dial = w->app->tls && !where.tls ? NULL : dial_start(w->forwarder->loop, &where, &ops, w);
	if (!w->dial)
		forward_fail(w, REASON_APP_MEMORY);
}

/* ---- from outside ---- */

struct forward *forward_start(struct forwarder *f, const char *base_url, const struct forward_request *request,
			      const struct forward_ops *ops, void *user, struct error *e)
{
	struct forward *w = calloc(1, sizeof *w);
	struct app *app = w ? forwarder_app(f, base_url) : NULL;
	if (!app || !(w->url = forward_url(base_url, request->target))) {
		free(w);
		error_set(e, EXIT_TARGET, "out of memory");
		return NULL;
	}
	if (!forward_head_write(&w->send.head, request, &f->options, app->prefix, app->authority, e)) {
		buffer_free(&w->send.head);
		free(w->url);
		free(w);
		return NULL;
	}
	uint64_t now = uv_now(f->loop);
	w->forwarder = f;
	w->app = app;
	w->request = *request;
	w->ops = ops;
	w->user = user;
	w->send.request = &w->request;
	w->send.on_upload = ops->on_upload;
	w->send.user = user;
	w->state = FORWARD_WAITING;
	w->backoff_ms = FIRST_RETRY_MS;
	w->deadline_ms = now + (uint64_t)f->options.timeout_ms;
	w->wait_until_ms = now + (request->once ? 0 : (uint64_t)f->options.wait_for_target_ms);
	uv_timer_init(f->loop, &w->timer);
	w->timer.data = w;
	w->starting = true;
	begin(w, false);
	w->starting = false;
	return w;
}

/* On the loop: whoever resumes is in the middle of something. */
void forward_resume(struct forward *w)
{
	if (!w->paused || w->resuming || w->state == FORWARD_OVER)
		return;
	w->resuming = true;
	forwarder_watch(w->conn, UV_WRITABLE);
}

void forward_unheard(struct forward *w)
{
	if (!w->request.live || w->state != FORWARD_BODY)
		return;
	w->request.live = false;
	forward_limit(w, (uint64_t)w->forwarder->options.timeout_ms);
}

void forward_feed(struct forward *w)
{
	if (!w->send.starved || w->state != FORWARD_UPGRADED)
		return;
	w->send.starved = false;
	if (send_some(w))
		watch(w);
}

void forward_hang_up(struct forward *w)
{
	forward_finish(w, REASON_NONE, NULL);
}

void forward_cancel(struct forward *w)
{
	forward_finish(w, REASON_APP_CANCELLED, &(struct facts){ .peer = w->app->peer });
}
