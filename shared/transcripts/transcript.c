#include "shared/transcripts/transcript.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/store_query.h"

struct reading {
	struct transcript *x;
	bool no_memory;
};

static void take(struct reading *r, struct buffer *into, struct bytes from)
{
	into->len = 0;
	if (!buffer_append_bytes(into, from))
		r->no_memory = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct reading *r = user;
	struct transcript *x = r->x;
	x->id = row->id;
	memcpy(x->event_id, row->event_id, UUID_LEN);
	x->received_at_us = row->received_at_us;
	x->origin = row->origin;
	x->state = row->state;
	x->refused_status = row->state == DELIVERY_REFUSED ? row->status : 0;
	take(r, &x->tunnel, row->tunnel);
	take(r, &x->method, row->method);
	take(r, &x->target, row->target);
	take(r, &x->peer, row->peer);
	take(r, &x->provider, row->provider);
	take(r, &x->event_type, row->event_type);
	take(r, &x->signature, row->signature);
	x->redacted = row->redacted;
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct reading *r = user;
	struct transcript *x = r->x;
	x->called = true;
	x->started_at_us = a->started_at_us;
	x->connect_us = a->connect_us;
	x->first_byte_us = a->first_byte_us;
	x->total_us = a->total_us;
	x->result = a->result;
	x->status = a->status;
	take(r, &x->url, a->url);
	take(r, &x->reason, a->reason);
	take(r, &x->error, a->error);
}

bool transcript_read(struct store *s, int64_t id, struct transcript *out, struct error *e)
{
	struct reading r = { .x = out };
	memset(out, 0, sizeof *out);
	bool fine = store_get(s, id, on_row, &r, e) &&
		    store_get_request(s, id, &out->request, &out->has_body, &out->https, e) &&
		    store_get_prefix(s, id, &out->prefix, &out->https, e) && store_labels_get(s, id, &out->labels, e) &&
		    store_list_attempts(s, id, on_attempt, &r, e) &&
		    (!out->called || store_get_response(s, id, 0, &out->response, e)) &&
		    (!r.no_memory || error_set(e, EXIT_STORE, "out of memory"));
	if (!fine)
		transcript_free(out);
	return fine;
}

void transcript_free(struct transcript *x)
{
	struct buffer *all[] = { &x->tunnel,    &x->method, &x->target, &x->peer,   &x->provider, &x->event_type,
				 &x->signature, &x->prefix, &x->url,    &x->reason, &x->error };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	store_labels_free(&x->labels);
	store_message_free(&x->request);
	store_message_free(&x->response);
	memset(x, 0, sizeof *x);
}

/* ---- redaction ---- */

typedef bool redact_step(struct redaction *r, struct bytes in, struct buffer *out);

static bool redact_buffer(struct redaction *r, redact_step *step, struct buffer *b)
{
	struct buffer out = { 0 };
	if (!step(r, buffer_view(b), &out)) {
		buffer_free(&out);
		return false;
	}
	buffer_free(b);
	*b = out;
	return true;
}

/* The fields that tell of the body, made true again. */
static bool mend_fields(struct buffer *block, uint64_t size, bool decoded, bool replaced)
{
	struct buffer out = { 0 };
	struct bytes name, value;
	char length[24];
	bool fine = true;
	snprintf(length, sizeof length, "%" PRIu64, size);
	for (size_t pos = 0; fine && headers_next(buffer_view(block), &pos, &name, &value);) {
		if (decoded && bytes_equal_nocase(name, "content-encoding"))
			continue;
		if (bytes_equal_nocase(name, "content-length"))
			value = bytes_of(length);
		else if (replaced && bytes_equal_nocase(name, "content-type"))
			value = bytes_of("text/plain");
		fine = headers_append(&out, name, value);
	}
	if (!fine) {
		buffer_free(&out);
		return false;
	}
	buffer_free(block);
	*block = out;
	return true;
}

static bool redact_message(struct redaction *r, struct message *m)
{
	struct buffer body = { 0 };
	bool decoded, replaced;
	size_t before = r->total;
	if (!redact_body(r, buffer_view(&m->headers), buffer_view(&m->body), &body, &decoded, &replaced)) {
		buffer_free(&body);
		return false;
	}
	bool changed = r->total > before;
	/* A body that was recorded in part: what is not on record keeps its size. */
	m->body_size = m->body_size - m->body.len + body.len;
	buffer_free(&m->body);
	m->body = body;
	return (!changed || mend_fields(&m->headers, m->body_size, decoded, replaced)) &&
	       redact_buffer(r, redact_headers, &m->headers) && redact_buffer(r, redact_headers, &m->trailers);
}

/* The URL ends in the target, which is looked at once. */
static bool redact_target(struct redaction *r, struct transcript *x)
{
	struct buffer base = { 0 };
	bool has_base = transcript_base(x).len > 0;
	bool fine = buffer_append_bytes(&base, transcript_base(x)) && redact_buffer(r, redact_url, &x->target);
	if (fine && has_base) {
		x->url.len = 0;
		fine = redact_buffer(r, redact_url, &base) && buffer_append_bytes(&x->url, buffer_view(&base)) &&
		       buffer_append_bytes(&x->url, buffer_view(&x->target));
	} else if (fine) {
		fine = redact_buffer(r, redact_url, &x->url);
	}
	buffer_free(&base);
	return fine;
}

bool transcript_redact(struct transcript *x, struct redaction *r, bool answer, struct error *e)
{
	size_t before = r->total;
	r->of = "request";
	bool fine = redact_target(r, x) && redact_buffer(r, redact_text, &x->method) &&
		    redact_buffer(r, redact_text, &x->prefix) && redact_buffer(r, redact_text, &x->event_type) &&
		    redact_buffer(r, redact_text, &x->labels.note) && redact_buffer(r, redact_text, &x->labels.tags) &&
		    redact_message(r, &x->request);
	r->of = "answer";
	if (fine && answer)
		fine = redact_buffer(r, redact_text, &x->reason) && redact_buffer(r, redact_text, &x->error) &&
		       redact_message(r, &x->response);
	x->response.raw.len = 0; /* what it is made of cannot be told */
	r->of = NULL;
	x->redacted = x->redacted || r->total > before;
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

struct bytes transcript_base(const struct transcript *x)
{
	const struct buffer *url = &x->url, *target = &x->target;
	if (url->len > target->len && target->len &&
	    memcmp(url->at + url->len - target->len, target->at, target->len) == 0)
		return bytes_make(url->at, url->len - target->len);
	return bytes_of(NULL);
}

static bool is_host(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!b.at[i] || b.at[i] >= 0x80 || !(isalnum(b.at[i]) || strchr("-._:[]", b.at[i])))
			return false;
	return b.len > 0;
}

bool transcript_append_base(const struct transcript *x, struct buffer *out)
{
	struct bytes base = transcript_base(x), host;
	if (base.len)
		return buffer_append_bytes(out, base);
	bool has_host = headers_find(buffer_view(&x->request.headers), "host", &host) && is_host(host);
	return buffer_append_text(out, x->https ? "https://" : "http://") &&
	       buffer_append_bytes(out, has_host ? host : bytes_of("localhost"));
}

static bool has_blanks_or_controls(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] <= 0x20 || b.at[i] == 0x7f)
			return true;
	return false;
}

bool transcript_check(const struct transcript *x, struct error *e)
{
	if (!headers_name_valid(buffer_view(&x->method)))
		return error_set(e, EXIT_USAGE, "the method is not one word, such as POST");
	if (x->target.len == 0 || has_blanks_or_controls(buffer_view(&x->target)))
		return error_set(e, EXIT_USAGE, "the target is empty or holds blanks or control characters");
	if (has_blanks_or_controls(buffer_view(&x->prefix)))
		return error_set(e, EXIT_USAGE, "the prefix holds blanks or control characters");
	if (!headers_valid(buffer_view(&x->request.headers)) || !headers_valid(buffer_view(&x->request.trailers)))
		return error_set(e, EXIT_USAGE, "a header field of the request is malformed");
	if (!headers_valid(buffer_view(&x->response.headers)) || !headers_valid(buffer_view(&x->response.trailers)))
		return error_set(e, EXIT_USAGE, "a header field of the response is malformed");
	if (x->response.raw.len > STORE_RAW_MOST)
		return error_set(e, EXIT_USAGE, "the response's bytes as they came are more than 64 KiB");
	if (x->status < 0 || x->status > 999)
		return error_set(e, EXIT_USAGE, "%d is not an HTTP status", x->status);
	return store_labels_check(buffer_view(&x->labels.note), buffer_view(&x->labels.tags), e);
}

static bool insert_attempt(struct store *s, const struct transcript *x, const struct spill *spilled, int64_t id,
			   struct error *e)
{
	struct store_attempt a = {
		.delivery_id = id,
		.started_at_us = x->started_at_us,
		.result = x->result,
		.status = x->status,
		.url = buffer_view(&x->url),
		.reason = buffer_view(&x->reason),
		.error = buffer_view(&x->error),
		.connect_us = x->connect_us,
		.first_byte_us = x->first_byte_us,
		.total_us = x->total_us,
		.headers = buffer_view(&x->response.headers),
		.trailers = buffer_view(&x->response.trailers),
		.raw = buffer_view(&x->response.raw),
		.body = buffer_view(&x->response.body),
		.spilled = spilled,
		.body_size = x->response.body_size,
	};
	return store_insert_attempt(s, &a, e);
}

/* What export --redact leaves of a signature, also in files of a creel that did not mark them. */
static bool is_redacted(const struct transcript *x)
{
	struct bytes block = buffer_view(&x->request.headers), name, value;
	size_t from = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value); from = pos)
		if (value.len && memmem(value.at, value.len, REDACTED, strlen(REDACTED)) &&
		    headers_has_signature(bytes_make(block.at + from, pos - from)))
			return true;
	return x->redacted;
}

/* The provider that the file names holds unless its bytes say otherwise: those who share their fields cannot be told
 * apart by them, and other tools' files name none. */
static bool is_said_rightly(struct bytes said, const struct transcript *x, const struct signature_origin *origin)
{
	char *name = bytes_dup_text(said);
	const struct signature_provider *p = name && said.len ? signature_find(name) : NULL;
	bool right = !origin->provider ||
		     (p && signature_may_be(p, buffer_view(&x->request.headers), buffer_view(&x->request.body)));
	free(name);
	return right;
}

static bool insert_labels(struct store *s, const struct transcript *x, int64_t id, struct error *e)
{
	return (!x->labels.note.len || store_labels_set_note(s, id, buffer_view(&x->labels.note), e)) &&
	       (!x->labels.tags.len || store_labels_set_tags(s, id, buffer_view(&x->labels.tags), e));
}

/* The file's verdict on its signature is not taken over; that it has one can be seen. */
static const char *verdict_of(const struct signature_origin *origin, bool redacted)
{
	return !origin->is_signed && !redacted ? "none" : "unknown";
}

bool transcript_insert(struct store *s, const struct transcript *x, const struct transcript_spills *spills, int64_t *id,
		       bool *duplicate, struct error *e)
{
	const struct transcript_spills none = { 0 };
	bool refused = x->state == DELIVERY_REFUSED && !x->called, redacted = is_redacted(x), fine;
	struct signature_origin origin = { 0 };
	if (!signature_recognise(buffer_view(&x->request.headers), buffer_view(&x->request.body), &origin)) {
		buffer_free(&origin.event);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	bool said = is_said_rightly(buffer_view(&x->provider), x, &origin);
	struct store_delivery d = {
		.received_at_us = x->received_at_us,
		.origin = ORIGIN_IMPORT,
		.state = refused ? DELIVERY_REFUSED : DELIVERY_FAILED,
		.refused_status = x->refused_status,
		.https = x->https,
		.has_body = x->has_body,
		.forwarded = x->request.forwarded,
		.tunnel = buffer_view(&x->tunnel),
		.method = buffer_view(&x->method),
		.target = buffer_view(&x->target),
		.peer = buffer_view(&x->peer),
		.provider = said ? buffer_view(&x->provider) : bytes_of(origin.provider),
		.event_type = said ? buffer_view(&x->event_type) : buffer_view(&origin.event),
		.signature = bytes_of(verdict_of(&origin, redacted)),
		.redacted = redacted,
		.prefix = buffer_view(&x->prefix),
		.headers = buffer_view(&x->request.headers),
		.trailers = buffer_view(&x->request.trailers),
		.body = buffer_view(&x->request.body),
		.spilled = (spills ? spills : &none)->request,
		.body_size = x->request.body_size,
	};
	memcpy(d.event_id, x->event_id, UUID_LEN);
	fine = store_insert_delivery(s, &d, id, duplicate, e);
	buffer_free(&origin.event);
	if (!fine || *duplicate)
		return fine;
	if (!insert_labels(s, x, *id, e))
		return false;
	if (x->called)
		return insert_attempt(s, x, (spills ? spills : &none)->response, *id, e);
	/* Its class with it, which filters look at. */
	return refused || store_set_state(s, *id, DELIVERY_FAILED, e);
}
