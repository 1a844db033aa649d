/* HAR files: our own exactly, browsers' as well as can be. */
#include <string.h>
#include <strings.h>

#include "shared/http/hop_by_hop.h"
#include "shared/text/base64.h"
#include "shared/formats/har.h"
#include "shared/http/headers.h"
#include "shared/formats/import_json.h"

#define MOST 1e15

/* Browsers list HTTP/2's pseudo fields among the others; what is of one connection alone is not recorded. */
static bool read_fields(const json_t *message, bool is_own, struct buffer *block, struct error *e)
{
	size_t i;
	json_t *field;
	struct bytes name, value;
	struct buffer all = { 0 };
	struct hop_by_hop hops = { 0 };
	bool fine = true;
	block->len = 0;
	json_array_foreach(json_object_get(message, "headers"), i, field)
	{
		name = json_to_bytes(json_object_get(field, "name"));
		value = json_to_bytes(json_object_get(field, "value"));
		if (fine && (is_own || !(name.len && name.at[0] == ':')))
			fine = import_field(&all, name, value, e);
	}
	if (fine && !is_own)
		fine = hop_by_hop_find(&hops, buffer_view(&all)) || error_set(e, EXIT_STORE, "out of memory");
	for (size_t pos = 0; fine && headers_next(buffer_view(&all), &pos, &name, &value);)
		if (is_own || !hop_by_hop_has(&hops, name))
			fine = headers_append(block, name, value) || error_set(e, EXIT_STORE, "out of memory");
	hop_by_hop_free(&hops);
	buffer_free(&all);
	return fine;
}

static bool read_block(const json_t *message, const json_t *own, const char *exact, struct buffer *block,
		       struct error *e)
{
	const json_t *encoded = json_object_get(own, exact);
	if (!encoded)
		return read_fields(message, own != NULL, block, e);
	block->len = 0;
	return base64_decode(block, json_to_bytes(encoded)) || error_set(e, EXIT_USAGE, "\"%s\" is not base64", exact);
}

static bool read_coded(const json_t *holder, const char *coding, struct buffer *out, struct error *e)
{
	if (!bytes_equal(json_to_bytes(json_object_get(holder, coding)), bytes_of("base64")))
		return import_text(holder, "text", out, e);
	out->len = 0;
	return base64_decode(out, json_to_bytes(json_object_get(holder, "text"))) ||
	       error_set(e, EXIT_USAGE, "\"text\" is not base64");
}

/* A form's pairs, where a tool wrote them in the place of the text. */
static bool read_params(const json_t *params, struct buffer *out, struct error *e)
{
	size_t i;
	json_t *p;
	json_array_foreach(params, i, p)
	{
		if ((i && !buffer_put_u8(out, '&')) ||
		    !buffer_append_bytes(out, json_to_bytes(json_object_get(p, "name"))) || !buffer_put_u8(out, '=') ||
		    !buffer_append_bytes(out, json_to_bytes(json_object_get(p, "value"))))
			return error_set(e, EXIT_STORE, "out of memory");
	}
	return true;
}

static void read_size(const json_t *holder, const char *name, struct message *m)
{
	const json_t *size = json_object_get(holder, name);
	json_int_t n = json_integer_value(size);
	m->body_size = n > (json_int_t)m->body.len && (double)n <= MOST ? (uint64_t)n : m->body.len;
}

/* "https://user@host:1/path?query#fragment" as its authority and the target. */
static bool split_url(struct bytes url, struct bytes *authority, struct bytes *target, struct error *e)
{
	const uint8_t *scheme = url.len ? memmem(url.at, url.len, "://", 3) : NULL;
	if (!scheme)
		return error_set(e, EXIT_USAGE, "\"url\" is not a URL");
	size_t start = (size_t)(scheme - url.at) + 3, end = start;
	for (; end < url.len && url.at[end] != '/' && url.at[end] != '?' && url.at[end] != '#'; end++)
		if (url.at[end] == '@')
			start = end + 1;
	*authority = bytes_make(url.at + start, end - start);
	*target = bytes_make(url.at + end, url.len - end);
	const uint8_t *fragment = target->len ? memchr(target->at, '#', target->len) : NULL;
	if (fragment)
		target->len = (size_t)(fragment - target->at);
	return true;
}

/* Of another tool's entry the target, and the Host where it is in the URL alone, as with HTTP/2. */
static bool read_url(struct bytes url, struct transcript *out, struct error *e)
{
	struct bytes authority = { 0 }, target = { 0 }, host;
	struct buffer all = { 0 };
	if (!split_url(url, &authority, &target, e))
		return false;
	bool fine = (target.len && target.at[0] == '/') || buffer_put_u8(&out->target, '/');
	fine = fine && buffer_append_bytes(&out->target, target);
	if (fine && authority.len && headers_value_valid(authority) &&
	    !headers_find(buffer_view(&out->request.headers), "host", &host)) {
		fine = headers_append(&all, bytes_of("Host"), authority) &&
		       buffer_append_bytes(&all, buffer_view(&out->request.headers));
		buffer_free(&out->request.headers);
		out->request.headers = all;
	}
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

static bool read_request(const json_t *entry, const json_t *own, struct transcript *out, struct error *e)
{
	const json_t *request = json_object_get(entry, "request"), *post = json_object_get(request, "postData");
	struct bytes url = json_to_bytes(json_object_get(request, "url")), length;
	if (!json_is_object(request))
		return error_set(e, EXIT_USAGE, "there is no \"request\"");
	if (!import_text(request, "method", &out->method, e) || !import_bytes(own, "target", &out->target, e) ||
	    !read_block(request, own, "request_headers_base64", &out->request.headers, e) ||
	    (out->target.len == 0 && !read_url(url, out, e)) || !read_coded(post, "_encoding", &out->request.body, e) ||
	    (out->request.body.len == 0 && !read_params(json_object_get(post, "params"), &out->request.body, e)) ||
	    !import_bytes(own, "trailers", &out->request.trailers, e))
		return false;
	read_size(own ? request : NULL, "bodySize", &out->request);
	out->https = url.len >= 6 && memcmp(url.at, "https:", 6) == 0;
	out->has_body =
	    out->request.body.len > 0 || headers_find(buffer_view(&out->request.headers), "content-length", &length);
	return true;
}

static bool read_response(const json_t *entry, const json_t *own, struct transcript *out, struct error *e)
{
	const json_t *response = json_object_get(entry, "response"), *content = json_object_get(response, "content");
	double status, connect, first, total;
	if (!import_number(response, "status", 999, &status, e) ||
	    !import_text(response, "statusText", &out->reason, e) ||
	    (json_object_get(own, "reason_base64") && !import_bytes(own, "reason", &out->reason, e)) ||
	    !read_block(response, own, "response_headers_base64", &out->response.headers, e) ||
	    !import_bytes(own, "response_trailers", &out->response.trailers, e) ||
	    !import_bytes(own, "response_raw", &out->response.raw, e) ||
	    !read_coded(content, "encoding", &out->response.body, e))
		return false;
	read_size(own ? content : NULL, "size", &out->response);
	out->status = (int)status;
	out->called = status > 0 || json_object_get(own, "result");
	out->started_at_us = out->received_at_us;
	if (!own) {
		const json_t *timings = json_object_get(entry, "timings");
		const json_t *wait = json_object_get(timings, "wait"), *receive = json_object_get(timings, "receive");
		double w = json_number_value(wait), r = json_number_value(receive);
		out->first_byte_us = w > 0 && w < MOST / 1000 ? (uint64_t)(w * 1000) : 0;
		out->total_us = out->first_byte_us + (r > 0 && r < MOST / 1000 ? (uint64_t)(r * 1000) : 0);
		return import_text(json_object_get(entry, "request"), "url", &out->url, e);
	}
	if (!import_result(own, &out->result, e) || !import_bytes(own, "url", &out->url, e) ||
	    !import_bytes(own, "error", &out->error, e) || !import_number(own, "connect_us", MOST, &connect, e) ||
	    !import_number(own, "first_byte_us", MOST, &first, e) || !import_number(own, "total_us", MOST, &total, e) ||
	    (out->called && json_object_get(own, "started_at") &&
	     !import_time(own, "started_at", &out->started_at_us, e)))
		return false;
	out->connect_us = (uint64_t)connect;
	out->first_byte_us = (uint64_t)first;
	out->total_us = (uint64_t)total;
	return true;
}

static bool read_own(const json_t *own, struct transcript *out, struct error *e)
{
	double refused;
	if (!import_bytes(own, "prefix", &out->prefix, e) || !import_bytes(own, "tunnel", &out->tunnel, e) ||
	    !import_bytes(own, "peer", &out->peer, e) || !import_bytes(own, "provider", &out->provider, e) ||
	    !import_bytes(own, "event_type", &out->event_type, e) || !import_state(own, &out->state, e) ||
	    !import_flag(own, "https", &out->https, e) || !import_flag(own, "forwarded", &out->request.forwarded, e) ||
	    !import_flag(own, "has_body", &out->has_body, e) || !import_number(own, "refused_status", 999, &refused, e))
		return false;
	out->refused_status = (int)refused;
	return true;
}

bool har_is_http(const json_t *entry)
{
	/* With something else there the entry is wrong, not left out. */
	const char *url = json_string_value(json_object_get(json_object_get(entry, "request"), "url"));
	return !url || !strstr(url, ":") || strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0;
}

bool har_read_entry(const json_t *entry, struct transcript *out, struct error *e)
{
	const json_t *own = json_object_get(entry, "_creel");
	memset(out, 0, sizeof *out);
	own = json_is_object(own) ? own : NULL;
	out->origin = ORIGIN_IMPORT;
	return import_time(entry, "startedDateTime", &out->received_at_us, e) &&
	       import_event_id(json_object_get(own, "event_id"), entry, out->received_at_us, out->event_id, e) &&
	       read_request(entry, own, out, e) && read_response(entry, own, out, e) && read_own(own, out, e) &&
	       (!own || import_flag(entry, "_redacted", &out->redacted, e)) && transcript_check(out, e);
}
