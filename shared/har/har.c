#include "shared/har/har.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/content/charset.h"
#include "shared/content/media_type.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/text/text.h"

bool har_begin(struct buffer *out)
{
	return buffer_append_text(
	    out, "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"creel\",\"version\":\"" CREEL_VERSION
		 "\"},\"entries\":[");
}

bool har_end(struct buffer *out)
{
	return buffer_append_text(out, "\n]}}\n");
}

static int set(json_t *o, const char *name, json_t *value)
{
	return json_object_set_new(o, name, value);
}

static int set_bytes(json_t *o, const char *name, const struct buffer *b)
{
	return set(o, name, json_from_bytes(buffer_view(b)));
}

/* In base64 when a string cannot hold them, else not at all. */
static int set_exact(json_t *o, const char *name, const struct buffer *b)
{
	return json_can_hold(buffer_view(b)) ? 0 : set(o, name, json_from_base64(buffer_view(b)));
}

/* Where pairs of names and values do not say it all. */
static int set_headers(json_t *o, const char *name, const struct buffer *b)
{
	bool plain = json_can_hold(buffer_view(b)) && headers_one_blank(buffer_view(b));
	return plain ? 0 : set(o, name, json_from_base64(buffer_view(b)));
}

/* NAME, and NAME_base64 where a string cannot hold it. */
static int set_own(json_t *o, const char *name, const struct buffer *b)
{
	char encoded[40];
	snprintf(encoded, sizeof encoded, "%s_base64", name);
	return set_bytes(o, name, b) | set_exact(o, encoded, b);
}

static int append_pair(json_t *list, struct bytes name, struct bytes value)
{
	json_t *pair = json_object();
	int failed = set(pair, "name", json_from_bytes(name)) | set(pair, "value", json_from_bytes(value));
	return json_array_append_new(list, pair) | failed;
}

static json_t *fields(struct bytes block)
{
	struct bytes name, value;
	json_t *list = json_array();
	int failed = 0;
	for (size_t pos = 0; list && headers_next(block, &pos, &name, &value);)
		failed |= append_pair(list, name, value);
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

/* The part before `end`; *left is what follows it. */
static struct bytes cut(struct bytes *left, char end)
{
	const uint8_t *at = left->len ? memchr(left->at, end, left->len) : NULL;
	size_t len = at ? (size_t)(at - left->at) : left->len;
	struct bytes part = bytes_make(left->at, len);
	len += at ? 1 : 0;
	*left = bytes_make(left->at + len, left->len - len);
	return part;
}

/* Appends the pairs with '=' in them, between separators. */
static int append_pairs(json_t *list, struct bytes all, char separator, bool also_without_value)
{
	int failed = 0;
	while (!failed && all.len) {
		struct bytes part = cut(&all, separator);
		while (part.len && part.at[0] == ' ')
			part = bytes_make(part.at + 1, part.len - 1);
		bool has_value = part.len && memchr(part.at, '=', part.len);
		struct bytes name = cut(&part, '=');
		if (has_value || (also_without_value && name.len))
			failed = append_pair(list, name, part);
	}
	return failed;
}

static json_t *cookies(struct bytes block, bool is_request)
{
	struct bytes name, value;
	json_t *list = json_array();
	int failed = list == NULL;
	for (size_t pos = 0; !failed && headers_next(block, &pos, &name, &value);) {
		/* Of Set-Cookie the first pair alone is the cookie, the others are about it. */
		if (is_request && bytes_equal_nocase(name, "cookie"))
			failed = append_pairs(list, value, ';', false);
		else if (!is_request && bytes_equal_nocase(name, "set-cookie"))
			failed = append_pairs(list, cut(&value, ';'), ';', false);
	}
	if (!failed)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *query(struct bytes target)
{
	json_t *list = json_array();
	cut(&target, '?');
	if (list && !append_pairs(list, target, '&', true))
		return list;
	json_decref(list);
	return NULL;
}

/* A URL is ASCII; what a target may hold beyond that is escaped here and exact in _creel. */
static json_t *url(const struct transcript *x)
{
	struct buffer text = { 0 };
	bool fine = transcript_append_base(x, &text);
	if (x->target.len && x->target.at[0] != '/')
		fine = fine && buffer_put_u8(&text, '/');
	for (size_t i = 0; fine && i < x->target.len; i++) {
		uint8_t c = x->target.at[i];
		bool escape = c <= 0x20 || c >= 0x7f || strchr("\"#<>\\^`{|}", c) ||
			      (c == '%' && !(i + 2 < x->target.len && isxdigit(x->target.at[i + 1]) &&
					     isxdigit(x->target.at[i + 2])));
		fine = escape ? buffer_printf(&text, "%%%02X", c) : buffer_put_u8(&text, c);
	}
	json_t *j = fine ? json_from_bytes(buffer_view(&text)) : NULL;
	buffer_free(&text);
	return j;
}

static json_t *mime_type(struct bytes block)
{
	struct bytes type;
	return json_from_bytes(headers_find(block, "content-type", &type) ? type
									  : bytes_of("application/octet-stream"));
}

/* Whether a text says it all: JSON has characters, and who reads it would write them in the charset of its type. */
static bool is_text(const struct message *m)
{
	struct bytes type, named, body = buffer_view(&m->body);
	char charset[CHARSET_NAME_LEN] = "";
	if (headers_find(buffer_view(&m->headers), "content-type", &type) &&
	    media_type_parameter(type, "charset", &named))
		charset_named(named, charset);
	bool as_utf8 = !charset[0];
	if (!as_utf8 && charset_unit(charset) == 1) {
		size_t i = 0;
		while (i < body.len && body.at[i] < 0x80)
			i++;
		as_utf8 = i == body.len;
	}
	return as_utf8 && json_can_hold(body);
}

static json_t *request(const struct transcript *x)
{
	const struct message *m = &x->request;
	struct bytes headers = buffer_view(&m->headers);
	json_t *o = json_object();
	int failed = set_bytes(o, "method", &x->method) | set(o, "url", url(x)) |
		     set(o, "httpVersion", json_string("HTTP/1.1")) | set(o, "cookies", cookies(headers, true)) |
		     set(o, "headers", fields(headers)) | set(o, "queryString", query(buffer_view(&x->target))) |
		     set(o, "headersSize", json_integer(-1)) |
		     set(o, "bodySize", json_integer((json_int_t)m->body_size));
	if (m->body.len) {
		bool text = is_text(m);
		json_t *post = json_object();
		failed |= set(post, "mimeType", mime_type(headers)) |
			  set(post, "text",
			      text ? json_from_bytes(buffer_view(&m->body)) : json_from_base64(buffer_view(&m->body)));
		/* HAR knows an encoding of answers alone. */
		if (!text)
			failed |= set(post, "_encoding", json_string("base64"));
		failed |= set(o, "postData", post);
	}
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *response(const struct transcript *x)
{
	const struct message *m = &x->response;
	struct bytes headers = buffer_view(&m->headers), location;
	bool text = is_text(m);
	json_t *o = json_object(), *content = json_object();
	if (!headers_find(headers, "location", &location))
		location = bytes_of("");
	int failed = set(content, "size", json_integer((json_int_t)m->body_size)) |
		     set(content, "mimeType", mime_type(headers)) |
		     set(content, "text",
			 text ? json_from_bytes(buffer_view(&m->body)) : json_from_base64(buffer_view(&m->body)));
	if (!text)
		failed |= set(content, "encoding", json_string("base64"));
	failed |= set(o, "status", json_integer(x->status)) | set_bytes(o, "statusText", &x->reason) |
		  set(o, "httpVersion", json_string("HTTP/1.1")) | set(o, "cookies", cookies(headers, false)) |
		  set(o, "headers", fields(headers)) | set(o, "content", content) |
		  set(o, "redirectURL", json_from_bytes(location)) | set(o, "headersSize", json_integer(-1)) |
		  set(o, "bodySize", json_integer((json_int_t)m->body_size));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static double ms_between(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? (double)(to_us - from_us) / 1000 : 0;
}

static json_t *timings(const struct transcript *x)
{
	return json_pack("{s:f, s:i, s:f, s:f}", "connect", (double)x->connect_us / 1000, "send", 0, "wait",
			 ms_between(x->connect_us, x->first_byte_us), "receive",
			 ms_between(x->first_byte_us, x->total_us));
}

static json_t *ours(const struct transcript *x)
{
	char id[UUID_TEXT_LEN + 1], at[TEXT_TIME_LEN];
	json_t *o = json_object();
	uuid_format(x->event_id, id);
	text_format_time(at, x->started_at_us);
	int failed = set(o, "event_id", json_string(id)) | set_own(o, "tunnel", &x->tunnel) |
		     set_own(o, "target", &x->target) | set_own(o, "prefix", &x->prefix) |
		     set_own(o, "peer", &x->peer) | set_own(o, "provider", &x->provider) |
		     set_own(o, "event_type", &x->event_type) | set_bytes(o, "signature", &x->signature) |
		     set(o, "state", json_string(store_state_name(x->state))) |
		     set(o, "https", json_boolean(x->https)) | set(o, "has_body", json_boolean(x->has_body)) |
		     set_headers(o, "request_headers_base64", &x->request.headers) |
		     set_headers(o, "response_headers_base64", &x->response.headers);
	if (x->request.trailers.len)
		failed |= set(o, "trailers_base64", json_from_base64(buffer_view(&x->request.trailers)));
	if (x->response.trailers.len)
		failed |= set(o, "response_trailers_base64", json_from_base64(buffer_view(&x->response.trailers)));
	if (x->response.raw.len)
		failed |= set(o, "response_raw_base64", json_from_base64(buffer_view(&x->response.raw)));
	if (x->request.forwarded)
		failed |= set(o, "forwarded", json_true());
	if (x->labels.note.len)
		failed |= set_bytes(o, "note", &x->labels.note);
	if (x->labels.tags.len)
		failed |= set(o, "tags", json_from_words(buffer_view(&x->labels.tags), ' '));
	if (x->refused_status)
		failed |= set(o, "refused_status", json_integer(x->refused_status));
	if (x->called)
		failed |= set(o, "started_at", json_string(at)) | set_exact(o, "reason_base64", &x->reason) |
			  set(o, "result", json_string(store_result_name(x->result))) | set_own(o, "url", &x->url) |
			  set_own(o, "error", &x->error) |
			  set(o, "connect_us", json_integer((json_int_t)x->connect_us)) |
			  set(o, "first_byte_us", json_integer((json_int_t)x->first_byte_us)) |
			  set(o, "total_us", json_integer((json_int_t)x->total_us));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

json_t *har_entry(const struct transcript *x)
{
	char at[TEXT_TIME_LEN];
	json_t *o = json_object();
	text_format_time(at, x->received_at_us);
	/* As HAR asks: the sum of the timings. */
	double time = (double)x->connect_us / 1000 + ms_between(x->connect_us, x->first_byte_us) +
		      ms_between(x->first_byte_us, x->total_us);
	int failed = set(o, "startedDateTime", json_string(at)) | set(o, "time", json_real(time)) |
		     set(o, "request", request(x)) | set(o, "response", response(x)) | set(o, "cache", json_object()) |
		     set(o, "timings", timings(x)) | set(o, "_creel", ours(x));
	if (x->labels.note.len)
		failed |= set_bytes(o, "comment", &x->labels.note);
	if (x->redacted)
		failed |= set(o, "_redacted", json_true());
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}
