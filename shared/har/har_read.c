/* HAR files: our own exactly, browsers' as well as can be. */
#include <string.h>
#include <strings.h>

#include "shared/transcripts/draft.h"
#include "shared/har/har_private.h"
#include "shared/json/json_halves.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"
#include "shared/transcripts/import_json.h"

#define MOST 1e15

/* Of our own files. */
static bool read_own_fields(const json_t *message, struct buffer *block, struct error *e)
{
	size_t i;
	json_t *field;
	block->len = 0;
	json_array_foreach(json_object_get(message, "headers"), i, field)
	{
		if (!import_field(block, json_to_bytes(json_object_get(field, "name")),
				  json_to_bytes(json_object_get(field, "value")), e))
			return false;
	}
	return true;
}

static bool read_block(const json_t *message, const json_t *own, const char *exact, struct buffer *block,
		       struct error *e)
{
	const json_t *encoded = json_object_get(own, exact);
	if (!own) {
		bool asks = strncmp(exact, "request", 7) == 0;
		const char *path = asks ? "request" : "response";
		return har_read_fields(message, path, block, e) && har_read_cookies(message, path, asks, block, e);
	}
	if (!encoded)
		return read_own_fields(message, block, e);
	block->len = 0;
	return base64_decode(block, json_to_bytes(encoded)) || error_set(e, EXIT_USAGE, "\"%s\" is not base64", exact);
}

static void read_size(const json_t *holder, const char *name, struct message *m)
{
	const json_t *size = json_object_get(holder, name);
	json_int_t n = json_integer_value(size);
	m->body_size = n > (json_int_t)m->body.len && (double)n <= MOST ? (uint64_t)n : m->body.len;
}

/* Of another tool's entry the target, and the Host where it is in the URL alone, as with HTTP/2. */
static bool read_url(struct bytes url, struct transcript *out, struct error *e)
{
	struct bytes authority = { 0 }, target = { 0 }, host;
	struct buffer all = { 0 };
	if (!draft_split_url(url, &authority, &target))
		return error_set(e, EXIT_USAGE, "\"url\" is not a URL");
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

/* Some tools leave the query out of the URL and list it alone. */
static bool add_query(const json_t *request, struct transcript *out, struct error *e)
{
	static const int64_t unknown[2] = { -1, -1 };
	const json_t *list = json_object_get(request, "queryString");
	struct buffer query = { 0 };
	if (!json_is_array(list) || json_array_size(list) == 0 || memchr(out->target.at, '?', out->target.len))
		return true;
	bool fine = har_read_pairs(list, "request.queryString", unknown, &query, e);
	fine = fine && ((buffer_put_u8(&out->target, '?') && buffer_append_bytes(&out->target, buffer_view(&query))) ||
			error_set(e, EXIT_STORE, "out of memory"));
	buffer_free(&query);
	return fine;
}

static bool read_body(const json_t *request, const json_t *own, struct message *m, struct error *e)
{
	bool present, coded;
	if (!own)
		return har_read_post(request, m, e);
	if (!har_read_text(json_object_get(request, "postData"), "request.postData", &m->body, &present, &coded, e))
		return false;
	read_size(request, "bodySize", m);
	return true;
}

static bool read_request(const json_t *entry, const json_t *own, struct transcript *out, struct error *e)
{
	const json_t *request = json_object_get(entry, "request");
	struct bytes url = json_to_bytes(json_object_get(request, "url")), length;
	if (!json_is_object(request))
		return error_set(e, EXIT_USAGE, "there is no \"request\"");
	if (!import_text(request, "method", &out->method, e) || !import_bytes(own, "target", &out->target, e) ||
	    !read_block(request, own, "request_headers_base64", &out->request.headers, e) ||
	    (out->target.len == 0 && (!read_url(url, out, e) || !add_query(request, out, e))) ||
	    !read_body(request, own, &out->request, e) || !import_bytes(own, "trailers", &out->request.trailers, e))
		return false;
	out->https = url.len >= 6 && memcmp(url.at, "https:", 6) == 0;
	out->has_body = out->request.body.len > 0 || out->request.body_size > 0 ||
			headers_find(buffer_view(&out->request.headers), "content-length", &length);
	return true;
}

static bool read_answer(const json_t *response, const json_t *own, int status, struct transcript *out, struct error *e)
{
	bool present, coded,
	    no_body = status == 204 || status == 304 || status < 200 ||
		      bytes_equal(buffer_view(&out->method), bytes_of("HEAD"));
	const json_t *content = json_object_get(response, "content");
	if (!own)
		return har_read_content(response, !no_body, &out->response, e);
	if (!har_read_text(content, "response.content", &out->response.body, &present, &coded, e))
		return false;
	read_size(content, "size", &out->response);
	return true;
}

static bool read_response(const json_t *entry, const json_t *own, struct transcript *out, struct error *e)
{
	const json_t *response = json_object_get(entry, "response");
	double status, connect, first, total;
	if (!import_number(response, "status", 999, &status, e) ||
	    !import_text(response, "statusText", &out->reason, e) ||
	    (json_object_get(own, "reason_base64") && !import_bytes(own, "reason", &out->reason, e)) ||
	    !read_block(response, own, "response_headers_base64", &out->response.headers, e) ||
	    !import_bytes(own, "response_trailers", &out->response.trailers, e) ||
	    !import_bytes(own, "response_raw", &out->response.raw, e) ||
	    !read_answer(response, own, (int)status, out, e))
		return false;
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
	    !import_labels(own, &out->labels, e) || !import_flag(own, "has_body", &out->has_body, e) ||
	    !import_number(own, "refused_status", 999, &refused, e))
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

static bool read_entry(const json_t *entry, const json_t *own, struct transcript *out, struct error *e)
{
	return read_request(entry, own, out, e) && read_response(entry, own, out, e) && read_own(own, out, e) &&
	       (!own || import_flag(entry, "_redacted", &out->redacted, e)) && transcript_check(out, e);
}

bool har_read_entry(const json_t *entry, struct transcript *out, struct error *e)
{
	const json_t *own = json_object_get(entry, "_creel");
	memset(out, 0, sizeof *out);
	own = json_is_object(own) ? own : NULL;
	out->origin = ORIGIN_IMPORT;
	if (!import_time(entry, "startedDateTime", &out->received_at_us, e) ||
	    !import_event_id(json_object_get(own, "event_id"), entry, out->received_at_us, out->event_id, e))
		return false;
	if (!json_halves_marked(entry))
		return read_entry(entry, own, out, e);
	json_t *bytes = json_halves_bytes(entry);
	own = own ? json_object_get(bytes, "_creel") : NULL;
	bool fine = bytes ? read_entry(bytes, own, out, e) : error_set(e, EXIT_STORE, "out of memory");
	json_decref(bytes);
	return fine;
}
