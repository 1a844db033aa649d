#include "client/mcp/mcp_redact.h"

#include <stdio.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/redact/redact.h"
#include "shared/text/base64.h"
#include "shared/text/text.h"

/* ---- texts ---- */

static struct bytes bytes_in(const json_t *string)
{
	return bytes_make(json_string_value(string), json_string_length(string));
}

static bool put_text(json_t *string, struct bytes text)
{
	json_t *valid = json_from_bytes(text);
	bool fine = valid && json_string_setn(string, json_string_value(valid), json_string_length(valid)) == 0;
	json_decref(valid);
	return fine;
}

static bool redact_string(struct redaction *r, json_t *string, bool url)
{
	struct buffer out = { 0 };
	bool fine = (url ? redact_url : redact_text)(r, bytes_in(string), &out) && put_text(string, buffer_view(&out));
	buffer_free(&out);
	return fine;
}

static bool is_named(const char *name)
{
	return name && redact_is_named(bytes_of(name), NULL);
}

static bool hide(json_t *value)
{
	return !json_is_string(value) || json_string_set(value, REDACTED) == 0;
}

/* ---- a message: header fields as pairs, and its body ---- */

static bool make_block(json_t *fields, struct buffer *block)
{
	size_t i;
	json_t *pair;
	json_array_foreach(fields, i, pair)
	{
		struct bytes name = bytes_in(json_array_get(pair, 0)), value = bytes_in(json_array_get(pair, 1));
		if (headers_name_valid(name) && headers_value_valid(value) && !headers_append(block, name, value))
			return false;
	}
	return true;
}

static bool redact_pair(struct redaction *r, json_t *pair)
{
	struct buffer block = { 0 }, out = { 0 };
	json_t *name = json_array_get(pair, 0), *value = json_array_get(pair, 1);
	struct bytes n, v;
	size_t at = 0;
	bool fine = true;
	if (!json_is_string(name) || !json_is_string(value))
		return true;
	if (!headers_name_valid(bytes_in(name)) || !headers_value_valid(bytes_in(value)))
		return redact_string(r, value, false);
	fine = headers_append(&block, bytes_in(name), bytes_in(value)) &&
	       redact_headers(r, buffer_view(&block), &out) &&
	       (!headers_next(buffer_view(&out), &at, &n, &v) || put_text(value, v));
	buffer_free(&block);
	buffer_free(&out);
	return fine;
}

static bool put_body(json_t *message, bool encoded, struct bytes body)
{
	struct buffer out = { 0 };
	bool fine = !encoded || base64_encode(&out, body, 0);
	if (fine)
		fine = json_object_set_new(message, encoded ? "body_base64" : "body",
					   json_from_bytes(encoded ? buffer_view(&out) : body)) == 0;
	buffer_free(&out);
	return fine;
}

/* What was taken out of an encoded body leaves it decoded. */
static bool redact_message_body(struct redaction *r, json_t *message, struct bytes block)
{
	struct buffer body = { 0 }, out = { 0 };
	json_t *text = json_object_get(message, "body"), *encoded = json_object_get(message, "body_base64");
	bool decoded = false, replaced = false, fine = true;
	if (!text && !encoded)
		return true;
	fine = text ? buffer_append_bytes(&body, bytes_in(text)) : base64_decode(&body, bytes_in(encoded));
	fine = fine && redact_body(r, block, buffer_view(&body), &out, &decoded, &replaced);
	if (fine && encoded && (decoded || replaced) && text_is_utf8(buffer_view(&out))) {
		json_object_del(message, "body_base64");
		encoded = NULL;
	}
	fine = fine && put_body(message, encoded != NULL, buffer_view(&out));
	if (fine && decoded)
		fine = json_object_set_new(message, "body_decoded", json_true()) == 0;
	buffer_free(&body);
	buffer_free(&out);
	return fine;
}

static bool redact_message(struct redaction *r, json_t *message)
{
	struct buffer block = { 0 };
	json_t *fields = json_object_get(message, "headers"), *trailers = json_object_get(message, "trailers"), *pair;
	size_t i;
	bool fine = make_block(fields, &block) && redact_message_body(r, message, buffer_view(&block));
	json_array_foreach(fields, i, pair) fine = fine && redact_pair(r, pair);
	json_array_foreach(trailers, i, pair) fine = fine && redact_pair(r, pair);
	buffer_free(&block);
	return fine;
}

/* ---- anything ---- */

/* "data.items[3].id", '["a key"].id': what a name tells of holds for all that is in it. */
static bool path_is_named(const char *path)
{
	for (const char *at = path; at && *at;) {
		char name[64];
		size_t len = strcspn(at, ".[]\"");
		if (len && len < sizeof name) {
			memcpy(name, at, len);
			name[len] = 0;
			if (is_named(name))
				return true;
		}
		at += len + (at[len] != 0);
	}
	return false;
}

/* A text that may be JSON, a form or a line of one. */
static bool redact_as_body(struct redaction *r, json_t *string)
{
	struct buffer out = { 0 };
	bool decoded, replaced;
	bool fine =
	    !json_is_string(string) || (redact_body(r, bytes_of(""), bytes_in(string), &out, &decoded, &replaced) &&
					put_text(string, buffer_view(&out)));
	buffer_free(&out);
	return fine;
}

/* A field's value, as in a head. */
static bool redact_field(struct redaction *r, json_t *name, json_t *value)
{
	json_t *pair = json_is_string(value) ? json_pack("[O, O]", name, value) : NULL;
	bool fine = !json_is_string(value) || (pair && redact_pair(r, pair));
	json_decref(pair);
	return fine;
}

/* {"name" or "path" or "line_a", "a", "b"}: how two deliveries differ in a value. *done: it is one. */
static bool redact_difference(struct redaction *r, json_t *o, bool *done)
{
	json_t *name = json_object_get(o, "name"), *path = json_object_get(o, "path");
	json_t *a = json_object_get(o, "a"), *b = json_object_get(o, "b");
	*done = a && b && (json_is_string(name) || json_is_string(path) || json_object_get(o, "line_a"));
	if (!*done)
		return true;
	if (is_named(json_string_value(name)) || path_is_named(json_string_value(path)))
		return hide(a) && hide(b);
	if (name)
		return redact_field(r, name, a) && redact_field(r, name, b);
	return redact_as_body(r, a) && redact_as_body(r, b);
}

static bool is_message(json_t *o)
{
	return json_is_array(json_array_get(json_object_get(o, "headers"), 0)) || json_object_get(o, "body_base64") ||
	       json_is_string(json_object_get(o, "body"));
}

/* Names are the schema's here, not the sender's: none of them tells of a secret. */
#define DEPTH_MOST 64
static bool redact_value(struct redaction *r, json_t *value, const char *key, int depth)
{
	size_t i;
	const char *name;
	json_t *inner;
	if (depth == DEPTH_MOST)
		return false;
	if (json_is_string(value))
		return redact_string(r, value, key && (strcmp(key, "target") == 0 || strcmp(key, "url") == 0));
	if (json_is_array(value)) {
		json_array_foreach(value, i, inner) if (!redact_value(r, inner, key, depth + 1)) return false;
		return true;
	}
	if (!json_is_object(value))
		return true;
	bool message = is_message(value), difference;
	if ((message && !redact_message(r, value)) || !redact_difference(r, value, &difference))
		return false;
	json_object_foreach(value, name, inner)
	{
		if (difference && (strcmp(name, "a") == 0 || strcmp(name, "b") == 0))
			continue;
		if (strcmp(name, "answer") == 0) { /* of the app, to a sample */
			if (!redact_as_body(r, inner))
				return false;
			continue;
		}
		if (message &&
		    (strcmp(name, "headers") == 0 || strcmp(name, "trailers") == 0 || strncmp(name, "body", 4) == 0))
			continue;
		if (!redact_value(r, inner, name, depth + 1))
			return false;
	}
	return true;
}

bool mcp_redact(json_t *result)
{
	struct redaction r = { 0 };
	return redact_value(&r, result, NULL, 0);
}

/* ---- bounds ---- */

static bool cut_message(json_t *message, size_t most)
{
	json_t *text = json_object_get(message, "body"), *encoded = json_object_get(message, "body_base64");
	struct buffer body = { 0 };
	bool fine = true;
	if (json_is_string(text)) {
		struct bytes b = bytes_in(text);
		if (b.len > most)
			b.len = most;
		for (int i = 0; i < 4 && b.len && !text_is_utf8(b); i++)
			b.len--;
		fine = json_object_set_new(message, "body_shown", json_integer((json_int_t)b.len)) == 0 &&
		       put_body(message, false, b);
	} else if (json_is_string(encoded)) {
		fine = base64_decode(&body, bytes_in(encoded));
		if (body.len > most)
			body.len = most;
		fine = fine && json_object_set_new(message, "body_shown", json_integer((json_int_t)body.len)) == 0 &&
		       put_body(message, true, buffer_view(&body));
	}
	buffer_free(&body);
	return fine;
}

bool mcp_redact_cut(json_t *delivery, size_t most)
{
	json_t *request = json_object_get(delivery, "request"), *response = json_object_get(delivery, "response");
	return (!json_is_object(request) || cut_message(request, most)) &&
	       (!json_is_object(response) || cut_message(response, most));
}

static bool bound_text(json_t *string, size_t most)
{
	struct bytes whole = bytes_in(string), start = text_start(whole, most);
	struct buffer cut = { 0 };
	if (whole.len <= most)
		return true;
	bool fine = buffer_append_bytes(&cut, start) &&
		    buffer_printf(&cut, "… (the first %zu of %zu bytes)", start.len, whole.len) &&
		    put_text(string, buffer_view(&cut));
	buffer_free(&cut);
	return fine;
}

/* What it leaves out is counted in `beside`. */
static bool bound_list(const char *name, json_t *list, size_t most, json_t *beside)
{
	char left_out[100];
	size_t count = json_array_size(list);
	if (count <= most)
		return true;
	while (json_array_size(list) > most)
		json_array_remove(list, json_array_size(list) - 1);
	snprintf(left_out, sizeof left_out, "%.80s_left_out", name);
	return json_object_set_new(beside, left_out, json_integer((json_int_t)(count - most))) == 0;
}

static bool bound_value(json_t *value, size_t text_most, size_t list_most, int depth);

static bool bound_object(json_t *object, size_t text_most, size_t list_most, int depth)
{
	const char *name;
	json_t *inner, *beside = json_object();
	bool fine = beside;
	json_object_foreach(object, name, inner) fine =
	    fine && bound_list(name, inner, list_most, beside) && bound_value(inner, text_most, list_most, depth);
	fine = fine && json_object_update(object, beside) == 0;
	json_decref(beside);
	return fine;
}

/* Redaction has gone as deep before. */
static bool bound_value(json_t *value, size_t text_most, size_t list_most, int depth)
{
	size_t i;
	json_t *inner;
	bool fine = depth < DEPTH_MOST;
	if (json_is_string(value))
		return fine && bound_text(value, text_most);
	if (json_is_object(value))
		return fine && bound_object(value, text_most, list_most, depth + 1);
	json_array_foreach(value, i, inner) fine = fine && bound_value(inner, text_most, list_most, depth + 1);
	return fine;
}

bool mcp_redact_bound(json_t *result, size_t text_most, size_t list_most)
{
	return bound_value(result, text_most, list_most, 0);
}
