#include "shared/transcripts/ndjson.h"

#include <string.h>

#include "shared/json/json_halves.h"
#include "shared/json/json_once.h"
#include "shared/transcripts/import_json.h"

#define MOST_BYTES 1e15

static bool read_fields(const json_t *list, struct buffer *block, struct error *e)
{
	size_t i;
	json_t *pair;
	block->len = 0;
	if (list && !json_is_array(list))
		return error_set(e, EXIT_USAGE, "\"headers\" is not a list");
	json_array_foreach(list, i, pair)
	{
		const json_t *name = json_array_get(pair, 0), *value = json_array_get(pair, 1);
		if (json_array_size(pair) != 2 || !json_is_string(name) || !json_is_string(value))
			return error_set(e, EXIT_USAGE, "a header field is not [name, value]");
		if (!import_field(block, json_to_bytes(name), json_to_bytes(value), e))
			return false;
	}
	return true;
}

static bool read_block(const json_t *message, const char *name, struct buffer *block, struct error *e)
{
	char encoded[40];
	snprintf(encoded, sizeof encoded, "%s_base64", name);
	if (json_object_get(message, encoded))
		return import_bytes(message, name, block, e); /* checked by transcript_check */
	return read_fields(json_object_get(message, name), block, e);
}

static bool read_message(const json_t *message, struct message *out, double body_bytes, struct error *e)
{
	if (!read_block(message, "headers", &out->headers, e) || !read_block(message, "trailers", &out->trailers, e) ||
	    !import_bytes(message, "body", &out->body, e))
		return false;
	bool cut = json_is_true(json_object_get(message, "body_truncated"));
	out->body_size = cut && body_bytes > (double)out->body.len ? (uint64_t)body_bytes : out->body.len;
	return true;
}

static bool read_attempt(const json_t *line, struct transcript *out, struct error *e)
{
	const json_t *attempt = json_object_get(line, "attempt"), *response = json_object_get(line, "response");
	double status, response_bytes, connect, first, total;
	if (!json_is_object(attempt))
		return true;
	out->called = true;
	if (!import_time(attempt, "started_at", &out->started_at_us, e) || !import_result(attempt, &out->result, e) ||
	    !import_number(attempt, "status", 999, &status, e) || !import_bytes(attempt, "url", &out->url, e) ||
	    !import_bytes(attempt, "reason", &out->reason, e) || !import_bytes(attempt, "error", &out->error, e) ||
	    !import_number(attempt, "connect_us", MOST_BYTES, &connect, e) ||
	    !import_number(attempt, "first_byte_us", MOST_BYTES, &first, e) ||
	    !import_number(attempt, "total_us", MOST_BYTES, &total, e) ||
	    !import_number(line, "response_bytes", MOST_BYTES, &response_bytes, e))
		return false;
	if (!import_bytes(line, "response_raw", &out->response.raw, e))
		return false;
	out->status = (int)status;
	out->connect_us = (uint64_t)connect;
	out->first_byte_us = (uint64_t)first;
	out->total_us = (uint64_t)total;
	return !json_is_object(response) || read_message(response, &out->response, response_bytes, e);
}

/* `id_of`: what the id is made of where the line has none. */
static bool read_line(const json_t *line, const json_t *id_of, struct transcript *out, struct error *e)
{
	const json_t *request = json_object_get(line, "request");
	double status, request_bytes;
	if (!json_is_object(line))
		return error_set(e, EXIT_USAGE, "it is not a JSON object");
	if (!json_is_object(request))
		return error_set(e, EXIT_USAGE,
				 "the delivery has no \"request\"; `creel export --format ndjson` writes them");
	out->origin = ORIGIN_IMPORT;
	if (!import_time(line, "received_at", &out->received_at_us, e) ||
	    !import_event_id(json_object_get(line, "event_id"), id_of, out->received_at_us, out->event_id, e) ||
	    !import_bytes(line, "prefix", &out->prefix, e) || !import_flag(line, "redacted", &out->redacted, e) ||
	    !import_bytes(line, "tunnel", &out->tunnel, e) || !import_text(line, "method", &out->method, e) ||
	    !import_bytes(line, "target", &out->target, e) || !import_bytes(line, "peer", &out->peer, e) ||
	    !import_bytes(line, "provider", &out->provider, e) ||
	    !import_bytes(line, "event_type", &out->event_type, e) || !import_state(line, &out->state, e) ||
	    !import_flag(line, "https", &out->https, e) ||
	    !import_flag(line, "forwarded", &out->request.forwarded, e) || !import_labels(line, &out->labels, e) ||
	    !import_number(line, "status", 999, &status, e) ||
	    !import_number(line, "request_bytes", MOST_BYTES, &request_bytes, e) ||
	    !read_message(request, &out->request, request_bytes, e))
		return false;
	out->has_body = out->request.body.len > 0;
	if (out->state == DELIVERY_REFUSED)
		out->refused_status = (int)status;
	/* A refused one has headers and no body. */
	if (out->state == DELIVERY_REFUSED && request_bytes > 0)
		out->request.body_size = (uint64_t)request_bytes;
	return import_flag(line, "has_body", &out->has_body, e) && read_attempt(line, out, e) &&
	       transcript_check(out, e);
}

/* jansson knows no half characters: those that stand for bytes are read as such. */
static json_t *load(struct bytes line, struct error *e)
{
	json_error_t je;
	struct buffer whole = { 0 };
	enum json_halves halves = JSON_HALVES_NONE;
	size_t at = 0;
	json_t *object = json_load_once(line, JSON_ALLOW_NUL, &je);
	if (object)
		return object;
	bool fine = json_halves_take(line, &whole, &halves, &at);
	if (fine && halves == JSON_HALVES_BYTES)
		object = json_loadb((const char *)whole.at, whole.len, JSON_ALLOW_NUL, &je);
	buffer_free(&whole);
	if (!fine || (object && !json_halves_mark(object))) {
		json_decref(object);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	if (!object && halves == JSON_HALVES_OTHER)
		error_set(e, EXIT_USAGE, "'%.6s' is half of a character, and stands for no byte",
			  (const char *)line.at + at);
	else if (!object)
		error_set(e, EXIT_USAGE, "it is not JSON: %s at column %d", je.text, je.column);
	return object;
}

bool ndjson_read(struct bytes line, struct transcript *out, struct error *e)
{
	memset(out, 0, sizeof *out);
	json_t *object = load(line, e), *bytes = NULL;
	if (!object)
		return false;
	if (json_halves_marked(object) && !(bytes = json_halves_bytes(object))) {
		json_decref(object);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	bool fine = read_line(bytes ? bytes : object, object, out, e);
	json_decref(bytes);
	json_decref(object);
	return fine;
}
