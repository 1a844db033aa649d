#include "shared/syntax/variables.h"

#include <stdlib.h>
#include <string.h>

#include "shared/json/json_bytes.h"

#define DEEP 8                  /* variables within the values of variables */
#define MOST ((size_t)64 << 20) /* bytes that they may become */
#define REPLACED_MOST 100000    /* variables in one text, those in their values counted too */

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static struct bytes trim(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

static const json_t *value_of(const json_t *values, struct bytes name)
{
	if (name.len > 2 && memcmp(name.at, "_.", 2) == 0)
		name = bytes_make(name.at + 2, name.len - 2);
	char *key = name.len && !memchr(name.at, 0, name.len) ? bytes_dup_text(name) : NULL;
	const json_t *value = key ? json_object_get(values, key) : NULL;
	free(key);
	return value;
}

/* What replaces "{{name}}". */
static bool put_value(const json_t *values, struct bytes name, struct buffer *out, size_t *replaced, struct error *e)
{
	const json_t *value = value_of(values, name);
	int shown = name.len < 60 ? (int)name.len : 60;
	if (!value)
		return error_set(e, EXIT_USAGE, "the variable {{%.*s}} has no value in the file", shown,
				 (const char *)name.at);
	++*replaced;
	if (json_is_string(value))
		return buffer_append_bytes(out, json_to_bytes(value)) || no_memory(e);
	if (json_is_integer(value))
		return buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) || no_memory(e);
	if (json_is_boolean(value))
		return buffer_append_text(out, json_is_true(value) ? "true" : "false") || no_memory(e);
	return error_set(e, EXIT_USAGE, "the variable {{%.*s}} is not a text", shown, (const char *)name.at);
}

static bool replace_once(const json_t *values, enum variables_kind kind, struct bytes in, struct buffer *out,
			 size_t *replaced, struct error *e)
{
	if (kind == VARIABLES_AND_TEMPLATES && in.len && memmem(in.at, in.len, "{%", 2))
		return error_set(e, EXIT_USAGE, "it has a template, {%% ... %%}, that only its own client fills in");
	while (in.len) {
		const uint8_t *open = memmem(in.at, in.len, "{{", 2);
		const uint8_t *end = open ? memmem(open, in.len - (size_t)(open - in.at), "}}", 2) : NULL;
		size_t plain = end ? (size_t)(open - in.at) : in.len;
		if (!buffer_append(out, in.at, plain))
			return no_memory(e);
		if (!end)
			return true;
		if (!put_value(values, trim(bytes_make(open + 2, (size_t)(end - open) - 2)), out, replaced, e))
			return false;
		if (out->len > MOST || *replaced > REPLACED_MOST)
			return error_set(e, EXIT_USAGE, "its variables become more than 64 MiB, or 100,000 texts");
		in = bytes_make(end + 2, in.len - (size_t)(end + 2 - in.at));
	}
	return true;
}

bool variables_replace(const json_t *values, enum variables_kind kind, struct bytes in, struct buffer *out,
		       struct error *e)
{
	struct buffer from = { 0 }, to = { 0 };
	bool again = true, fine = buffer_append_bytes(&from, in) || no_memory(e);
	size_t replaced = 0;
	for (int deep = 0; fine && again; deep++) {
		size_t before = replaced;
		to.len = 0;
		fine = deep < DEEP ? replace_once(values, kind, buffer_view(&from), &to, &replaced, e)
				   : error_set(e, EXIT_USAGE, "its variables name each other in a circle");
		again = replaced > before;
		struct buffer other = from;
		from = to;
		to = other;
	}
	fine = fine && (buffer_append_bytes(out, buffer_view(&from)) || no_memory(e));
	buffer_free(&from);
	buffer_free(&to);
	return fine;
}

bool variables_in(struct bytes text)
{
	return text.len >= 2 && (memmem(text.at, text.len, "{{", 2) || memmem(text.at, text.len, "{%", 2) ||
				 memmem(text.at, text.len, "{#", 2));
}
