#include "client/session/session.h"

#include "client/origin/asked.h"
#include "client/delivery/attempt.h"
#include "client/delivery/call.h"
#include "client/origin/confirm.h"
#include "client/origin/hold.h"
#include "client/session/inbound.h"
#include "client/origin/left_over.h"
#include "client/origin/live.h"
#include "client/delivery/response.h"
#include "client/delivery/stub.h"
#include "client/stream/route.h"
#include "client/session/resume.h"
#include "client/session/sealed.h"
#include "client/origin/weather.h"

#include <stdlib.h>
#include <string.h>

#define MAX_REQUEST_BODY (1ull << 40) /* whatever the relay allows */

struct session {
	struct streams set;
	struct wire_out out; /* of the connection, while set.greeted points to it */
	struct live live;
	struct sealed sealed;
	struct resume *resume;
	struct asked *asked;
	struct left_overs *left_over;
	uint64_t waits_first; /* the stream that on_credit begins with, or 0 */
	int open_handles;
};

/* ---- life ---- */

static void on_turn_end(uv_idle_t *h)
{
	struct streams *set = h->data;
	uv_idle_stop(h);
	while (set->turn) {
		struct stream *st = set->turn;
		enum turn turn = st->turn;
		set->turn = st->turn_next;
		st->turn = TURN_NOTHING;
		if (turn == TURN_HANG_UP) {
			call_hang_up(st);
			continue;
		}
		response_send(st);
		stream_release(st);
	}
}

static bool make_parts(struct session *s)
{
	struct streams *set = &s->set;
	return route_begin(set) && (!set->options.stub || (set->stubs = stub_new())) &&
	       (!set->options.hold || (set->holds = hold_new(set))) &&
	       (!set->options.chaos || (s->live.weather = weather_new(set))) && (s->resume = resume_new(set)) &&
	       (s->asked = asked_new(set)) && (s->live.left_over = s->left_over = left_over_new(set));
}

static void on_handle_closed(uv_handle_t *h)
{
	struct session *s = h->data;
	if (--s->open_handles == 0)
		free(s);
}

static void close_parts(struct session *s)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&s->set.turn_end, (uv_handle_t *)&s->set.retry_timer };
	weather_close(s->live.weather);
	confirm_close(s->live.confirm);
	hold_close(s->set.holds);
	stub_free(s->set.stubs);
	route_end(&s->set);
	resume_close(s->resume);
	asked_close(s->asked);
	left_over_free(s->left_over);
	s->open_handles = sizeof handles / sizeof *handles;
	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
		handles[i]->data = s;
		uv_close(handles[i], on_handle_closed);
	}
}

struct session *session_new(uv_loop_t *loop, const struct session_options *options, struct recorder *recorder,
			    struct forwarder *forwarder, const struct session_events *events, void *user)
{
	struct session *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	struct streams *set = &s->set;
	set->loop = loop;
	set->options = *options;
	set->record = options->record ? options->record : &ends_record;
	set->recorder = recorder;
	set->app = options->app ? options->app : &ends_app;
	set->forwarder = forwarder;
	set->events = events;
	set->user = user;
	set->on_turn_end = on_turn_end;
	uv_idle_init(loop, &set->turn_end);
	set->turn_end.data = set;
	attempt_init(set);
	if (!make_parts(s)) {
		close_parts(s);
		return NULL;
	}
	return s;
}

void session_drain(struct session *s)
{
	struct streams *set = &s->set;
	set->draining = true;
	attempt_retry(set);
	hold_stop(set->holds);
	asked_stop(s->asked);
	weather_drain(s->live.weather);
	stub_drain(set->stubs);
	left_over_stop(s->left_over);
	for (struct stream *st = set->live, *next; st; st = next) {
		next = st->live_next;
		if (st->call == CALL_PASSING)
			call_hang_up(st);
	}
}

size_t session_busy(const struct session *s)
{
	return s->set.busy + s->set.taking;
}

void session_cancel(struct session *s)
{
	struct streams *set = &s->set;
	set->cancelled = true;
	weather_cancel(s->live.weather);
	stub_cancel(set->stubs);
	for (struct stream *st = set->live, *next; st; st = next) {
		next = st->live_next;
		call_cancel(st);
	}
}

static void on_lost(void *user, bool may_resume)
{
	struct session *s = user;
	sealed_drop_all(&s->sealed);
	resume_lost(s->resume, may_resume);
}

void session_free(struct session *s)
{
	on_lost(s, false);
	session_drain(s);
	on_turn_end(&s->set.turn_end);
	close_parts(s);
}

/* ---- the tunnel ---- */

void session_welcome(struct session *s, struct wire_out out, const struct wire_welcome *welcome)
{
	struct streams *set = &s->set;
	s->out = out;
	set->max_body = welcome->max_body < MAX_REQUEST_BODY ? welcome->max_body : MAX_REQUEST_BODY;
	snprintf(set->tunnel_name, sizeof set->tunnel_name, "%.*s", (int)welcome->tunnel.len,
		 (const char *)welcome->tunnel.at);
	snprintf(set->public_url, sizeof set->public_url, "%.*s", (int)welcome->public_url.len,
		 (const char *)welcome->public_url.at);
	resume_welcome(s->resume, &s->out, welcome);
}

static bool on_window(struct streams *set, const struct wire_frame *f)
{
	uint32_t credit;
	if (!wire_decode_window(f->payload, &credit))
		return wire_out_fail(set->greeted, "bad WINDOW frame");
	struct stream *st = stream_find(set, f->stream);
	if (!st)
		return true;
	if (!response_credit(st, credit))
		return wire_out_fail(set->greeted, "a window above 2^31");
	response_send(st);
	stream_release(st);
	return true;
}

static bool on_done(struct streams *set, const struct wire_frame *f)
{
	uint8_t id[UUID_LEN];
	if (!wire_decode_event_id(f->payload, id))
		return wire_out_fail(set->greeted, "malformed DONE");
	struct stream *st = stream_find(set, f->stream);
	if (!st)
		return true;
	if (st->inbound == INBOUND_RECEIVING || memcmp(id, st->request.event_id, UUID_LEN) != 0)
		return wire_out_fail(set->greeted, "DONE of another delivery, or before its end");
	stream_leave_wire(st);
	stream_release(st);
	return true;
}

/* The link is the one of WELCOME. */
static bool on_frame(void *user, struct link *l, const struct wire_frame *f)
{
	struct session *s = user;
	struct streams *set = &s->set;
	(void)l;
	if (f->type != WIRE_RESUME && resume_is_listing(s->resume))
		return wire_out_fail(set->greeted, "a frame before the last RESUME");
	switch (f->type) {
	case WIRE_REQUEST:
		return inbound_on_request(set, &s->live, f, sealed_has(&s->sealed, f->stream));
	case WIRE_DATA:
		return inbound_on_data(set, f);
	case WIRE_SEALED:
		return sealed_on_frame(&s->sealed, set, &s->live, f);
	case WIRE_RESET:
		sealed_drop(&s->sealed, f->stream);
		return inbound_on_reset(set, f);
	case WIRE_WINDOW:
		return on_window(set, f);
	case WIRE_DONE:
		return on_done(set, f);
	case WIRE_RESUME:
		return resume_on_frame(s->resume, f);
	default:
		return true;
	}
}

static void take_turn(struct session *s, struct stream *st)
{
	response_send(st);
	if (!s->waits_first && response_waits_for_link(st))
		s->waits_first = st->id;
	stream_release(st);
}

/* From the one on that was first to wait the last time: those before it would take all there is each time. */
static void on_credit(void *user)
{
	struct session *s = user;
	uint64_t from = s->waits_first;
	s->waits_first = 0;
	for (struct stream *st = stream_find(&s->set, from), *next; st; st = next) {
		next = st->hh.next;
		take_turn(s, st);
	}
	for (struct stream *st = s->set.by_id, *next; st && st->id != from; st = next) {
		next = st->hh.next;
		take_turn(s, st);
	}
}

static void on_welcome(void *user, struct link *l, const struct wire_welcome *welcome)
{
	session_welcome(user, (struct wire_out){ &wire_out_ops, l, welcome->features }, welcome);
}

static void on_state(void *user, const struct tunnel_news *news)
{
	struct session *s = user;
	if (news->state == TUNNEL_ONLINE) {
		left_over_look(s->left_over);
		asked_start(s->asked);
	}
	s->set.events->on_state(s->set.user, news);
}

static void on_stop(void *user, enum reason reason, const struct facts *facts)
{
	struct session *s = user;
	struct error why;
	reason_set_error(&why, reason, facts);
	s->set.events->on_stop(s->set.user, &why);
}

static void on_warning(void *user, const char *sentence)
{
	struct session *s = user;
	s->set.events->on_trouble(s->set.user, sentence);
}

const struct tunnel_ops session_tunnel_ops = {
	on_state, on_welcome, on_frame, on_credit, on_lost, on_stop, on_warning
};
