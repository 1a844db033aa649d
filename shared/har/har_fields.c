#include <stdio.h>
#include <string.h>

#include "shared/har/har_private.h"
#include "shared/transcripts/import_json.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/http/hop_by_hop.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* A name or value. Numbers are taken as they are written, as long as nothing is lost: "value": 12. */
static bool read_part(const json_t *field, const char *part, struct buffer *out, struct error *e)
{
	const json_t *text = json_object_get(field, part);
	out->len = 0;
	if (json_is_integer(text))
		return buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(text)) || no_memory(e);
	if (!json_is_string(text) && !json_is_null(text))
		return error_set(e, EXIT_USAGE, "\"%s\" %s", part, text ? "is not a text" : "is missing");
	return buffer_append_bytes(out, json_to_bytes(text)) || no_memory(e);
}

static bool add_lines(struct buffer *block, struct bytes name, struct bytes value, struct error *e)
{
	bool fine = true;
	while (fine && value.len && value.at[value.len - 1] == '\n')
		value.len--;
	for (bool more = true; fine && more;) {
		const uint8_t *end = value.len ? memchr(value.at, '\n', value.len) : NULL;
		size_t len = end ? (size_t)(end - value.at) : value.len;
		fine = import_field(block, name, bytes_make(value.at, len), e);
		more = end != NULL;
		if (more)
			value = bytes_make(value.at + len + 1, value.len - len - 1);
	}
	return fine;
}

static bool read_field(const json_t *field, struct buffer *name, struct buffer *value, struct buffer *block,
		       struct error *e)
{
	if (!json_is_object(field))
		return error_set(e, EXIT_USAGE, "it is not an object with \"name\" and \"value\"");
	if (!read_part(field, "name", name, e))
		return false;
	if (name->len && name->at[0] == ':')
		return true;
	return read_part(field, "value", value, e) && add_lines(block, buffer_view(name), buffer_view(value), e);
}

static bool place(struct error *e, const char *path, const char *list, size_t i)
{
	char text[80];
	snprintf(text, sizeof text, "%s%s[%zu]", path, list, i);
	return error_prefix(e, text);
}

static bool end_to_end(struct bytes all, struct buffer *block, struct error *e)
{
	struct hop_by_hop hops = { 0 };
	struct bytes name, value;
	bool fine = hop_by_hop_find(&hops, all);
	for (size_t pos = 0; fine && headers_next(all, &pos, &name, &value);)
		if (!hop_by_hop_has(&hops, name))
			fine = headers_append(block, name, value);
	hop_by_hop_free(&hops);
	return fine || no_memory(e);
}

bool har_read_fields(const json_t *message, const char *path, struct buffer *block, struct error *e)
{
	struct buffer all = { 0 }, name = { 0 }, value = { 0 };
	const json_t *list = json_object_get(message, "headers");
	bool fine = true;
	size_t i;
	json_t *field;
	block->len = 0;
	if (list && !json_is_null(list) && !json_is_array(list))
		return error_set(e, EXIT_USAGE, "%s.headers is not a list", path);
	json_array_foreach(list, i, field)
	{
		if (fine && !read_field(field, &name, &value, &all, e))
			fine = place(e, path, ".headers", i);
	}
	fine = fine && end_to_end(buffer_view(&all), block, e);
	buffer_free(&all);
	buffer_free(&name);
	buffer_free(&value);
	return fine;
}

/* ---- pairs ---- */

enum writing {
	PAIRS_AS_THEY_ARE, /* they are encoded already */
	PAIRS_PLUS,        /* a blank is + */
	PAIRS_HEX,         /* a blank is %20 */
	WRITINGS
};

static bool put_encoded(struct buffer *out, struct bytes b, enum writing how)
{
	if (how == PAIRS_AS_THEY_ARE)
		return buffer_append_bytes(out, b);
	return form_encode(b, how == PAIRS_PLUS ? FORM_OF_BROWSERS : FORM_PERCENT, out);
}

static bool put_pairs(const json_t *list, enum writing how, struct buffer *out)
{
	size_t i;
	json_t *pair;
	json_array_foreach(list, i, pair)
	{
		const json_t *value = json_object_get(pair, "value");
		if ((i && !buffer_put_u8(out, '&')) ||
		    !put_encoded(out, json_to_bytes(json_object_get(pair, "name")), how) || !buffer_put_u8(out, '=') ||
		    !put_encoded(out, json_to_bytes(value), how))
			return false;
	}
	return true;
}

/* What the pairs' bytes say about how they are written. */
struct signs {
	bool decoded; /* something in it does not stand in an encoded text */
	bool encoded; /* something in it looks like a part of one: %41 or + */
};

static void look(struct bytes b, bool is_name, struct signs *s)
{
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.at[i];
		s->decoded = s->decoded || c <= 0x20 || c >= 0x7f || c == '&' || (is_name && c == '=');
		s->encoded = s->encoded || c == '%' || c == '+';
	}
}

static bool check_pairs(const json_t *list, const char *path, struct signs *s, struct error *e)
{
	size_t i;
	json_t *pair;
	*s = (struct signs){ 0 };
	if (!json_is_array(list))
		return error_set(e, EXIT_USAGE, "%s is not a list", path);
	json_array_foreach(list, i, pair)
	{
		const json_t *name = json_object_get(pair, "name"), *value = json_object_get(pair, "value");
		if (!json_is_string(name) || (value && !json_is_null(value) && !json_is_string(value))) {
			error_set(e, EXIT_USAGE, "it has no \"name\" and \"value\" that are texts");
			return place(e, path, "", i);
		}
		look(json_to_bytes(name), true, s);
		look(json_to_bytes(value), false, s);
	}
	return true;
}

static bool fits(size_t len, const int64_t sizes[2])
{
	return (sizes[0] >= 0 && (uint64_t)sizes[0] == len) || (sizes[1] >= 0 && (uint64_t)sizes[1] == len);
}

bool har_read_pairs(const json_t *list, const char *path, const int64_t sizes[2], struct buffer *out, struct error *e)
{
	struct signs s;
	if (!check_pairs(list, path, &s, e))
		return false;
	for (int how = s.decoded ? PAIRS_PLUS : PAIRS_AS_THEY_ARE; how < WRITINGS; how++) {
		out->len = 0;
		if (!put_pairs(list, (enum writing)how, out))
			return no_memory(e);
		if (fits(out->len, sizes))
			return true;
	}
	out->len = 0;
	if (s.encoded && !s.decoded)
		return error_set(e, EXIT_USAGE,
				 "%s may be encoded already or not: only a text, or its length, would say it", path);
	return put_pairs(list, PAIRS_PLUS, out) || no_memory(e);
}
