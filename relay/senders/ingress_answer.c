/* What a sender is answered: the app's answer, 202, or why not. */
#include "relay/senders/ingress_private.h"

#include "shared/http/hop_by_hop.h"
#include "relay/senders/browser_warning.h"
#include "relay/tunnels/delivery_streams.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BODY_MAX 1100        /* of a refusal */
#define MEMORY_PER_FIELD 80  /* what MHD notes of a request's, generously */
#define MEMORY_FOR_REST 2048 /* status line and what MHD adds, a chunk's size, trailers that were sent */

static void count_status(struct ingress *in, int status)
{
	if (status >= 100 && status < 600)
		in->relay->metrics.status_class[status / 100]++;
}

static bool add_answer_field(struct MHD_Response *r, struct bytes name, struct bytes value)
{
	char *n = bytes_dup_text(name), *v = bytes_dup_text(value);
	/* MHD 0.9.75 refuses empty values; one blank is the same to a reader (RFC 9112 §5.1). */
	bool fine = n && v && MHD_add_response_header(r, n, *v ? v : " ") == MHD_YES;
	free(n);
	free(v);
	return fine;
}

enum MHD_Result ingress_reply_refusal(struct exchange *x, enum refusal why)
{
	struct ingress *in = x->sender->in;
	const struct refusal_text *t = refusal_text(why);
	char body[BODY_MAX];
	int len = snprintf(body, sizeof body, "creel: %s\n", x->sentence ? x->sentence : t->sentence);
	bool page = x->page.len > 0;
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    page ? x->page.len : (size_t)len, page ? (void *)x->page.at : body, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	bool fine = MHD_add_response_header(r, "Content-Type",
					    page ? "text/html; charset=utf-8" : "text/plain; charset=utf-8") == MHD_YES;
	fine = fine && MHD_add_response_header(r, "Creel-Refused", t->name) == MHD_YES;
	/* After a refused head nobody knows where the next request begins. */
	if (t->status < 500 || why == REFUSE_VERSION)
		fine = fine && MHD_add_response_header(r, "Connection", "close") == MHD_YES;
	if (t->retry_after) {
		char seconds[16];
		snprintf(seconds, sizeof seconds, "%d", t->retry_after);
		fine = fine && MHD_add_response_header(r, "Retry-After", seconds) == MHD_YES;
	}
	struct bytes name, value;
	for (size_t pos = 0; fine && headers_next(buffer_view(&x->fields), &pos, &name, &value);)
		fine = add_answer_field(r, name, value);
	enum MHD_Result result = fine ? MHD_queue_response(x->sender->connection, (unsigned)t->status, r) : MHD_NO;
	MHD_destroy_response(r);
	x->replied = true;
	in->relay->metrics.refused[why]++;
	count_status(in, t->status);
	struct log_number status;
	/* Pages have a log of their own. */
	if (!page && RELAY_LOGS(in->relay, LOG_INFO, "refused", t->name))
		log_event(LOG_INFO, "refused", "reason", t->name, "status", log_number(&status, t->status), "peer",
			  x->sender->peer, NULL);
	ingress_set_state(x->sender, SENDER_ANSWERING, in->relay->settings.body_timeout_ms);
	return result;
}

static gnutls_session_t tls_session(const struct sender *s)
{
	const union MHD_ConnectionInfo *info =
	    s->tls ? MHD_get_connection_info(s->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
	return info ? info->tls_session : NULL;
}

/* Past MHD, which is reading. Before the end of its handshake GnuTLS refuses. */
static bool send_by_hand(const struct sender *s, const char *text, size_t len)
{
	if (!s->tls)
		return send(s->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
	gnutls_session_t tls = tls_session(s);
	if (!tls || gnutls_record_send(tls, text, len) != (ssize_t)len)
		return false;
	gnutls_bye(tls, GNUTLS_SHUT_WR);
	return true;
}

/* MHD 0.9.75 can answer only before the body or after it: in between, or without a whole head, the bytes are written by
 * hand and the sending side is closed. */
bool ingress_write_refusal(struct sender *s, enum refusal why)
{
	const struct refusal_text *t = refusal_text(why);
	s->in->relay->metrics.refused[why]++;
	count_status(s->in, t->status);
	if (RELAY_LOGS(s->in->relay, LOG_INFO, "refused", t->name))
		log_event(LOG_INFO, "refused", "reason", t->name, "peer", s->peer, NULL);
	const char *sentence = s->exchange && s->exchange->sentence ? s->exchange->sentence : t->sentence;
	char text[BODY_MAX + 300], later[40] = "";
	int body = snprintf(NULL, 0, "creel: %s\n", sentence);
	if (t->retry_after)
		snprintf(later, sizeof later, "Retry-After: %d\r\n", t->retry_after);
	int len = snprintf(text, sizeof text,
			   "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
			   "Creel-Refused: %s\r\n%sConnection: close\r\n\r\ncreel: %s\n",
			   t->status, MHD_get_reason_phrase_for((unsigned)t->status), body, t->name, later, sentence);
	return send_by_hand(s, text, (size_t)len) && shutdown(s->fd, SHUT_WR) == 0;
}

enum MHD_Result ingress_refuse_and_discard(struct exchange *x, enum refusal why)
{
	if (!ingress_write_refusal(x->sender, why))
		return MHD_NO;
	x->discarding = true;
	ingress_set_state(x->sender, SENDER_BODY, x->sender->in->relay->settings.body_timeout_ms);
	return MHD_YES;
}

static ssize_t read_answer(void *cls, uint64_t pos, char *out, size_t max)
{
	struct exchange *x = cls;
	struct delivery *d = x->delivery;
	(void)pos;
	if (x->gone)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = d->answer_body.len - d->answer_at;
	if (left > 0) {
		size_t n = left < max ? left : max;
		memcpy(out, d->answer_body.at + d->answer_at, n);
		d->answer_at += n;
		if (d->answer_at == d->answer_body.len)
			d->answer_body.len = d->answer_at = 0;
		delivery_consumed(d, n);
		x->sender->in->relay->metrics.bytes_out += n;
		ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
		return (ssize_t)n;
	}
	if (d->phase == PHASE_DONE)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (d->phase == PHASE_ABORTED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	MHD_suspend_connection(x->sender->connection);
	x->suspended = true;
	/* A silent event stream may last for ever, its reader may not. */
	x->sender->deadline = uv_now(x->sender->in->relay->loop) + STILL_THERE_MS;
	return 0;
}

static bool add_answer_headers(const struct relay *relay, struct MHD_Response *r, struct bytes block, bool upgrade)
{
	struct bytes name, value;
	struct hop_by_hop hops = { 0 };
	bool fine = hop_by_hop_find(&hops, block);
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);) {
		bool passes = upgrade && bytes_equal_nocase(name, "Upgrade"); /* libmicrohttpd adds Connection */
		if (relay->warning && bytes_equal_nocase(name, "Set-Cookie") && browser_warning_is_ours(value))
			continue;
		if (passes || !(hop_by_hop_has(&hops, name) || bytes_equal_nocase(name, "Content-Length")))
			fine = add_answer_field(r, name, value);
	}
	hop_by_hop_free(&hops);
	return fine;
}

static bool answer_length(const struct wire_response *answer, uint64_t *out)
{
	*out = answer->body_len;
	return answer->body_len != WIRE_UNKNOWN_LENGTH;
}

static bool is_upgraded(const struct delivery *d)
{
	return d->upgrade && d->answer.status == 101;
}

static void on_upgraded(void *cls, struct MHD_Connection *connection, void *con_cls, const char *early,
			size_t early_len, MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
	struct exchange *x = cls;
	struct sender *s = x->sender;
	(void)connection;
	(void)con_cls;
	(void)fd; /* with TLS one that libmicrohttpd would carry the bytes through */
	s->wire = (struct passage_wire){ .fd = s->fd,
					 .tls = tls_session(s),
					 .deadline = &s->deadline,
					 .patience_ms = s->in->relay->settings.body_timeout_ms };
	s->deadline = UINT64_MAX; /* it may be silent for ever */
	x->passage =
	    passage_open(s->in->relay->loop, x->delivery, s->daemon, urh, &s->wire, bytes_make(early, early_len));
	if (!x->passage) {
		MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
		http_daemon_kick(s->daemon);
	}
}

static struct MHD_Response *make_answer(struct exchange *x)
{
	struct delivery *d = x->delivery;
	if (is_upgraded(d))
		return MHD_create_response_for_upgrade(on_upgraded, x);
	bool head = bytes_equal(d->request.method, bytes_of("HEAD"));
	bool bodiless = head || d->answer.status == 204 || d->answer.status == 304;
	uint64_t len;
	bool known = answer_length(&d->answer, &len);
	if (d->phase == PHASE_DONE && !bodiless) {
		x->sender->in->relay->metrics.bytes_out += d->answer_body.len;
		/* MHD keeps the bytes past the delivery: they change hands. */
		struct MHD_Response *r =
		    MHD_create_response_from_buffer(d->answer_body.len, d->answer_body.at, MHD_RESPMEM_MUST_FREE);
		if (r && d->answer_body.at)
			d->answer_body = (struct buffer){ 0 };
		return r;
	}
	/* For HEAD and 304 the length shows, and MHD never asks for the bytes. One that is not known shows as 0, for
	 * MHD 0.9.75 would send the last of no chunks. */
	return MHD_create_response_from_callback(bodiless ? (known && d->answer.status != 204 ? len : 0)
						 : known  ? len
							  : MHD_SIZE_UNKNOWN,
						 16384, read_answer, x, NULL);
}

/* MHD 0.9.75 keeps the answer's head behind the request's, and without room closes the connection unanswered. */
static bool head_fits(const struct exchange *x)
{
	struct MHD_Connection *c = x->sender->connection;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	int fields = MHD_get_connection_values(c, MHD_HEADER_KIND, NULL, NULL) +
		     MHD_get_connection_values(c, MHD_FOOTER_KIND, NULL, NULL);
	size_t taken = (info ? info->header_size : 0) + (size_t)fields * MEMORY_PER_FIELD + MEMORY_FOR_REST;
	return taken + x->delivery->answer.headers.len <= LIMIT_BOTH_HEADS;
}

enum MHD_Result ingress_reply_answer(struct exchange *x)
{
	struct delivery *d = x->delivery;
	if (!head_fits(x))
		return ingress_reply_refusal(x, REFUSE_ANSWER_HEAD);
	struct MHD_Response *r = make_answer(x);
	if (!r)
		return MHD_NO;
	if (!add_answer_headers(x->sender->in->relay, r, d->answer.headers, is_upgraded(d))) {
		MHD_destroy_response(r);
		return ingress_reply_refusal(x, REFUSE_BAD_ANSWER);
	}
	enum MHD_Result result = MHD_queue_response(x->sender->connection, d->answer.status, r);
	MHD_destroy_response(r);
	x->replied = true;
	count_status(x->sender->in, d->answer.status);
	ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
	return result;
}

/* 202: nobody answered, and it is safe. */
enum MHD_Result ingress_reply_accepted(struct exchange *x)
{
	char id[UUID_TEXT_LEN + 1], body[200];
	uuid_format(x->delivery->request.event_id, id);
	int len = snprintf(body, sizeof body, "{\"accepted\":true,\"event_id\":\"%s\"}\n", id);
	struct MHD_Response *r = MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	bool fine = MHD_add_response_header(r, "Content-Type", "application/json") == MHD_YES &&
		    MHD_add_response_header(r, "Creel-Event-Id", id) == MHD_YES;
	enum MHD_Result result = fine ? MHD_queue_response(x->sender->connection, 202, r) : MHD_NO;
	MHD_destroy_response(r);
	x->replied = true;
	x->sender->in->relay->metrics.accepted++;
	count_status(x->sender->in, 202);
	ingress_set_state(x->sender, SENDER_ANSWERING, x->sender->in->relay->settings.body_timeout_ms);
	return result;
}
