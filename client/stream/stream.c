#include "client/stream/stream.h"

#include "client/common/limits.h"
#include "shared/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static bool copy_head(struct stream *st)
{
	struct wire_request *r = &st->request;
	struct bytes *views[] = { &r->peer, &r->method, &r->target, &r->prefix, &r->headers, &st->tunnel };
	size_t total = 0;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		total += views[i]->len;
	if (!buffer_reserve(&st->head, total))
		return false;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		size_t start = st->head.len;
		if (!buffer_append_bytes(&st->head, *views[i]))
			return false;
		*views[i] = bytes_make(st->head.at + start, views[i]->len);
	}
	return true;
}

void stream_hold(struct stream *st, int64_t bytes)
{
	st->held += (size_t)bytes;
	st->set->held += (size_t)bytes;
}

struct stream *stream_new(struct streams *set, uint64_t id, const struct wire_request *request)
{
	struct stream *st = calloc(1, sizeof *st);
	if (!st)
		return NULL;
	st->set = set;
	st->id = id;
	st->request = *request;
	st->tunnel = bytes_of(set->tunnel_name);
	st->inflow.window = st->response.window = WIRE_STREAM_WINDOW;
	st->response.body_len = WIRE_UNKNOWN_LENGTH;
	struct spill *both[] = { &st->body, &st->answer.body };
	for (size_t i = 0; i < sizeof both / sizeof *both; i++)
		if (set->options.bodies)
			spill_init_for_record(both[i], set->options.bodies, set->loop);
		else
			spill_init(both[i], NULL);
	if (request->body_len != WIRE_UNKNOWN_LENGTH)
		spill_expect(&st->body, request->body_len);
	if (!copy_head(st)) {
		buffer_free(&st->head);
		free(st);
		return NULL;
	}
	st->request.body = bytes_of(NULL);
	stream_hold(st, (int64_t)(sizeof *st + st->head.len));
	st->route = set->options.route_count - 1; /* until route_choose */
	if (id) {
		HASH_ADD(hh, set->by_id, id, sizeof st->id, st);
		st->on_wire = true;
	}
	st->live_next = set->live;
	st->live_back = &set->live;
	if (st->live_next)
		st->live_next->live_back = &st->live_next;
	set->live = st;
	return st;
}

static bool is_needed(const struct stream *st)
{
	return st->on_wire || stream_commits(st) || st->call == CALL_WAITING || st->call == CALL_CALLING ||
	       st->call == CALL_PASSING || stream_is_being_recorded(st) || stream_is_unnumbered(st) ||
	       st->turn != TURN_NOTHING || st->pins;
}

void stream_release(struct stream *st)
{
	if (is_needed(st))
		return;
	st->set->held -= st->held;
	*st->live_back = st->live_next;
	if (st->live_next)
		st->live_next->live_back = st->live_back;
	struct buffer *all[] = { &st->head,
				 &st->trailers,
				 &st->response.reason,
				 &st->response.headers,
				 &st->response.trailers,
				 &st->spoilt,
				 &st->response.kept,
				 &st->answer.reason,
				 &st->answer.headers,
				 &st->answer.trailers,
				 &st->answer.raw,
				 &st->called,
				 &st->event,
				 &st->up };
	spill_free(&st->body);
	spill_free(&st->answer.body);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(st);
}

void stream_pin(struct stream *st)
{
	st->pins++;
}

void stream_unpin(struct stream *st)
{
	st->pins--;
	stream_release(st);
}

/* ---- the request ---- */

struct stream *stream_find(const struct streams *set, uint64_t id)
{
	struct stream *st;
	HASH_FIND(hh, set->by_id, &id, sizeof id, st);
	return st;
}

bool stream_may_hold(const struct stream *st)
{
	errno = ENOMEM;
	return st->set->held <= LIMIT_HELD;
}

bool stream_take_trailers(struct stream *st, struct bytes block)
{
	if (!stream_may_hold(st) || !buffer_append_bytes(&st->trailers, block))
		return false;
	stream_hold(st, (int64_t)block.len);
	return true;
}

bool stream_take_body(struct stream *st, struct bytes body)
{
	size_t before = st->body.memory.len;
	if (body.len == 0)
		return true;
	if (!stream_may_hold(st) || !spill_append(&st->body, body.at, body.len))
		return false;
	st->body_size += body.len;
	stream_hold(st, st->body.memory.len > before ? (int64_t)(st->body.memory.len - before) : 0);
	return true;
}

void stream_give_up(struct stream *st)
{
	struct error e;
	error_set(&e, EXIT_STORE, "there is no room in %s for a body of more than %llu bytes: %s; make room",
		  st->set->options.bodies, (unsigned long long)st->body_size, strerror(errno));
	stream_store_works(st->set, &e);
	stream_send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	stream_release(st);
}

void stream_recorded_part(const struct stream *st, const struct spill *body, struct bytes *view,
			  const struct spill **spilled)
{
	uint64_t most = st->set->options.record_max;
	*spilled = spill_view(body, view) ? NULL : body;
	if (*spilled)
		*view = bytes_make(NULL, (size_t)spill_len(body));
	if (view->len > most)
		view->len = (size_t)most;
}

enum delivery_state stream_first_state(const struct stream *st)
{
	if (st->inbound == INBOUND_REFUSED)
		return DELIVERY_REFUSED;
	return st->set->options.no_app ? DELIVERY_WAITING : DELIVERY_SENDING;
}

void stream_describe(const struct stream *st, struct store_delivery *out)
{
	const struct wire_request *r = &st->request;
	*out = (struct store_delivery){
		.received_at_us = r->received_at_us,
		.reached_at_us = clock_now_us(),
		.origin = st->origin,
		.state = stream_first_state(st),
		.refused_status = r->refused_status,
		.https = r->https,
		.forwarded = r->forwarded,
		.has_body = r->has_body,
		.tunnel = st->tunnel,
		.method = r->method,
		.target = r->target,
		.prefix = r->prefix,
		.peer = r->peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
		.headers = r->headers,
		.trailers = buffer_view(&st->trailers),
		.body_size = stream_request_bytes(st),
	};
	memcpy(out->event_id, r->event_id, UUID_LEN);
	stream_recorded_part(st, &st->body, &out->body, &out->spilled);
}

uint64_t stream_request_bytes(const struct stream *st)
{
	if (st->inbound == INBOUND_REFUSED && st->request.body_len != WIRE_UNKNOWN_LENGTH)
		return st->request.body_len;
	return st->body_size;
}

void stream_await_call(struct stream *st)
{
	if (st->call != CALL_WAITING)
		stream_call_to(st, CALL_WAITING);
}

bool stream_is_held(const struct stream *st)
{
	return st->set->options.hold && st->by->may_hold && !st->upgrade && st->result.result == ATTEMPT_UNREACHABLE;
}

bool stream_is_upgraded(const struct stream *st)
{
	return st->upgrade && st->response.status == 101;
}

/* ---- the wire ---- */

const struct wire_out *stream_wire(const struct stream *st)
{
	return st->on_wire ? st->set->wire : NULL;
}

void stream_send_recorded(struct stream *st)
{
	const struct wire_out *w = stream_wire(st);
	if (w)
		w->ops->recorded(w->link, st->id, st->request.event_id);
}

static void note_ended(struct streams *set, uint64_t id)
{
	struct ended *e = calloc(1, sizeof *e);
	if (!e) { /* what comes again would pass for new */
		set->greeted->ops->close(set->greeted->link, 1011, "out of memory");
		return;
	}
	e->id = id;
	HASH_ADD(hh, set->ended, id, sizeof e->id, e);
}

void stream_send_reset(struct stream *st, enum wire_reset code, const char *reason)
{
	const struct wire_out *w = stream_wire(st);
	/* The relay counts on a stream that it has listed; one still to be listed will be unknown here by that time. */
	if (!w && st->on_wire && st->listed != LISTED_NOT)
		w = st->set->greeted;
	if (w) {
		w->ops->reset(w->link, st->id, code, reason);
		if (st->resent != RESENT_NONE)
			note_ended(st->set, st->id);
	}
	stream_leave_wire(st);
}

static void forget_kept(struct stream *st)
{
	struct response *r = &st->response;
	size_t counted = r->kept.len < r->counted ? r->kept.len : r->counted;
	stream_hold(st, -(int64_t)counted);
	r->counted -= counted;
	buffer_free(&r->kept);
}

void stream_leave_wire(struct stream *st)
{
	const struct app_ops *app = st->set->app;
	if (!st->on_wire)
		return;
	HASH_DELETE(hh, st->set->by_id, st);
	st->on_wire = false;
	if (st->inbound == INBOUND_RECEIVING)
		stream_inbound_to(st, INBOUND_DROPPED);
	forget_kept(st);
	/* Not from here: the caller may be within a call of libcurl. */
	if (st->upgrade || (st->forward && app->is_event_stream(st->forward))) {
		stream_at_turn_end(st, TURN_HANG_UP);
		return;
	}
	/* An app that was made to wait for the sender goes on for the record, a little. */
	st->abandoned = st->origin == ORIGIN_LIVE;
	if (st->forward)
		app->resume(st->forward);
}

bool stream_has_ended(const struct streams *set, uint64_t id)
{
	struct ended *e;
	HASH_FIND(hh, set->ended, &id, sizeof id, e);
	return e != NULL;
}

void stream_forget_ended(struct streams *set)
{
	struct ended *e = set->ended, *next;
	HASH_CLEAR(hh, set->ended);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}

void stream_at_turn_end(struct stream *st, enum turn turn)
{
	struct streams *set = st->set;
	if (turn == TURN_SEND && !st->on_wire)
		return;
	if (st->turn == TURN_NOTHING) {
		st->turn_next = set->turn;
		set->turn = st;
		uv_idle_start(&set->turn_end, set->on_turn_end);
	}
	if (st->turn < turn)
		st->turn = turn;
}

/* ---- what they share ---- */

void stream_store_works(struct streams *set, const struct error *e)
{
	if (e && !set->store_fails)
		set->events->on_store(set->user, e->text);
	else if (!e && set->store_fails)
		set->events->on_store(set->user, NULL);
	set->store_fails = e != NULL;
}
