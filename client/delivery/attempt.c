#include "client/delivery/attempt.h"

#include "client/delivery/response.h"

#include <string.h>

#define RETRY_MS 1000

/* How much of the piece is for the record. What an app sends for a sender that has gone is not read to its end:
 * somebody who asks for large answers and hangs up would fill the disk with them. */
static size_t piece_for_record(struct stream *st, size_t len)
{
	const struct session_options *o = &st->set->options;
	struct answer *a = &st->answer;
	uint64_t room = o->record_max_answer - spill_len(&a->body);
	if (st->abandoned) {
		uint64_t left = o->record_max_abandoned > a->unheard ? o->record_max_abandoned - a->unheard : 0;
		room = room < left ? room : left;
		a->unheard += len;
		if (a->unheard > o->record_max_abandoned) {
			a->cut = ANSWER_CUT_SENDER_GONE;
			stream_at_turn_end(st, TURN_HANG_UP);
		}
	}
	if (len > room && !a->cut && o->record_max_answer < o->record_max)
		a->cut = ANSWER_CUT_NO_ROOM;
	return len < room ? len : (size_t)room;
}

void attempt_expect_body(struct stream *st, uint64_t len)
{
	uint64_t most = st->set->options.record_max_answer;
	if (len != WIRE_UNKNOWN_LENGTH)
		spill_expect(&st->answer.body, len < most ? len : most);
}

void attempt_take_body(struct stream *st, struct bytes piece)
{
	size_t kept = piece_for_record(st, piece.len);
	st->answer.size += piece.len;
	/* Without room for more the record is cut, and says so by its size. */
	if (!st->answer.full && !spill_append(&st->answer.body, piece.at, kept))
		st->answer.full = true;
}

void attempt_take_raw(struct stream *st, struct bytes raw)
{
	if (!buffer_append_bytes(&st->answer.raw, raw))
		st->answer.raw.len = 0; /* the record says less */
}

/* What is kept until the relay's DONE is the response alone, with the answer's body where that is a part of it. */
static void forget_request(struct stream *st)
{
	struct wire_request *r = &st->request;
	r->peer = r->method = r->target = r->prefix = r->headers = bytes_of(NULL);
	struct buffer *done_with[] = { &st->head, &st->spoilt, &st->trailers, &st->called, &st->answer.raw };
	spill_free(&st->body);
	if (!response_needs_record(st))
		spill_free(&st->answer.body);
	for (size_t i = 0; i < sizeof done_with / sizeof *done_with; i++)
		buffer_free(done_with[i]);
}

static void end(struct stream *st, enum record_state state)
{
	stream_pin(st);
	stream_record_to(st, state);
	if (state == RECORD_DONE)
		response_record_given(st);
	st->by->recorded(st);
	forget_request(st);
	stream_unpin(st);
}

static void on_retry(uv_timer_t *t)
{
	attempt_retry(t->data);
}

static void on_recorded(void *user, const struct error *e)
{
	struct stream *st = user;
	struct streams *set = st->set;
	if (e) /* that it works again is for a delivery to show, which needs more room */
		stream_store_works(set, e);
	if (e && !set->draining && !set->cancelled) {
		/* Left so, the delivery would pass for unfinished, and the app be called again at the next start. */
		stream_record_to(st, RECORD_RETRY);
		st->retry_next = set->retry;
		set->retry = st;
		uv_timer_start(&set->retry_timer, on_retry, RETRY_MS, 0);
		return;
	}
	if (!e)
		spill_keep(&st->answer.body);
	end(st, e ? RECORD_GIVEN_UP : RECORD_DONE);
}

static void on_kept(void *user)
{
	struct stream *st = user;
	stream_record_to(st, RECORD_KEPT);
	response_send(st);
}

static void submit(struct stream *st)
{
	stream_record_to(st, RECORD_WRITING);
	st->set->record->insert_attempt(st->set->recorder, &st->attempt_record, &st->response.given, on_kept,
					on_recorded, st);
}

void attempt_record(struct stream *st)
{
	const struct forward_result *r = &st->result;
	struct store_attempt a = {
		.delivery_id = st->delivery_id,
		.number = st->attempt,
		.job = st->job,
		.started_at_us = r->started_at_us,
		.result = r->result,
		.then = stream_is_held(st) ? ATTEMPT_THEN_HELD : ATTEMPT_THEN_OVER,
		.status = r->status,
		.reason = buffer_view(st->answer.apart ? &st->answer.reason : &st->response.reason),
		.connect_us = r->connect_us,
		.first_byte_us = r->first_byte_us,
		.total_us = r->total_us,
		.raw = buffer_view(&st->answer.raw),
		.body_size = st->answer.size,
		.cut = st->answer.cut,
	};
	memcpy(a.event_id, st->request.event_id, UUID_LEN);
	stream_recorded_part(st, &st->answer.body, &a.body, &a.spilled);
	/* The URL dies with the call. */
	size_t url_len = strlen(r->url), error_len = strlen(r->error);
	spill_free(&st->body);
	if (buffer_append(&st->called, r->url, url_len) && buffer_append(&st->called, r->error, error_len)) {
		a.url = bytes_make(st->called.at, url_len);
		a.error = bytes_make(st->called.at + url_len, error_len);
	}
	if (r->status) {
		a.headers = buffer_view(st->answer.apart ? &st->answer.headers : &st->response.headers);
		a.trailers = buffer_view(st->answer.apart ? &st->answer.trailers : &st->response.trailers);
	}
	st->attempt_record = a;
	submit(st);
}

void attempt_init(struct streams *set)
{
	uv_timer_init(set->loop, &set->retry_timer);
	set->retry_timer.data = set;
}

void attempt_retry(struct streams *set)
{
	struct stream *list = set->retry;
	set->retry = NULL;
	while (list) {
		struct stream *st = list;
		list = st->retry_next;
		st->attempt_record.delivery_id = st->delivery_id;
		if (set->draining)
			end(st, RECORD_GIVEN_UP);
		else
			submit(st);
	}
}
