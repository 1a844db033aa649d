#include "client/transfer/export_put.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "shared/curl/curl_command.h"
#include "shared/har/har.h"
#include "shared/collections/insomnia.h"
#include "shared/collections/postman.h"
#include "shared/syntax/variables.h"
#include "shared/http/headers.h"
#include "shared/http/http_text.h"
#include "shared/json/json_bytes.h"

/* NAME_base64 where pairs of names and values do not say it all. */
static void put_exact_fields(struct json_fields *f, const char *name, const struct buffer *b)
{
	if (!json_can_hold(buffer_view(b)) || !headers_one_blank(buffer_view(b)))
		json_fields_put(f, name, json_from_base64(buffer_view(b)));
}

/* NAME_base64 where a string cannot hold it. */
static void put_exact(struct json_fields *f, const char *name, const struct buffer *b)
{
	char encoded[40];
	snprintf(encoded, sizeof encoded, "%s_base64", name);
	if (!json_can_hold(buffer_view(b)))
		json_fields_put(f, encoded, json_from_base64(buffer_view(b)));
}

static void put_text(struct json_fields *f, const char *name, const struct buffer *b)
{
	json_fields_text_or_null(f, name, buffer_view(b));
	put_exact(f, name, b);
}

static json_t *message_json(const struct message *m)
{
	struct json_fields f = { .object = row_json_message(m) };
	put_exact_fields(&f, "headers_base64", &m->headers);
	put_exact_fields(&f, "trailers_base64", &m->trailers);
	return json_fields_end(&f);
}

static json_t *attempt_json(const struct transcript *x)
{
	struct json_fields f = json_fields_begin(NULL);
	json_fields_time(&f, "started_at", x->started_at_us);
	json_fields_text(&f, "result", bytes_of(store_result_name(x->result)));
	json_fields_number_or_null(&f, "status", x->status);
	put_text(&f, "reason", &x->reason);
	put_text(&f, "url", &x->url);
	put_text(&f, "error", &x->error);
	json_fields_number(&f, "connect_us", (int64_t)x->connect_us);
	json_fields_number(&f, "first_byte_us", (int64_t)x->first_byte_us);
	json_fields_number(&f, "total_us", (int64_t)x->total_us);
	return json_fields_end(&f);
}

/* Replaces what the store's row says by what the redacted delivery says. */
static void show_redacted(struct delivery_row *shown, const struct transcript *x)
{
	shown->target = buffer_view(&x->target);
	shown->path = bytes_until(shown->target, '?');
	shown->method = buffer_view(&x->method);
	shown->event_type = buffer_view(&x->event_type);
	shown->request_bytes = x->request.body_size;
	if (x->called)
		shown->response_bytes = x->response.body_size;
}

json_t *export_put_line(const struct transcript *x, const struct delivery_row *row)
{
	struct delivery_row shown = { 0 };
	if (x->redacted && row) {
		shown = *row;
		show_redacted(&shown, x);
	}
	struct json_fields f = { .object = row_json_delivery(NULL, x->redacted ? &shown : row) };
	if (x->redacted)
		json_fields_put(&f, "redacted", json_true());
	json_fields_labels(&f, &x->labels);
	json_fields_text(&f, "prefix", buffer_view(&x->prefix));
	put_exact(&f, "prefix", &x->prefix);
	put_exact(&f, "tunnel", &x->tunnel);
	put_exact(&f, "target", &x->target);
	put_exact(&f, "peer", &x->peer);
	put_exact(&f, "provider", &x->provider);
	put_exact(&f, "event_type", &x->event_type);
	json_fields_put(&f, "https", json_boolean(x->https));
	json_fields_put(&f, "has_body", json_boolean(x->has_body));
	json_fields_put(&f, "request", message_json(&x->request));
	json_fields_put(&f, "response", x->status ? message_json(&x->response) : json_null());
	row_json_put_raw(&f, &x->response);
	json_fields_put(&f, "attempt", x->called ? attempt_json(x) : json_null());
	if (x->request.forwarded)
		json_fields_put(&f, "forwarded", json_true());
	return json_fields_end(&f);
}

static bool put_json(struct buffer *out, json_t *o, struct error *e)
{
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	bool fine = text && buffer_append_text(out, text);
	free(text);
	json_decref(o);
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

static bool put_curl(const struct transcript *x, const struct export_options *o, const char *base, struct buffer *out)
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

static bool put_http(const struct transcript *x, const char *body_file, struct buffer *out)
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

static bool put_raw(const struct transcript *x, struct buffer *out)
{
	return buffer_append_bytes(out, buffer_view(&x->method)) && buffer_put_u8(out, ' ') &&
	       buffer_append_bytes(out, buffer_view(&x->target)) && buffer_append_text(out, " HTTP/1.1\r\n") &&
	       buffer_append_bytes(out, buffer_view(&x->request.headers)) && buffer_append_text(out, "\r\n") &&
	       buffer_append_bytes(out, buffer_view(&x->request.body));
}

static bool has_braces(struct bytes b)
{
	return b.len && memmem(b.at, b.len, "{{", 2);
}

/* Unlike a body, a head cannot go into a file beside. Collections have targets in escapes. */
static bool head_is_exact(const struct transcript *x, enum export_as as)
{
	struct bytes head = buffer_view(&x->request.headers), target = buffer_view(&x->target);
	switch (as) {
	case EXPORT_AS_HTTP:
		return !has_braces(head) && !has_braces(target);
	case EXPORT_AS_POSTMAN:
		return !has_braces(head);
	case EXPORT_AS_INSOMNIA:
		return !variables_in(head);
	default:
		return true;
	}
}

static bool has_odd_field(const struct transcript *x)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&x->request.headers), &pos, &name, &value);)
		if (!json_can_hold(value))
			return true;
	return false;
}

/* Whether a line of .http says its method and target: # begins a comment there, and what is no path is a host. */
static bool has_plain_start(const struct transcript *x)
{
	return x->method.len && x->method.at[0] != '#' && x->target.len && x->target.at[0] == '/' &&
	       !memchr(x->target.at, '#', x->target.len);
}

bool export_put_fits(const struct transcript *x, enum export_as as, struct error *e)
{
	if (as == EXPORT_AS_INSOMNIA && has_odd_field(x))
		return error_set(
		    e, EXIT_USAGE,
		    "delivery %" PRId64 " has a header field that is not UTF-8, which Insomnia cannot send", x->id);
	if (as == EXPORT_AS_HTTP && !has_plain_start(x))
		return error_set(e, EXIT_USAGE,
				 "delivery %" PRId64
				 " has a method that begins with #, or a target that does not begin with / "
				 "or has # in it, which other clients change: take curl, har or ndjson for it",
				 x->id);
	return head_is_exact(x, as) ||
	       error_set(e, EXIT_USAGE,
			 "delivery %" PRId64 " has {{ or {%% in its target or a header field, which other clients "
			 "replace: take curl, har or ndjson for it",
			 x->id);
}

bool export_put(const struct transcript *x, const struct delivery_row *row, const struct export_options *o,
		const char *base, const char *body_file, struct buffer *out, struct error *e)
{
	bool fine = false, bad;
	if (!export_put_fits(x, o->as, e))
		return false;
	switch (o->as) {
	case EXPORT_AS_HAR:
		return put_json(out, har_entry(x), e);
	case EXPORT_AS_NDJSON:
		return put_json(out, export_put_line(x, row), e) &&
		       (buffer_put_u8(out, '\n') || error_set(e, EXIT_STORE, "out of memory"));
	case EXPORT_AS_POSTMAN:
		return put_json(out, postman_item(x, bytes_of(base), body_file), e);
	case EXPORT_AS_INSOMNIA:
		return put_json(out, insomnia_request(x, bytes_of(base), body_file, &bad), e);
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
	case EXPORT_AS_HTML: /* report.h, by whoever puts its parts together */
	case EXPORT_AS_PYTEST:
	case EXPORT_AS_JEST:
	case EXPORT_AS_JUNIT:
	case EXPORT_AS_GO:
		break; /* test_code.h, by whoever knows which delivery is the first */
	case EXPORT_AS_URL:
		fine = buffer_append_text(out, base) && buffer_append_bytes(out, buffer_view(&x->target));
		break;
	}
	return fine || error_set(e, EXIT_STORE, "out of memory");
}
