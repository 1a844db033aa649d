/* One delivery in each format. */
#include "client/transfer/export_private.h"

#include <stdlib.h>
#include <string.h>

#include "client/print/row_json.h"
#include "shared/formats/curl_command.h"
#include "shared/formats/har.h"
#include "shared/http/http_text.h"
#include "shared/json/json_bytes.h"
#include "shared/base/text.h"

static int set(json_t *o, const char *name, json_t *value)
{
	return json_object_set_new(o, name, value);
}

/* NAME_base64 where a string cannot hold it. */
static int set_exact(json_t *o, const char *name, const struct buffer *b)
{
	char encoded[40];
	snprintf(encoded, sizeof encoded, "%s_base64", name);
	return json_can_hold(buffer_view(b)) ? 0 : set(o, encoded, json_from_base64(buffer_view(b)));
}

static int set_text(json_t *o, const char *name, const struct buffer *b)
{
	return set(o, name, row_json_text(buffer_view(b), true)) | set_exact(o, name, b);
}

static json_t *message_json(const struct message *m)
{
	json_t *o = row_json_message(m);
	if (o && !set_exact(o, "headers", &m->headers) && !set_exact(o, "trailers", &m->trailers))
		return o;
	json_decref(o);
	return NULL;
}

static json_t *attempt_json(const struct exchange *x)
{
	char at[TEXT_TIME_LEN];
	json_t *o = json_object();
	text_format_time(at, x->started_at_us);
	int failed = set(o, "started_at", json_string(at)) |
		     set(o, "result", json_string(store_result_name(x->result))) |
		     set(o, "status", x->status ? json_integer(x->status) : json_null()) |
		     set_text(o, "reason", &x->reason) | set_text(o, "url", &x->url) | set_text(o, "error", &x->error) |
		     set(o, "connect_us", json_integer((json_int_t)x->connect_us)) |
		     set(o, "first_byte_us", json_integer((json_int_t)x->first_byte_us)) |
		     set(o, "total_us", json_integer((json_int_t)x->total_us));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

/* What the store says of it, in the words of this exchange, which is redacted. */
static void show_redacted(struct delivery_row *shown, const struct exchange *x)
{
	const uint8_t *query = x->target.len ? memchr(x->target.at, '?', x->target.len) : NULL;
	shown->target = buffer_view(&x->target);
	shown->path = bytes_make(x->target.at, query ? (size_t)(query - x->target.at) : x->target.len);
	shown->method = buffer_view(&x->method);
	shown->event_type = buffer_view(&x->event_type);
	shown->request_bytes = x->request.body_size;
	if (x->called)
		shown->response_bytes = x->response.body_size;
}

static json_t *ndjson(const struct exchange *x, const struct delivery_row *row)
{
	struct delivery_row shown = { 0 };
	if (x->redacted && row) {
		shown = *row;
		show_redacted(&shown, x);
	}
	json_t *o = row_json_delivery(NULL, x->redacted ? &shown : row);
	int failed =
	    o == NULL || (x->redacted && set(o, "redacted", json_true())) |
			     set(o, "prefix", row_json_text(buffer_view(&x->prefix), false)) |
			     set_exact(o, "prefix", &x->prefix) | set_exact(o, "tunnel", &x->tunnel) |
			     set_exact(o, "target", &x->target) | set_exact(o, "peer", &x->peer) |
			     set_exact(o, "provider", &x->provider) | set_exact(o, "event_type", &x->event_type) |
			     set(o, "https", json_boolean(x->https)) | set(o, "has_body", json_boolean(x->has_body)) |
			     set(o, "request", message_json(&x->request)) |
			     set(o, "response", x->status ? message_json(&x->response) : json_null()) |
			     set(o, "attempt", x->called ? attempt_json(x) : json_null()) |
			     (x->request.forwarded ? set(o, "forwarded", json_true()) : 0);
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static bool put_json(struct buffer *out, json_t *o, struct error *e)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	bool fine = text && buffer_append_text(out, text);
	free(text);
	json_decref(o);
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

static bool put_curl(const struct exchange *x, const struct export_options *o, const char *base, struct buffer *out)
{
	const struct curl_request c = {
		.base = bytes_of(base),
		.method = buffer_view(&x->method),
		.target = buffer_view(&x->target),
		.headers = buffer_view(&x->request.headers),
		.body = buffer_view(&x->request.body),
		.has_body = x->has_body,
		.secrets = o->secrets,
		.redact = o->redact,
		.redact_names = o->redact_names,
	};
	return curl_command(out, &c);
}

static bool put_http(const struct exchange *x, const char *body_file, struct buffer *out)
{
	struct http_text t = {
		.method = buffer_view(&x->method),
		.target = buffer_view(&x->target),
		.headers = buffer_view(&x->request.headers),
	};
	if (body_file)
		t.body_file = bytes_of(body_file);
	else
		t.body = buffer_view(&x->request.body);
	return http_text_write(out, &t);
}

static bool put_raw(const struct exchange *x, struct buffer *out)
{
	return buffer_append_bytes(out, buffer_view(&x->method)) && buffer_put_u8(out, ' ') &&
	       buffer_append_bytes(out, buffer_view(&x->target)) && buffer_append_text(out, " HTTP/1.1\r\n") &&
	       buffer_append_bytes(out, buffer_view(&x->request.headers)) && buffer_append_text(out, "\r\n") &&
	       buffer_append_bytes(out, buffer_view(&x->request.body));
}

bool export_put(const struct exchange *x, const struct delivery_row *row, const struct export_options *o,
		const char *base, const char *body_file, struct buffer *out, struct error *e)
{
	bool fine = false;
	switch (o->as) {
	case EXPORT_AS_HAR:
		return put_json(out, har_entry(x), e);
	case EXPORT_AS_NDJSON:
		return put_json(out, ndjson(x, row), e) &&
		       (buffer_put_u8(out, '\n') || error_set(e, EXIT_STORE, "out of memory"));
	case EXPORT_AS_CURL:
		fine = put_curl(x, o, base, out);
		break;
	case EXPORT_AS_HTTP:
		fine = put_http(x, body_file, out);
		break;
	case EXPORT_AS_BODY:
		fine = buffer_append_bytes(out, buffer_view(&x->request.body));
		break;
	case EXPORT_AS_HEADERS:
		fine = buffer_append_bytes(out, buffer_view(&x->request.headers));
		break;
	case EXPORT_AS_RAW:
		fine = put_raw(x, out);
		break;
	case EXPORT_AS_URL:
		fine = buffer_append_text(out, base) && buffer_append_bytes(out, buffer_view(&x->target));
		break;
	}
	return fine || error_set(e, EXIT_STORE, "out of memory");
}
