/* What goes back to the relay on a stream, and what is kept of it until the relay has credited it. */
#include "client/delivery/stream.h"

#include "shared/http/headers.h"

#define UNSENT_MAX WIRE_STREAM_WINDOW /* bytes of an answer held before the app is made to wait */
#define SHORT_MOST 65536              /* what has more to say does so when others have had their turn */
#define MAX_WINDOW (INT64_C(1) << 31)

static uint64_t unsent(const struct answer *a)
{
	return a->kept_from + a->kept.len - a->sent;
}

/* The next bytes to go, at most `most`. */
static struct bytes next_bytes(const struct answer *a, size_t most)
{
	size_t n = unsent(a) < most ? (size_t)unsent(a) : most;
	return bytes_make(a->kept.at + (a->sent - a->kept_from), n);
}

static bool windows_open(const struct stream *st, const struct link *l)
{
	const struct answer *a = &st->answer;
	bool is_long = a->sent + unsent(a) > SHORT_MOST;
	return a->window > 0 && (is_long ? link_may_send_long(l) : link_may_send_body(l));
}

static void drop_credited(struct answer *a)
{
	uint64_t until = a->credited < a->sent ? a->credited : a->sent;
	if (until <= a->kept_from)
		return;
	buffer_consume(&a->kept, (size_t)(until - a->kept_from));
	a->kept_from = until;
}

static void spend(struct stream *st, struct link *l, size_t len)
{
	struct answer *a = &st->answer;
	a->window -= (int64_t)len;
	link_sent_body(l, len);
	a->sent += len;
	if (a->reached < a->sent)
		a->reached = a->sent;
}

static void send_head(struct stream *st, struct link *l)
{
	struct answer *a = &st->answer;
	struct wire_response r = {
		.status = (uint16_t)a->status,
		.body_len = a->body_len,
		.reason = buffer_view(&a->reason),
		.headers = buffer_view(&a->headers),
		.body = next_bytes(a, windows_open(st, l) ? WIRE_STREAM_WINDOW : 0),
	};
	a->end_sent = a->whole && r.body.len == unsent(a);
	append_or_close(l, wire_encode_response(link_out(l), st->id, a->end_sent ? WIRE_END : 0, &r));
	spend(st, l, r.body.len);
	a->head_sent = a->head_ever_sent = true;
}

static void send_rest(struct stream *st, struct link *l)
{
	struct answer *a = &st->answer;
	while (!a->end_sent && unsent(a) > 0 && windows_open(st, l)) {
		struct bytes piece = next_bytes(a, WIRE_DATA_CHUNK);
		a->end_sent = a->whole && piece.len == unsent(a);
		append_or_close(l, wire_encode_data(link_out(l), st->id, a->end_sent ? WIRE_END : 0, piece));
		spend(st, l, piece.len);
	}
	if (!a->end_sent && a->whole && unsent(a) == 0) {
		append_or_close(l, wire_encode_data(link_out(l), st->id, WIRE_END, bytes_of(NULL)));
		a->end_sent = true;
	}
}

void stream_send_answer(struct stream *st)
{
	struct answer *a = &st->answer;
	struct link *l = stream_wire(st);
	if (!l || !st->committed || !a->head_here || a->end_sent)
		return;
	if (!a->head_sent)
		send_head(st, l);
	send_rest(st, l);
	drop_credited(a);
	if (a->end_sent)
		stream_answer_given(st);
	if (a->aborted && unsent(a) == 0)
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, st->result.error);
	else if (st->forward && unsent(a) < UNSENT_MAX / 2)
		forward_resume(st->forward);
}

bool stream_keep_answer(struct stream *st, struct bytes piece)
{
	if (!st->on_wire || st->origin == ORIGIN_SPOOL)
		return true;
	if (unsent(&st->answer) >= UNSENT_MAX)
		return false;
	if (!buffer_append_bytes(&st->answer.kept, piece))
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
	return true;
}

void stream_answer_instead(struct stream *st)
{
	static const char *const names[] = { "", "unreachable", "timeout", "aborted", "tls", "aborted" };
	struct answer *a = &st->answer;
	a->status = st->result.result == ATTEMPT_TIMEOUT ? 504 : 502;
	a->headers.len = a->reason.len = a->kept.len = 0;
	bool fine = headers_append(&a->headers, bytes_of("Content-Type"), bytes_of("text/plain; charset=utf-8")) &&
		    headers_append(&a->headers, bytes_of("Creel-Error"), bytes_of(names[st->result.result])) &&
		    buffer_printf(&a->kept, "creel: %s\n", st->result.error);
	if (!fine) {
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client is out of memory");
		return;
	}
	a->body_len = a->kept.len;
	a->head_here = a->whole = true;
	stream_send_answer(st);
}

void stream_answer_status(struct stream *st, int status)
{
	struct answer *a = &st->answer;
	a->status = status;
	a->headers.len = a->reason.len = a->kept.len = 0;
	a->body_len = 0;
	a->head_here = a->whole = true;
	stream_send_answer(st);
}

bool stream_take_credit(struct stream *st, uint32_t credit)
{
	struct answer *a = &st->answer;
	a->window += credit;
	a->credited += credit;
	if (a->window > MAX_WINDOW)
		return false;
	drop_credited(a);
	return true;
}

bool stream_rewind_answer(struct stream *st, bool head, uint64_t body_seen)
{
	struct answer *a = &st->answer;
	if ((head && !a->head_ever_sent) || body_seen > a->reached)
		return false;
	if (body_seen < a->kept_from) {
		stream_send_reset(st, WIRE_RESET_APP_ABORTED, "the client no longer has these bytes of the answer");
		return true;
	}
	a->window = WIRE_STREAM_WINDOW;
	a->sent = a->credited = body_seen;
	a->head_sent = head;
	a->end_sent = false;
	drop_credited(a);
	return true;
}
