#include "client/delivery/response.h"

#include "shared/base/clock.h"
#include "shared/http/http_phrase.h"
#include "shared/http/headers.h"
#include "shared/wire/wire_block.h"

#define UNSENT_MAX (WIRE_STREAM_WINDOW / 2) /* bytes held before the app is made to wait */
#define SHORT_MOST 65536                    /* what has more to say does so when others have had their turn */
#define MAX_WINDOW (INT64_C(1) << 31)

static uint64_t unsent(const struct response *r)
{
	return r->kept_from + r->kept.len - r->sent;
}

/* The next bytes to go, at most `most`. */
static struct bytes next_bytes(const struct response *r, size_t most)
{
	size_t n = unsent(r) < most ? (size_t)unsent(r) : most;
	return bytes_make(r->kept.at + (r->sent - r->kept_from), n);
}

static bool windows_open(const struct response *r, const struct wire_out *w)
{
	return r->window > 0 && w->ops->may_send(w->link, r->sent + unsent(r) > SHORT_MOST);
}

/* The first bytes of it that the record has, and can be read from there. */
static uint64_t on_record(const struct stream *st)
{
	return st->answer.apart ? 0 : spill_len(&st->answer.body);
}

/* What was sent is kept no more once the relay has credited it, or where the record has it. */
static void drop_sent(struct stream *st)
{
	struct response *r = &st->response;
	uint64_t recorded = on_record(st), until = recorded > r->credited ? recorded : r->credited;
	if (until > r->sent)
		until = r->sent;
	if (until <= r->kept_from)
		return;
	buffer_consume(&r->kept, (size_t)(until - r->kept_from));
	r->kept_from = until;
}

/* What it takes of the memory that deliveries under way may hold. */
static void count(struct stream *st)
{
	struct response *r = &st->response;
	size_t now = r->reason.len + r->headers.len + r->trailers.len + r->kept.len;
	stream_hold(st, (int64_t)now - (int64_t)r->counted);
	r->counted = now;
}

static void spend(struct response *r, size_t len)
{
	r->window -= (int64_t)len;
	r->sent += len;
	if (r->reached < r->sent)
		r->reached = r->sent;
}

static bool has_trailers(const struct stream *st, const struct wire_out *w)
{
	return st->response.trailers.len > 0 && (w->features & WIRE_FEATURE_EXACT);
}

/* Nothing more of a call whose end is not on record: were the client killed then, the app would be called again for a
 * sender that has its answer. What came before the end may go. */
static bool must_wait(const struct stream *st)
{
	return st->call == CALL_OVER && st->response_state == RESPONSE_WHOLE &&
	       (st->record == RECORD_NONE || st->record == RECORD_WRITING);
}

/* Whether a frame with so many bytes of body is the last one. */
static bool ends_with(const struct stream *st, const struct wire_out *w, size_t len)
{
	return st->response_state == RESPONSE_WHOLE && len == unsent(&st->response) && !has_trailers(st, w);
}

static void send_head(struct stream *st, const struct wire_out *w)
{
	struct response *r = &st->response;
	struct buffer spare = { 0 };
	struct wire_response head = {
		.status = (uint16_t)r->status,
		.body_len = r->body_len,
		.reason = buffer_view(&r->reason),
		.headers = buffer_view(&r->headers),
		.body = next_bytes(r, windows_open(r, w) ? WIRE_STREAM_WINDOW : 0),
	};
	bool end = ends_with(st, w, head.body.len);
	if (!wire_block_for(w->features, &head.headers, &spare))
		head.headers = bytes_of(NULL); /* the answer still arrives */
	w->ops->response(w->link, st->id, end ? WIRE_END : 0, &head);
	buffer_free(&spare);
	spend(r, head.body.len);
	r->head_ever_sent = true;
	stream_sent_to(st, end ? SENT_END : SENT_HEAD);
}

static void send_piece(struct stream *st, const struct wire_out *w, size_t most)
{
	struct response *r = &st->response;
	struct bytes piece = next_bytes(r, most);
	bool end = ends_with(st, w, piece.len);
	w->ops->data(w->link, st->id, end ? WIRE_END : 0, piece);
	spend(r, piece.len);
	if (end)
		stream_sent_to(st, SENT_END);
}

static void send_trailers(struct stream *st, const struct wire_out *w)
{
	w->ops->data(w->link, st->id, WIRE_END | WIRE_TRAILERS, buffer_view(&st->response.trailers));
	stream_sent_to(st, SENT_END);
}

static void send_rest(struct stream *st, const struct wire_out *w)
{
	struct response *r = &st->response;
	while (st->sent != SENT_END && unsent(r) > 0 && windows_open(r, w))
		send_piece(st, w, WIRE_DATA_CHUNK);
	if (st->sent == SENT_END || st->response_state != RESPONSE_WHOLE || unsent(r) > 0)
		return;
	if (has_trailers(st, w))
		send_trailers(st, w);
	else
		send_piece(st, w, 0);
}

/* For a sender that waited. The client does not learn when the relay gave it on. */
static void note_given(struct stream *st)
{
	if (st->origin != ORIGIN_LIVE || stream_is_upgraded(st))
		return;
	st->response.given.at_us = clock_now_us();
	if (st->record == RECORD_DONE)
		response_record_given(st);
}

void response_record_given(struct stream *st)
{
	const struct answered *given = &st->response.given;
	if (given->at_us != given->recorded_us)
		st->set->record->set_answered(st->set->recorder, st->delivery_id, st->attempt, given->at_us);
}

void response_send(struct stream *st)
{
	struct response *r = &st->response;
	const struct wire_out *w = stream_wire(st);
	if (!w || !stream_is_synced(st) || st->response_state == RESPONSE_NONE || st->sent == SENT_END ||
	    must_wait(st) || (st->sent == SENT_NOTHING && w->ops->is_full(w->link)))
		return;
	if (st->sent == SENT_NOTHING)
		send_head(st, w);
	send_rest(st, w);
	drop_sent(st);
	count(st);
	if (st->sent == SENT_END)
		note_given(st);
	if (st->response_state == RESPONSE_BROKEN && unsent(r) == 0)
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, st->result.error);
	else if (st->forward && unsent(r) < UNSENT_MAX / 2)
		st->set->app->resume(st->forward);
}

/* At once what a large body will need, so that no smaller pieces are left over from growing. */
static void reserve_kept(struct response *r)
{
	if (r->body_len != WIRE_UNKNOWN_LENGTH && r->body_len > UNSENT_MAX && !buffer_reserve(&r->kept, UNSENT_MAX))
		return; /* it grows, or the answer breaks off there */
}

bool response_waits_for_link(const struct stream *st)
{
	return st->sent == SENT_HEAD && st->response.window > 0 && unsent(&st->response) > 0;
}

void response_take_head(struct stream *st, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct response *r = &st->response;
	r->status = status;
	r->body_len = body_len;
	if (!buffer_append_bytes(&r->reason, reason) || !buffer_append_bytes(&r->headers, headers))
		r->headers.len = 0; /* the answer still arrives; the record says less */
	if (st->origin == ORIGIN_SPOOL)
		return;
	reserve_kept(r);
	count(st);
	stream_response_to(st, RESPONSE_HEAD);
	stream_at_turn_end(st, TURN_SEND);
}

bool response_take_body(struct stream *st, struct bytes piece)
{
	if (!st->on_wire || st->origin == ORIGIN_SPOOL)
		return true;
	if (unsent(&st->response) > 0 && unsent(&st->response) + piece.len > UNSENT_MAX)
		return false;
	if (!stream_may_hold(st) || !buffer_append_bytes(&st->response.kept, piece))
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
	else
		count(st);
	return true;
}

void response_take_trailers(struct stream *st, struct bytes trailers)
{
	if (!buffer_append_bytes(&st->response.trailers, trailers))
		st->response.trailers.len = 0; /* the answer still arrives without */
}

/* What little came of an answer is for the record; the relay gets something else. */
static void set_answer_apart(struct stream *st)
{
	st->answer.reason = st->response.reason;
	st->answer.headers = st->response.headers;
	st->answer.trailers = st->response.trailers;
	st->answer.apart = true;
	st->response.reason = st->response.headers = st->response.trailers = (struct buffer){ 0 };
}

/* The client answers in the app's place: what became of the call. */
static void take_sentence(struct stream *st)
{
	static const char *const names[] = { "", "unreachable", "timeout", "aborted", "tls", "aborted" };
	struct response *r = &st->response;
	r->status = st->result.result == ATTEMPT_TIMEOUT ? 504 : 502;
	r->kept.len = 0;
	bool fine = buffer_append_text(&r->reason, http_phrase(r->status)) &&
		    headers_append(&r->headers, bytes_of("Content-Type"), bytes_of("text/plain; charset=utf-8")) &&
		    headers_append(&r->headers, bytes_of("Creel-Error"), bytes_of(names[st->result.result])) &&
		    buffer_printf(&r->kept, "creel: %s\n", st->result.error);
	if (!fine) {
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
		return;
	}
	r->body_len = r->kept.len;
	stream_response_to(st, RESPONSE_WHOLE);
	response_send(st);
}

void response_take_status(struct stream *st, int status)
{
	struct response *r = &st->response;
	r->status = status;
	r->headers.len = r->reason.len = r->trailers.len = r->kept.len = 0;
	r->body_len = 0;
	stream_response_to(st, RESPONSE_WHOLE);
	response_send(st);
}

void response_take_end(struct stream *st)
{
	enum attempt_result result = st->result.result;
	if (!st->on_wire)
		return;
	if (st->origin == ORIGIN_SPOOL) {
		/* Nobody waits: the relay gets the status, the answer's head is for the record. */
		set_answer_apart(st);
		response_take_status(st, st->result.status ? st->result.status : result == ATTEMPT_TIMEOUT ? 504 : 502);
	} else if (result == ATTEMPT_OK) {
		stream_response_to(st, RESPONSE_WHOLE);
		response_send(st);
	} else if (st->response.head_ever_sent) {
		stream_response_to(st, RESPONSE_BROKEN);
		response_send(st);
	} else {
		set_answer_apart(st);
		take_sentence(st);
	}
}

bool response_credit(struct stream *st, uint32_t credit)
{
	struct response *r = &st->response;
	r->window += credit;
	r->credited += credit;
	if (r->window > MAX_WINDOW)
		return false;
	drop_sent(st);
	count(st);
	return true;
}

bool response_needs_record(const struct stream *st)
{
	return st->on_wire && st->response.kept_from > st->response.credited;
}

/* Reads again, from the record, what came before what is kept. */
static bool read_again(struct stream *st, uint64_t from)
{
	struct response *r = &st->response;
	struct buffer all = { 0 };
	if (r->kept_from > on_record(st) || !spill_read(&st->answer.body, from, (size_t)(r->kept_from - from), &all) ||
	    !buffer_append_bytes(&all, buffer_view(&r->kept))) {
		buffer_free(&all);
		return false;
	}
	buffer_free(&r->kept);
	r->kept = all;
	r->kept_from = from;
	count(st);
	return true;
}

bool response_rewind(struct stream *st, bool head, uint64_t body_seen)
{
	struct response *r = &st->response;
	if ((head && !r->head_ever_sent) || body_seen > r->reached)
		return false;
	/* What it has credited it has seen. */
	if (body_seen < r->kept_from && (body_seen < r->credited || !read_again(st, body_seen))) {
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client no longer has these bytes of the answer");
		return true;
	}
	r->window = WIRE_STREAM_WINDOW;
	r->sent = r->credited = body_seen;
	stream_sent_to(st, head ? SENT_HEAD : SENT_NOTHING);
	drop_sent(st);
	return true;
}
