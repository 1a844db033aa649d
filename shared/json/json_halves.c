#include "shared/json/json_halves.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/json/json_bytes.h"

#define MARK "_creel_bytes"
#define DEEP_MOST 64
#define BLOT "\xf4\x8f\xaf\xbf"

/* \uXXXX at `at`; -1: it is something else. */
static int unit_at(struct bytes text, size_t at)
{
	int value = 0;
	if (text.len - at < 6 || text.at[at] != '\\' || text.at[at + 1] != 'u')
		return -1;
	for (size_t i = at + 2; i < at + 6; i++) {
		uint8_t c = text.at[i], low = c | 0x20;
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
			return -1;
		value = value << 4 | (c <= '9' ? c - '0' : low - 'a' + 10);
	}
	return value;
}

static bool is_high(int unit)
{
	return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
	return unit >= 0xdc00 && unit < 0xe000;
}

static bool is_byte(int unit)
{
	return unit >= 0xdc80 && unit < 0xdd00;
}

/* U+10FC80 to U+10FCFF in UTF-8. */
static bool is_private(struct bytes text, size_t at)
{
	return text.len - at >= 4 && memcmp(text.at + at, "\xf4\x8f", 2) == 0 &&
	       (text.at[at + 2] == 0xb2 || text.at[at + 2] == 0xb3);
}

bool json_halves_take(struct bytes text, struct buffer *out, enum json_halves *found, size_t *at)
{
	size_t own = SIZE_MAX;
	bool fine = true;
	*found = JSON_HALVES_NONE;
	for (size_t i = 0, len; fine && i < text.len; i += len) {
		int unit = text.at[i] == '\\' ? unit_at(text, i) : -1;
		int next = is_high(unit) && text.len - i >= 12 ? unit_at(text, i + 6) : -1;
		len = unit >= 0 ? is_low(next) ? 12 : 6 : text.at[i] == '\\' && i + 1 < text.len ? 2 : 1;
		if (own == SIZE_MAX && ((unit == 0xdbff && is_byte(next)) || is_private(text, i)))
			own = i;
		bool half = (is_high(unit) && !is_low(next)) || is_low(unit);
		if (half && *found != JSON_HALVES_OTHER) {
			*found = is_byte(unit) ? JSON_HALVES_BYTES : JSON_HALVES_OTHER;
			*at = i;
		}
		fine = (!half || !is_byte(unit) || buffer_append_text(out, "\\udbff")) &&
		       buffer_append(out, text.at + i, len);
	}
	if (*found == JSON_HALVES_BYTES && own != SIZE_MAX) {
		*found = JSON_HALVES_OTHER;
		*at = own;
	}
	return fine;
}

bool json_halves_blot(struct bytes text, struct buffer *out, bool *found)
{
	bool fine = true;
	*found = false;
	for (size_t i = 0, len; fine && i < text.len; i += len) {
		int unit = text.at[i] == '\\' ? unit_at(text, i) : -1;
		int next = is_high(unit) && text.len - i >= 12 ? unit_at(text, i + 6) : -1;
		bool half = (is_high(unit) && !is_low(next)) || is_low(unit);
		len = unit >= 0 ? is_low(next) ? 12 : 6 : text.at[i] == '\\' && i + 1 < text.len ? 2 : 1;
		*found = *found || half;
		fine = half ? buffer_append_text(out, BLOT) : buffer_append(out, text.at + i, len);
	}
	return fine;
}

bool json_halves_in(struct bytes string)
{
	return string.len && memmem(string.at, string.len, BLOT, strlen(BLOT));
}

json_t *json_halves_load(struct bytes text, struct error *e)
{
	json_error_t je;
	struct buffer whole = { 0 };
	bool halves = false;
	json_t *value = json_loadb(text.len ? (const char *)text.at : "", text.len, JSON_ALLOW_NUL, &je);
	if (value)
		return value;
	bool fine = json_halves_blot(text, &whole, &halves);
	if (fine && halves)
		value = json_loadb((const char *)whole.at, whole.len, JSON_ALLOW_NUL, &je);
	buffer_free(&whole);
	if (!fine)
		error_set(e, EXIT_STORE, "out of memory");
	else if (!value)
		error_set(e, EXIT_USAGE, "line %d: it is not JSON: %s", je.line, je.text);
	return value;
}

bool json_halves_within(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	bool found = text && json_halves_in(bytes_of(text));
	free(text);
	return found;
}

bool json_halves_mark(json_t *entry)
{
	return !json_is_object(entry) || json_object_set_new(entry, MARK, json_true()) == 0;
}

bool json_halves_marked(const json_t *entry)
{
	return json_is_true(json_object_get(entry, MARK));
}

static json_t *string_with_bytes(struct bytes in)
{
	struct buffer out = { 0 };
	bool fine = buffer_reserve(&out, in.len);
	for (size_t i = 0; fine && i < in.len; i++) {
		bool byte = is_private(in, i);
		fine = buffer_put_u8(
		    &out, byte ? (uint8_t)((in.at[i + 2] == 0xb2 ? 0x80 : 0xc0) | (in.at[i + 3] & 0x3f)) : in.at[i]);
		i += byte ? 3 : 0;
	}
	json_t *value = fine ? json_stringn_nocheck(out.len ? (const char *)out.at : "", out.len) : NULL;
	buffer_free(&out);
	return value;
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP_MOST, below which nothing is read */
static json_t *copy(const json_t *from, int deep)
{
	const char *name;
	json_t *one, *to;
	size_t i;
	if (json_is_string(from))
		return string_with_bytes(json_to_bytes(from));
	if (deep > DEEP_MOST || !(json_is_object(from) || json_is_array(from)))
		return json_deep_copy(from);
	to = json_is_object(from) ? json_object() : json_array();
	bool fine = to != NULL;
	/* The macros take what they do not change without const. */
	json_t *in = (json_t *)(uintptr_t)from;
	if (json_is_object(in)) {
		json_object_foreach(in, name, one) fine =
		    fine && json_object_set_new_nocheck(to, name, copy(one, deep + 1)) == 0;
	} else {
		json_array_foreach(in, i, one) fine = fine && json_array_append_new(to, copy(one, deep + 1)) == 0;
	}
	if (fine)
		return to;
	json_decref(to);
	return NULL;
}

json_t *json_halves_bytes(const json_t *entry)
{
	return copy(entry, 0);
}
