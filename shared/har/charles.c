#include "shared/har/charles.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "shared/transcripts/draft.h"
#include "shared/har/har_private.h"
#include "shared/json/json_halves.h"
#include "shared/transcripts/import_json.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static struct bytes member(const json_t *object, const char *name)
{
	return json_to_bytes(json_object_get(object, name));
}

static double milliseconds(const json_t *transaction, const char *name)
{
	double ms = json_number_value(json_object_get(json_object_get(transaction, "durations"), name));
	return ms > 0 && ms < 1e12 ? ms : 0;
}

/* The body and its size; text that was decoded is no longer in the coding that the head names. */
static bool read_body(const json_t *message, const char *path, struct message *m, struct error *e)
{
	const json_t *body = json_object_get(message, "body"), *encoded = json_object_get(body, "encoded");
	double size = json_number_value(json_object_get(json_object_get(message, "sizes"), "body"));
	bool fine = true, has_text = json_is_string(json_object_get(body, "text"));
	if (json_is_string(encoded) && bytes_equal(member(body, "encoding"), bytes_of("base64")))
		fine = base64_decode_loose(&m->body, json_to_bytes(encoded)) ||
		       error_set(e, EXIT_USAGE, "%s.body.encoded is not base64", path);
	else if (has_text)
		fine = import_text(body, "text", &m->body, e);
	else if (json_is_object(body) && (encoded || json_object_get(body, "text")))
		fine = error_set(e, EXIT_USAGE, "%s.body is neither text nor base64", path);
	m->body_size = m->body.len;
	if (fine && !m->body.len && size > 0 && size < 1e15)
		m->body_size = (uint64_t)size;
	return fine &&
	       (!m->body.len || har_mend_head(m, !json_is_true(json_object_get(body, "decoded")) && !has_text, e));
}

static bool read_message(const json_t *message, const char *path, struct message *m, struct error *e)
{
	const json_t *header = json_object_get(message, "header");
	return har_read_fields(header, path, &m->headers, e) && read_body(message, path, m, e);
}

static bool read_target(const json_t *t, struct transcript *x, struct error *e)
{
	struct bytes path = member(t, "path"), host = member(t, "host");
	const json_t *query = json_object_get(t, "query"), *port = json_object_get(t, "port");
	struct buffer authority = { 0 }, all = { 0 };
	struct bytes found;
	x->https = bytes_equal(member(t, "scheme"), bytes_of("https"));
	bool fine = buffer_append_bytes(&x->target, path.len ? path : bytes_of("/"));
	if (fine && json_is_string(query))
		fine = buffer_put_u8(&x->target, '?') && buffer_append_bytes(&x->target, json_to_bytes(query));
	if (fine && host.len && headers_value_valid(host) &&
	    !headers_find(buffer_view(&x->request.headers), "host", &found)) {
		fine = buffer_append_bytes(&authority, host);
		if (fine && json_is_integer(port))
			fine = buffer_printf(&authority, ":%" JSON_INTEGER_FORMAT, json_integer_value(port));
		fine = fine && headers_append(&all, bytes_of("Host"), buffer_view(&authority)) &&
		       buffer_append_bytes(&all, buffer_view(&x->request.headers));
		if (fine) {
			struct buffer old = x->request.headers;
			x->request.headers = all;
			all = old;
		}
	}
	buffer_free(&authority);
	buffer_free(&all);
	return fine || no_memory(e);
}

static bool read_answer(const json_t *t, struct transcript *x, struct error *e)
{
	const json_t *response = json_object_get(t, "response");
	double status;
	if (!json_is_object(response))
		return true;
	if (!import_number(response, "status", 999, &status, e) || !read_message(response, "response", &x->response, e))
		return false;
	/* "HTTP/1.1 200 OK" */
	struct bytes line = member(json_object_get(response, "header"), "firstLine");
	for (int blanks = 0; blanks < 2 && line.len; line = bytes_make(line.at + 1, line.len - 1))
		blanks += *line.at == ' ';
	x->status = (int)status;
	x->called = x->status > 0;
	x->started_at_us = x->received_at_us;
	x->first_byte_us = (uint64_t)(milliseconds(t, "latency") * 1000);
	x->total_us = (uint64_t)(milliseconds(t, "total") * 1000);
	return buffer_append_bytes(&x->reason, line) || no_memory(e);
}

static bool read_transaction(const json_t *t, struct transcript *x, struct error *e)
{
	struct bytes length;
	if (!json_is_object(t) || !json_is_object(json_object_get(t, "request")))
		return error_set(e, EXIT_USAGE, "there is no \"request\"");
	x->origin = ORIGIN_IMPORT;
	if (!import_time(json_object_get(t, "times"), "start", &x->received_at_us, e) ||
	    !import_event_id(NULL, t, x->received_at_us, x->event_id, e) || !import_text(t, "method", &x->method, e) ||
	    !read_message(json_object_get(t, "request"), "request", &x->request, e) || !read_target(t, x, e) ||
	    !read_answer(t, x, e))
		return false;
	x->has_body =
	    x->request.body_size > 0 || headers_find(buffer_view(&x->request.headers), "content-length", &length);
	return transcript_check(x, e);
}

static bool is_http(const json_t *t)
{
	return !json_is_true(json_object_get(t, "tunnel")) && !json_is_true(json_object_get(t, "webSocket")) &&
	       !bytes_equal(member(t, "method"), bytes_of("CONNECT"));
}

static bool take(const json_t *t, size_t number, const struct import_sink *sink, struct error *e)
{
	char place[60];
	struct transcript x = { 0 };
	bool fine = json_halves_within(t) ? error_set(e, EXIT_USAGE, JSON_HALVES_SENTENCE) : read_transaction(t, &x, e);
	fine = fine && sink->take(sink->user, &x, e);
	transcript_free(&x);
	if (fine || e->code != EXIT_USAGE)
		return fine;
	snprintf(place, sizeof place, "entry %zu", number);
	error_prefix(e, place);
	if (!sink->refused(sink->user, e))
		return false;
	*e = (struct error){ 0 };
	return true;
}

bool charles_read(struct bytes text, const struct import_sink *sink, uint64_t *left_out, struct error *e)
{
	size_t i;
	json_t *t, *all = json_halves_load(text, e);
	bool fine = all != NULL;
	if (fine && !json_is_array(all))
		fine = error_set(e, EXIT_USAGE, "line 1: it is not a list of transactions");
	json_array_foreach(all, i, t)
	{
		if (!fine)
			break;
		if (json_is_object(t) && !is_http(t))
			(*left_out)++;
		else
			fine = take(t, i + 1, sink, e);
	}
	json_decref(all);
	return fine;
}
