#include "client/delivery/stream.h"
#include "shared/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- life ---- */

static bool copy_head(struct stream *st)
{
	struct wire_request *r = &st->request;
	struct bytes *views[] = { &r->peer, &r->method, &r->target, &r->prefix, &r->headers };
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

struct stream *stream_new(struct session *s, uint64_t id, const struct wire_request *request, bool refused)
{
	struct stream *st = calloc(1, sizeof *st);
	if (!st)
		return NULL;
	st->session = s;
	st->id = id;
	st->request = *request;
	st->refused = refused;
	st->inflow.window = st->answer.window = WIRE_STREAM_WINDOW;
	st->answer.body_len = WIRE_UNKNOWN_LENGTH;
	spill_init(&st->body, s->options.folder);
	spill_init(&st->came_body, s->options.folder);
	if (!copy_head(st)) {
		buffer_free(&st->head);
		free(st);
		return NULL;
	}
	st->request.body = bytes_of(NULL);
	if (id) {
		HASH_ADD(hh, s->streams, id, sizeof st->id, st);
		st->on_wire = true;
	}
	st->live_next = s->live;
	st->live_back = &s->live;
	if (st->live_next)
		st->live_next->live_back = &st->live_next;
	s->live = st;
	return st;
}

struct stream *stream_of_taken(struct session *s, struct taken *t)
{
	struct wire_request r = {
		.received_at_us = t->received_at_us,
		.body_len = t->message.body.len,
		.has_body = t->has_body,
		.https = t->https,
		.forwarded = t->message.forwarded,
		.peer = buffer_view(&t->peer),
		.method = buffer_view(&t->method),
		.target = buffer_view(&t->target),
		.headers = buffer_view(&t->message.headers),
	};
	memcpy(r.event_id, t->event_id, UUID_LEN);
	struct stream *st = stream_new(s, 0, &r, false);
	if (!st)
		return NULL;
	spill_adopt(&st->body, &t->message.body);
	st->trailers = t->message.trailers;
	t->message.trailers = (struct buffer){ 0 };
	st->body_size = spill_len(&st->body);
	st->delivery_id = t->id;
	st->replay_of = t->replay_of;
	st->attempt = t->attempts;
	st->origin = t->origin;
	st->whole = st->committed = true;
	stream_mark(st);
	if (t->signature != SIGNATURE_UNKNOWN)
		st->signature = t->signature; /* as it goes out, which may be later than it was asked for */
	return st;
}

void stream_leave_wire(struct stream *st)
{
	if (!st->on_wire)
		return;
	HASH_DELETE(hh, st->session->streams, st);
	st->on_wire = false;
	buffer_free(&st->answer.kept);
	/* Not from here: who calls may be within a call of libcurl. */
	if (st->upgrade || (st->forward && forward_is_event_stream(st->forward))) {
		session_hang_up_soon(st->session, st);
		return;
	}
	/* An app that was made to wait for the sender goes on for the record, a little. */
	st->abandoned = st->origin == ORIGIN_LIVE;
	if (st->forward)
		forward_resume(st->forward);
}

void stream_release(struct stream *st)
{
	if (st->on_wire || st->committing || st->calling || st->recording || st->dirty || st->spell)
		return;
	*st->live_back = st->live_next;
	if (st->live_next)
		st->live_next->live_back = st->live_back;
	struct buffer *all[] = {
		&st->head,   &st->trailers,    &st->answer.reason, &st->answer.headers, &st->answer.kept,
		&st->spoilt, &st->came_reason, &st->came_headers,  &st->called,         &st->event,
		&st->up
	};
	spill_free(&st->body);
	spill_free(&st->came_body);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(st);
}

void append_or_close(struct link *l, bool appended)
{
	if (!appended)
		link_close(l, 1011, "out of memory");
	link_flush_soon(l);
}

struct link *stream_wire(const struct stream *st)
{
	return st->on_wire ? st->session->wire : NULL;
}

void stream_send_reset(struct stream *st, enum wire_reset code, const char *reason)
{
	struct session *s = st->session;
	struct link *l = stream_wire(st);
	/* The relay counts on a stream that it has listed; one still to be listed will be unknown here then. */
	if (!l && st->on_wire && s->listing && st->listed)
		l = s->link;
	if (l) {
		append_or_close(l, wire_encode_reset(link_out(l), st->id, code, bytes_of(reason)));
		if (st->resend)
			session_note_ended(s, st->id);
	}
	stream_leave_wire(st);
}

bool inflow_come(struct inflow *in, size_t len)
{
	if (len > 0 && in->window <= 0)
		return false;
	in->window -= (int64_t)len;
	return true;
}

void inflow_gone(struct inflow *in, struct link *l, uint64_t id, size_t len)
{
	in->due += (uint32_t)len;
	if (in->due < WIRE_STREAM_WINDOW / 4)
		return;
	append_or_close(l, wire_encode_window(link_out(l), id, in->due));
	in->window += in->due;
	in->due = 0;
}

bool inflow_take(struct inflow *in, struct link *l, uint64_t id, size_t len)
{
	if (!inflow_come(in, len))
		return false;
	inflow_gone(in, l, id, len);
	return true;
}

bool stream_take_body(struct stream *st, struct bytes body)
{
	if (!spill_append(&st->body, body.at, body.len))
		return false;
	st->body_size += body.len;
	return true;
}

void stream_give_up(struct stream *st)
{
	struct error e;
	error_set(&e, EXIT_STORE, "there is no room in %s for a body of more than %llu bytes: %s; make room",
		  st->session->options.folder, (unsigned long long)st->body_size, strerror(errno));
	session_store_works(st->session, &e);
	stream_send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	stream_release(st);
}

void stream_recorded_part(const struct stream *st, const struct spill *body, struct bytes *view,
			  const struct spill **spilled)
{
	uint64_t most = st->session->options.record_max;
	*spilled = spill_view(body, view) ? NULL : body;
	if (*spilled)
		*view = bytes_make(NULL, (size_t)spill_len(body));
	if (view->len > most)
		view->len = (size_t)most;
}

/* ---- the commit ---- */

/* Of one that never came whole, what was declared. */
static uint64_t stream_request_bytes(const struct stream *st)
{
	return st->refused && st->request.body_len != WIRE_UNKNOWN_LENGTH ? st->request.body_len : st->body_size;
}

void stream_tell_delivery(struct stream *st)
{
	struct session *s = st->session;
	const uint8_t *query = memchr(st->request.target.at, '?', st->request.target.len);
	struct delivery_row row = {
		.id = st->delivery_id,
		.received_at_us = st->request.received_at_us,
		.origin = st->origin,
		.replay_of = st->replay_of,
		.state = st->refused         ? DELIVERY_REFUSED
			 : s->options.no_app ? DELIVERY_WAITING
					     : DELIVERY_SENDING,
		.status = st->refused ? st->request.refused_status : 0,
		.took_us = -1,
		.request_bytes = stream_request_bytes(st),
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.path = bytes_make(st->request.target.at,
				   query ? (size_t)(query - st->request.target.at) : st->request.target.len),
		.peer = st->request.peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
	};
	memcpy(row.event_id, st->request.event_id, UUID_LEN);
	s->events->on_delivery(s->user, &row);
}

void stream_send_recorded(struct stream *st)
{
	struct link *l = stream_wire(st);
	if (l)
		append_or_close(l, wire_encode_event_id(link_out(l), WIRE_RECORDED, st->id, st->request.event_id));
}

/* It outlives a kill: the app may be called. Nothing goes back to the relay yet, for a power cut may still take it. */
static void on_committed(void *user, int64_t id, bool duplicate)
{
	struct stream *st = user;
	struct session *s = st->session;
	st->delivery_id = id;
	if (duplicate)
		return;
	stream_tell_delivery(st);
	if (st->refused || s->cancelled)
		return;
	st->begun = true;
	s->busy++;
	if (!st->upgrade && stream_answer_challenge(st))
		return;
	if (s->weather && !st->upgrade)
		weather_take(st);
	else
		stream_call_app(st);
}

static void on_recorded(void *user, int64_t id, bool duplicate, const struct error *e)
{
	struct stream *st = user;
	struct session *s = st->session;
	(void)id;
	(void)duplicate;
	st->committing = false;
	s->busy--;
	session_store_works(s, e);
	if (e) {
		stream_send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	} else {
		st->committed = true;
		stream_send_recorded(st);
		if (st->begun)
			stream_send_answer(st);
		else if (st->refused || s->cancelled)
			stream_leave_wire(st);
		else /* What was known already is on record with its answer: there is nothing to say but that. */
			stream_answer_status(st, 202);
	}
	stream_release(st);
}

void stream_commit(struct stream *st)
{
	struct session *s = st->session;
	stream_mark(st);
	struct store_delivery d = {
		.received_at_us = st->request.received_at_us,
		.reached_at_us = clock_now_us(),
		.origin = st->origin,
		.state = st->refused         ? DELIVERY_REFUSED
			 : s->options.no_app ? DELIVERY_WAITING
					     : DELIVERY_SENDING,
		.refused_status = st->request.refused_status,
		.https = st->request.https,
		.forwarded = st->request.forwarded,
		.has_body = st->request.has_body,
		.tunnel = bytes_of(tunnel_name(s->tunnel)),
		.method = st->request.method,
		.target = st->request.target,
		.prefix = st->request.prefix,
		.peer = st->request.peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
		.headers = st->request.headers,
		.trailers = buffer_view(&st->trailers),
		.body_size = st->body_size,
	};
	memcpy(d.event_id, st->request.event_id, UUID_LEN);
	stream_recorded_part(st, &st->body, &d.body, &d.spilled);
	d.body_size = stream_request_bytes(st);
	s->busy++;
	st->whole = true;
	st->committing = true;
	recorder_insert_delivery(s->recorder, &d, on_committed, on_recorded, st);
}
