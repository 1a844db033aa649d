#include "shared/collections/collection.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/collections/collection_write.h"
#include "shared/json/json_halves.h"
#include "shared/transcripts/import_json.h"
#include "shared/syntax/multipart.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"

#define DEEP 8 /* objects of variables within each other */

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

bool collection_text(const struct collection *c, const json_t *text, struct buffer *out, struct error *e)
{
	if (!text || json_is_null(text))
		return true;
	if (json_is_integer(text))
		return buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(text)) || no_memory(e);
	if (json_is_boolean(text))
		return buffer_append_text(out, json_is_true(text) ? "true" : "false") || no_memory(e);
	if (!json_is_string(text))
		return error_set(e, EXIT_USAGE, "it is not a text");
	if (json_halves_in(json_to_bytes(text)))
		return error_set(e, EXIT_USAGE, JSON_HALVES_SENTENCE);
	if (c->plain)
		return buffer_append_bytes(out, json_to_bytes(text)) || no_memory(e);
	return variables_replace(c->values, c->templates, json_to_bytes(text), out, e);
}

bool collection_member(const struct collection *c, const json_t *object, const char *member, struct buffer *out,
		       struct error *e)
{
	out->len = 0;
	return collection_text(c, json_object_get(object, member), out, e) || error_prefix(e, member);
}

static bool to_latin1(struct bytes in, struct buffer *out, struct error *e)
{
	for (size_t i = 0; i < in.len; i++) {
		uint8_t byte = in.at[i];
		if (byte >= 0xc4)
			return error_set(
			    e, EXIT_USAGE,
			    "a header field has characters beyond ISO-8859-1, which the client cannot send");
		if (byte >= 0xc0 && i + 1 < in.len)
			byte = (uint8_t)((byte & 3) << 6 | (in.at[++i] & 0x3f));
		if (!buffer_put_u8(out, byte))
			return no_memory(e);
	}
	return true;
}

bool collection_field(const struct collection *c, struct buffer *block, struct bytes name, struct bytes value,
		      struct error *e)
{
	struct buffer bytes = { 0 };
	bool fine = !c->latin1 || to_latin1(value, &bytes, e);
	fine = fine && import_field(block, name, c->latin1 ? buffer_view(&bytes) : value, e);
	buffer_free(&bytes);
	return fine;
}

/* ---- pairs ---- */

struct pair {
	struct buffer name, value;
};

static void pair_free(struct pair *p)
{
	buffer_free(&p->name);
	buffer_free(&p->value);
}

static bool read_pair(const struct collection *c, const json_t *from, struct pair *p, struct error *e)
{
	if (!json_is_object(from))
		return error_set(e, EXIT_USAGE, "it is not an object");
	return collection_member(c, from, c->name, &p->name, e) && collection_member(c, from, "value", &p->value, e);
}

static bool place(struct error *e, size_t i)
{
	char text[40];
	snprintf(text, sizeof text, "[%zu]", i);
	return error_prefix(e, text);
}

typedef bool on_pair(const struct collection *c, const json_t *from, const struct pair *p, void *user, struct error *e);

static bool each_pair(const struct collection *c, const json_t *list, on_pair *take, void *user, struct error *e)
{
	struct pair p = { 0 };
	bool fine = true;
	size_t i;
	json_t *from;
	if (list && !json_is_null(list) && !json_is_array(list))
		return error_set(e, EXIT_USAGE, "it is not a list");
	json_array_foreach(list, i, from)
	{
		if (!fine || json_is_true(json_object_get(from, "disabled")))
			continue;
		fine = (read_pair(c, from, &p, e) && take(c, from, &p, user, e)) || place(e, i);
	}
	pair_free(&p);
	return fine;
}

static bool put_field(const struct collection *c, const json_t *from, const struct pair *p, void *user, struct error *e)
{
	(void)from;
	if (!p->name.len && !p->value.len)
		return true; /* the empty row at the end of a table */
	return collection_field(c, user, buffer_view(&p->name), buffer_view(&p->value), e);
}

bool collection_fields(const struct collection *c, const json_t *list, struct buffer *block, struct error *e)
{
	return each_pair(c, list, put_field, block, e);
}

static bool is_escape(struct bytes in, size_t i)
{
	return in.at[i] == '%' && i + 2 < in.len && isxdigit(in.at[i + 1]) && isxdigit(in.at[i + 2]);
}

static bool put_encoded(struct buffer *out, struct bytes in, bool encoded_too)
{
	bool fine = true;
	for (size_t i = 0; fine && i < in.len; i++)
		fine = encoded_too && is_escape(in, i) ? buffer_put_u8(out, '%')
						       : form_encode(bytes_make(in.at + i, 1), FORM_UNRESERVED, out);
	return fine;
}

struct pairs {
	struct buffer *out;
	size_t start;
	bool encoded_too;
};

static bool put_pair(const struct collection *c, const json_t *from, const struct pair *p, void *user, struct error *e)
{
	struct pairs *to = user;
	(void)c;
	(void)from;
	if (!p->name.len && !p->value.len)
		return true;
	return ((to->out->len == to->start || buffer_put_u8(to->out, '&')) &&
		put_encoded(to->out, buffer_view(&p->name), to->encoded_too) && buffer_put_u8(to->out, '=') &&
		put_encoded(to->out, buffer_view(&p->value), to->encoded_too)) ||
	       no_memory(e);
}

bool collection_pairs(const struct collection *c, const json_t *list, bool encoded_too, struct buffer *out,
		      struct error *e)
{
	struct pairs to = { out, out->len, encoded_too };
	return each_pair(c, list, put_pair, &to, e);
}

/* ---- multipart ---- */

struct parts {
	struct draft *draft;
	const char *file_member;
	struct bytes boundary;
};

static struct bytes last_step(struct bytes path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.at[i - 1] == '/' || path.at[i - 1] == '\\')
			return bytes_make(path.at + i, path.len - i);
	return path;
}

static bool read_file(const struct collection *c, const json_t *path, struct buffer *name, struct buffer *out,
		      struct error *e)
{
	if (json_is_array(path) && json_array_size(path) == 1)
		path = json_array_get(path, 0);
	if (!json_is_string(path) || !json_string_length(path))
		return error_set(e, EXIT_USAGE, "it names no file, or more than one");
	return collection_text(c, path, name, e) && c->sink->beside(c->sink->user, buffer_view(name), out, e);
}

static bool put_part(const struct collection *c, const json_t *from, const struct pair *p, void *user, struct error *e)
{
	struct parts *to = user;
	struct buffer file = { 0 }, content = { 0 }, type = { 0 };
	bool is_file = bytes_equal(json_to_bytes(json_object_get(from, "type")), bytes_of("file"));
	bool fine = collection_member(c, from, "contentType", &type, e);
	if (fine && is_file)
		fine = read_file(c, json_object_get(from, to->file_member), &file, &content, e);
	struct multipart_part part = {
		.name = buffer_view(&p->name),
		.value = is_file ? buffer_view(&content) : buffer_view(&p->value),
		.file_name = last_step(buffer_view(&file)),
		.type = is_file && !type.len ? bytes_of("application/octet-stream") : buffer_view(&type),
	};
	if (fine &&
	    !(multipart_can_name(part.name) && multipart_can_name(part.file_name) && headers_value_valid(part.type)))
		fine = error_set(e, EXIT_USAGE, "its name or type holds quotes or control characters");
	fine = fine && (multipart_put(&to->draft->body, to->boundary, &part) || no_memory(e));
	buffer_free(&file);
	buffer_free(&content);
	buffer_free(&type);
	return fine;
}

/* The client adds the boundary to a Content-Type that has none. */
static bool without_type(struct draft *d, struct error *e)
{
	struct buffer out = { 0 };
	struct bytes name, value;
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(buffer_view(&d->headers), &pos, &name, &value);)
		if (!bytes_equal_nocase(name, "content-type"))
			fine = headers_append(&out, name, value);
	buffer_free(&d->headers);
	d->headers = out;
	return fine || no_memory(e);
}

bool collection_parts(const struct collection *c, const json_t *list, const char *file_member, struct draft *d,
		      struct error *e)
{
	struct buffer made = { 0 }, type = { 0 };
	struct bytes given, boundary;
	char *text = json_dumps(list, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	bool own =
	    headers_find(buffer_view(&d->headers), "content-type", &given) && multipart_boundary(given, &boundary);
	bool fine = (text && multipart_make_boundary(&made, bytes_of(text)) &&
		     buffer_append_text(&type, "multipart/form-data; boundary=") &&
		     buffer_append_bytes(&type, buffer_view(&made)) && buffer_put_u8(&type, 0)) ||
		    no_memory(e);
	free(text);
	fine = fine && (own || without_type(d, e));
	struct parts to = { d, file_member, own ? boundary : buffer_view(&made) };
	fine = fine && each_pair(c, list, put_part, &to, e) && (multipart_end(&d->body, to.boundary) || no_memory(e)) &&
	       collection_type(d, (const char *)type.at, e);
	buffer_free(&made);
	buffer_free(&type);
	return fine;
}

bool collection_file(const struct collection *c, const json_t *path, struct draft *d, struct error *e)
{
	struct buffer name = { 0 };
	bool fine = read_file(c, path, &name, &d->body, e);
	buffer_free(&name);
	return fine;
}

bool collection_type(struct draft *d, const char *type, struct error *e)
{
	return draft_has_field(d, "content-type") || draft_add_field(d, bytes_of("Content-Type"), bytes_of(type), e);
}

/* ---- URLs ---- */

/* The value of ":name" among a list of pairs. NULL: there is none. */
static const json_t *path_value(const struct collection *c, const json_t *list, struct bytes name)
{
	size_t i;
	json_t *p;
	json_array_foreach(list, i, p)
	{
		const json_t *key = json_object_get(p, c->name);
		if (!key)
			key = json_object_get(p, "id");
		if (bytes_equal(json_to_bytes(key), name))
			return json_object_get(p, "value");
	}
	return NULL;
}

bool collection_path(const struct collection *c, const json_t *list, struct draft *d, struct error *e)
{
	struct buffer out = { 0 };
	struct bytes url = buffer_view(&d->url), authority, target;
	bool fine = true;
	if (!json_is_array(list) || !json_array_size(list) || !draft_split_url(url, &authority, &target))
		return true;
	size_t at = (size_t)(target.at - url.at), end = at + bytes_until(target, '?').len;
	fine = buffer_append(&out, url.at, at) || no_memory(e);
	while (fine && at < end) {
		size_t len = 1;
		while (at + len < end && url.at[at + len] != '/')
			len++;
		bool named = len > 2 && url.at[at] == '/' && url.at[at + 1] == ':';
		const json_t *value = named ? path_value(c, list, bytes_make(url.at + at + 2, len - 2)) : NULL;
		fine = value ? (buffer_put_u8(&out, '/') || no_memory(e)) && collection_text(c, value, &out, e)
			     : buffer_append(&out, url.at + at, len) || no_memory(e);
		at += len;
	}
	fine = fine && (buffer_append(&out, url.at + end, url.len - end) || no_memory(e));
	if (!fine) {
		buffer_free(&out);
		return false;
	}
	buffer_free(&d->url);
	d->url = out;
	return true;
}

bool collection_add_query(struct draft *d, struct bytes query, struct error *e)
{
	struct bytes url = bytes_until(buffer_view(&d->url), '#');
	bool has = url.len && memchr(url.at, '?', url.len);
	if (!query.len)
		return true;
	d->url.len = url.len;
	return (buffer_put_u8(&d->url, has ? '&' : '?') && buffer_append_bytes(&d->url, query)) || no_memory(e);
}

/* ---- variables ---- */

static bool define(json_t *values, const char *before, const json_t *object, int deep)
{
	const char *name;
	json_t *value;
	char path[200];
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		int len = snprintf(path, sizeof path, "%s%s%s", before, *before ? "." : "", name);
		if (len < 0 || (size_t)len >= sizeof path)
			continue;
		/* NOLINTNEXTLINE(misc-no-recursion): bounded */
		if (json_is_object(value) && deep < DEEP && !define(values, path, value, deep + 1))
			return false;
		if (!json_is_object(value) && json_object_set(values, path, value) != 0)
			return false;
	}
	return true;
}

bool collection_define(struct collection *c, const json_t *object, struct error *e)
{
	return define(c->values, "", object, 0) || no_memory(e);
}

static bool ends_with(struct bytes text, struct bytes end)
{
	return text.len >= end.len && bytes_equal(bytes_make(text.at + (text.len - end.len), end.len), end);
}

/* The target that creel exported, byte for byte: what the URL has escaped of it. Where the URL was changed since, it
 * counts. */
static bool own_target(const json_t *own, struct draft *d, struct error *e)
{
	struct buffer exact = { 0 }, escaped = { 0 };
	struct bytes authority, target;
	bool fine = import_bytes(own, "target", &exact, e) &&
		    (collection_write_target(buffer_view(&exact), &escaped) || no_memory(e));
	if (fine && exact.len && draft_split_url(buffer_view(&d->url), &authority, &target) &&
	    ends_with(target, buffer_view(&escaped))) {
		size_t before = target.len - escaped.len;
		fine = (buffer_append(&d->target, target.at, before) &&
			buffer_append_bytes(&d->target, buffer_view(&exact))) ||
		       no_memory(e);
	}
	buffer_free(&exact);
	buffer_free(&escaped);
	return fine;
}

bool collection_own(const json_t *holder, struct draft *d, struct error *e)
{
	const json_t *own = json_object_get(holder, "_creel"), *id = json_object_get(own, "event_id");
	if (!json_is_object(own))
		return true;
	d->has_id = json_is_string(id);
	return (!d->has_id || import_event_id(id, own, 0, d->id, e)) &&
	       (!json_object_get(own, "received_at") || import_time(own, "received_at", &d->created_us, e)) &&
	       own_target(own, d, e);
}
