/* What a sender is answered: the app's answer as it came, 202, or why not. */
#include "relay/senders/sender.h"

#include "relay/senders/browser_warning.h"
#include "relay/streams/delivery_streams.h"
#include "relay/streams/stream.h"
#include "shared/http/headers.h"
#include "shared/http/hop_by_hop.h"
#include "shared/http/http_date.h"
#include "shared/http/http_phrase.h"
#include "shared/program/log.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_MOST (64u << 10)

static void count_status(struct senders *all, int status)
{
	if (status >= 100 && status < 600)
		all->relay->metrics.status_class[status / 100]++;
}

static void begin(struct sender *s, enum answer_kind kind, int status)
{
	s->answer = kind;
	s->out_at = 0;
	s->last_chunk = false;
	count_status(s->all, status);
	sender_to(s, SENDER_ANSWER);
}

/* What follows every status line: whether another request may follow. */
static bool put_connection(struct sender *s)
{
	if (!s->keeps_alive || s->all->relay->draining)
		return buffer_append_text(&s->out, "Connection: close\r\n");
	return !s->version_1_0 || buffer_append_text(&s->out, "Connection: keep-alive\r\n");
}

/* ---- the relay's own ---- */

/* An origin's answers tell when they were made (RFC 9110 §6.6.1); those of the app are its own affair. */
static bool put_date(struct sender *s)
{
	char date[HTTP_DATE_SIZE];
	http_date_write(time(NULL), date);
	return buffer_printf(&s->out, "Date: %s\r\n", date);
}

void answer_continue(struct sender *s)
{
	s->continue_due = false;
	struct iovec line = { "HTTP/1.1 100 Continue\r\n\r\n", 25 };
	ssize_t n = conn_writev(&s->conn, &line, 1);
	/* Where earlier answers fill the socket, the body comes without it (RFC 9110 §10.1.1); TLS has begun a record.
	 */
	if (n != (ssize_t)line.iov_len && (n != CONN_AGAIN || s->conn.tls))
		sender_close(s);
}

static bool put_refusal(struct sender *s, const struct refusal_text *t)
{
	bool page = s->page.len > 0;
	const char *sentence = s->sentence ? s->sentence : t->sentence;
	size_t len = page ? s->page.len : strlen(sentence) + strlen("creel: \n");
	bool fine = buffer_printf(&s->out,
				  "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
				  "%sCreel-Refused: %s\r\n",
				  t->status, http_phrase(t->status), page ? "text/html" : "text/plain", len,
				  page ? "" : "X-Content-Type-Options: nosniff\r\n", t->name); /* a page has its own */
	if (fine && t->retry_after)
		fine = buffer_printf(&s->out, "Retry-After: %d\r\n", t->retry_after);
	fine = fine && put_date(s) && put_connection(s) && buffer_append_bytes(&s->out, buffer_view(&s->fields)) &&
	       buffer_append(&s->out, "\r\n", 2);
	if (s->asks_head)
		return fine;
	return fine && (page ? buffer_append_bytes(&s->out, buffer_view(&s->page))
			     : buffer_printf(&s->out, "creel: %s\n", sentence));
}

void answer_refuse(struct sender *s, enum refusal why)
{
	struct relay *relay = s->all->relay;
	const struct refusal_text *t = refusal_text(why);
	struct log_number status;
	/* After a refused head nobody knows where the next request begins. */
	bool read_whole = s->head.fault == HTTP1_FINE && s->body.fault == HTTP1_FINE && http1_body_is_over(&s->body);
	s->keeps_alive = s->keeps_alive && read_whole && t->status >= 500 && why != REFUSE_VERSION;
	s->out.len = 0;
	relay->metrics.refused[why]++;
	/* Pages have a log of their own. */
	if (s->page.len == 0 && RELAY_LOGS(relay, LOG_INFO, "refused", t->name))
		log_event(LOG_INFO, "refused", "reason", t->name, "status", log_number(&status, t->status), "peer",
			  s->peer, NULL);
	if (put_refusal(s, t))
		begin(s, ANSWER_OWN, t->status);
	else
		sender_close(s);
}

void answer_text(struct sender *s, struct bytes text)
{
	s->keeps_alive = s->keeps_alive && http1_body_is_over(&s->body);
	s->out.len = 0;
	bool fine = buffer_printf(&s->out, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n",
				  text.len) &&
		    put_date(s) && put_connection(s) && buffer_append(&s->out, "\r\n", 2) &&
		    buffer_append_bytes(&s->out, text);
	if (fine)
		begin(s, ANSWER_OWN, 200);
	else
		sender_close(s);
}

/* 202: nobody answered, and it is safe. */
static void accept_it(struct sender *s)
{
	char id[UUID_TEXT_LEN + 1], body[200];
	uuid_format(s->delivery->request.event_id, id);
	int len = snprintf(body, sizeof body, "{\"accepted\":true,\"event_id\":\"%s\"}\n", id);
	s->out.len = 0;
	bool fine = buffer_printf(&s->out,
				  "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nCreel-Event-Id: %s\r\n"
				  "Content-Length: %d\r\n",
				  id, len) &&
		    put_date(s) && put_connection(s) && buffer_append(&s->out, "\r\n", 2) &&
		    buffer_append(&s->out, body, (size_t)len);
	s->all->relay->metrics.accepted++;
	if (fine)
		begin(s, ANSWER_OWN, 202);
	else
		sender_close(s);
}

/* ---- the app's ---- */

/* How its end will be told. *whole: the length of one that is all here and of which none was declared. */
static enum answer_kind kind_of(const struct sender *s, const struct delivery *d, uint64_t *length)
{
	const struct wire_response *a = &d->answer;
	*length = a->body_len;
	if (d->upgrade && a->status == 101)
		return ANSWER_UPGRADED;
	if (s->asks_head || a->status == 204 || a->status == 304)
		return ANSWER_BODILESS;
	bool trailers = d->answer_trailers.len > 0 && !s->version_1_0;
	if (a->body_len == WIRE_UNKNOWN_LENGTH && d->phase == PHASE_DONE && !trailers)
		*length = d->answer_body.len - d->answer_at;
	if (*length != WIRE_UNKNOWN_LENGTH && !trailers)
		return ANSWER_LENGTH;
	return s->version_1_0 ? ANSWER_UNTIL_CLOSE : ANSWER_CHUNKED;
}

/* Whether the app's Content-Length may stand for the body that goes out, `length` bytes: one that says something else
 * would have its reader take the next answer for the rest, or the rest for an answer (RFC 9112 §6.3, RFC 9110 §8.6). */
static bool keeps_length(const struct sender *s, struct bytes value, uint64_t length)
{
	uint64_t said;
	if (s->delivery->answer.status == 204 || !headers_read_length(value, &said))
		return false;
	return s->answer == ANSWER_BODILESS || (s->answer == ANSWER_LENGTH && said == length);
}

/* The app's field lines as they came, without those that are the app's connection's own. *length_here: the length was
 * among them. */
static bool put_fields(struct sender *s, struct bytes block, uint64_t body_len, bool *length_here)
{
	struct bytes name, value;
	struct hop_by_hop hops = { 0 };
	size_t pos = 0, from = 0;
	bool fine = hop_by_hop_find(&hops, block);
	for (; fine && headers_next(block, &pos, &name, &value); from = pos) {
		bool length = bytes_equal_nocase(name, "Content-Length");
		bool passes = s->answer == ANSWER_UPGRADED && bytes_equal_nocase(name, "Upgrade");
		if (s->all->relay->warning && bytes_equal_nocase(name, "Set-Cookie") && browser_warning_is_ours(value))
			continue;
		if (length && (*length_here || !keeps_length(s, value, body_len)))
			continue;
		if (!passes && hop_by_hop_has(&hops, name))
			continue;
		*length_here |= length;
		fine = buffer_append(&s->out, block.at + from, pos - from);
	}
	hop_by_hop_free(&hops);
	return fine;
}

static bool put_head(struct sender *s, const struct delivery *d, uint64_t length)
{
	bool length_here = false;
	bool fine = buffer_printf(&s->out, "HTTP/1.1 %d ", d->answer.status) &&
		    buffer_append_bytes(&s->out, d->answer.reason) && buffer_append(&s->out, "\r\n", 2) &&
		    put_fields(s, d->answer.headers, length, &length_here);
	switch (s->answer) {
	case ANSWER_LENGTH:
		if (fine && !length_here)
			fine = buffer_printf(&s->out, "Content-Length: %llu\r\n", (unsigned long long)length);
		break;
	case ANSWER_CHUNKED:
		fine = fine && buffer_append_text(&s->out, "Transfer-Encoding: chunked\r\n");
		break;
	case ANSWER_UPGRADED:
		return fine && buffer_append_text(&s->out, "Connection: Upgrade\r\n\r\n");
	case ANSWER_UNTIL_CLOSE:
		s->keeps_alive = false;
		break;
	case ANSWER_OWN:
	case ANSWER_BODILESS:
		break;
	}
	return fine && put_connection(s) && buffer_append(&s->out, "\r\n", 2);
}

static void pass_on(struct sender *s)
{
	struct delivery *d = s->delivery;
	uint64_t length;
	s->out.len = 0;
	s->answer = kind_of(s, d, &length);
	s->answer_left = length;
	if (s->half_closed && headers_of_event_stream(d->answer.headers)) {
		sender_close(s); /* nobody reads it */
		return;
	}
	if (put_head(s, d, length))
		begin(s, s->answer, d->answer.status);
	else
		sender_close(s);
}

void answer_begin(struct sender *s)
{
	switch (s->delivery->phase) {
	case PHASE_REFUSED:
		answer_refuse(s, s->delivery->refusal);
		return;
	case PHASE_ACCEPTED:
		accept_it(s);
		return;
	case PHASE_ANSWERING:
	case PHASE_DONE:
	case PHASE_ABORTED: /* a head that is here goes out, whether its end came in the same moment or later */
		pass_on(s);
		return;
	case PHASE_RECEIVING:
	case PHASE_WHOLE:
	case PHASES:
		break;
	}
}

/* ---- bytes ---- */

static void took(struct sender *s, size_t len)
{
	struct delivery *d = s->delivery;
	d->answer_at += len;
	if (d->answer_at == d->answer_body.len)
		d->answer_body.len = d->answer_at = 0;
	s->all->relay->metrics.bytes_out += len;
	delivery_consumed(d, len);
}

/* Bytes of the body that may follow `out` as they are. */
static struct bytes plain_rest(const struct sender *s)
{
	const struct delivery *d = s->delivery;
	if (s->answer != ANSWER_LENGTH && s->answer != ANSWER_UNTIL_CLOSE)
		return bytes_make(NULL, 0);
	size_t len = d->answer_body.len - d->answer_at;
	if (s->answer == ANSWER_LENGTH && len > s->answer_left)
		len = (size_t)s->answer_left;
	return bytes_make(d->answer_body.at + d->answer_at, len);
}

/* The next chunk, or the last. False: out of memory. */
static bool put_chunk(struct sender *s)
{
	struct delivery *d = s->delivery;
	size_t len = d->answer_body.len - d->answer_at;
	if (len > CHUNK_MOST)
		len = CHUNK_MOST;
	if (len > 0) {
		bool fine = buffer_printf(&s->out, "%zx\r\n", len) &&
			    buffer_append(&s->out, d->answer_body.at + d->answer_at, len) &&
			    buffer_append(&s->out, "\r\n", 2);
		took(s, len);
		return fine;
	}
	if (d->phase != PHASE_DONE || s->last_chunk)
		return true;
	s->last_chunk = true;
	return buffer_append(&s->out, "0\r\n", 3) && buffer_append_bytes(&s->out, buffer_view(&d->answer_trailers)) &&
	       buffer_append(&s->out, "\r\n", 2);
}

static bool is_over(const struct sender *s)
{
	const struct delivery *d = s->delivery;
	switch (s->answer) {
	case ANSWER_OWN:
	case ANSWER_UPGRADED:
		return true;
	case ANSWER_BODILESS:
		return d->phase == PHASE_DONE;
	case ANSWER_LENGTH:
		return s->answer_left == 0 && d->phase == PHASE_DONE;
	case ANSWER_CHUNKED:
		return s->last_chunk;
	case ANSWER_UNTIL_CLOSE:
		return d->phase == PHASE_DONE && d->answer_body.len == d->answer_at;
	}
	return true;
}

/* What of the body nobody gets: of an answer to HEAD, or beyond the length that was declared. */
static void drop_rest(struct sender *s)
{
	const struct delivery *d = s->delivery;
	if (s->answer == ANSWER_BODILESS || (s->answer == ANSWER_LENGTH && s->answer_left == 0)) {
		size_t len = d->answer_body.len - d->answer_at;
		if (len > 0)
			took(s, len);
	}
}

/* Nothing more will come of it. */
static bool broke_off(const struct sender *s)
{
	const struct delivery *d = s->delivery;
	if (s->answer == ANSWER_OWN || !d)
		return false;
	if (d->phase == PHASE_ABORTED)
		return true;
	/* Shorter than declared: its reader is not to take it for whole. */
	return s->answer == ANSWER_LENGTH && d->phase == PHASE_DONE && d->answer_body.len == d->answer_at &&
	       s->answer_left > 0;
}

/* What is here of it has left. Its reader knows by the framing that the rest is missing, and gets all that there is: a
 * reset could overtake it. Where the connection's end is the answer's, only a reset tells. */
static bool end_short(struct sender *s)
{
	s->keeps_alive = false;
	if (s->answer != ANSWER_UNTIL_CLOSE && s->answer != ANSWER_UPGRADED)
		return true;
	if (s->answer == ANSWER_UNTIL_CLOSE)
		conn_reset_on_close(&s->conn);
	sender_close(s);
	return false;
}

bool answer_send(struct sender *s)
{
	for (;;) {
		if (s->answer == ANSWER_CHUNKED && s->out_at == s->out.len) {
			s->out.len = s->out_at = 0;
			if (!put_chunk(s)) {
				sender_close(s);
				return false;
			}
		} else if (s->answer == ANSWER_CHUNKED && s->out.len < CHUNK_MOST && !put_chunk(s)) {
			sender_close(s); /* the first chunks go with the head */
			return false;
		}
		struct bytes rest = plain_rest(s);
		size_t own = s->out.len - s->out_at;
		if (own + rest.len == 0)
			break;
		struct iovec pieces[] = { { s->out.at + s->out_at, own }, { (void *)(uintptr_t)rest.at, rest.len } };
		ssize_t n = conn_writev(&s->conn, pieces, rest.len > 0 ? 2 : 1);
		s->blocked = n == CONN_AGAIN;
		if (s->blocked) {
			if (s->deadline.due == WHEEL_NEVER) /* it was the app's turn until now */
				sender_expires_in(s, s->all->relay->settings.body_timeout_ms);
			return false;
		}
		if (n < 0) {
			sender_close(s);
			return false;
		}
		size_t of_own = (size_t)n < own ? (size_t)n : own, of_rest = (size_t)n - of_own;
		s->out_at += of_own;
		if (of_rest > 0) {
			if (s->answer == ANSWER_LENGTH)
				s->answer_left -= of_rest;
			took(s, of_rest);
		}
		sender_expires_in(s, s->all->relay->settings.body_timeout_ms);
	}
	buffer_free(&s->out);
	s->out_at = 0;
	drop_rest(s);
	if (broke_off(s))
		return end_short(s);
	if (is_over(s))
		return true;
	sender_expires_in(s, -1); /* the app's to say how long */
	return false;
}
