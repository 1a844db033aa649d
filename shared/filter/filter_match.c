/* Whether bytes on record fit one alternative of a term. What is looked at is bounded by the caller. */
#include "shared/filter/filter_private.h"
#include "shared/http/headers.h"

#include <stdlib.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool filter_is_word_byte(uint8_t c)
{
	return c > 127 || (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool equal_at(const uint8_t *at, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(at[i]) != lower(text[i]))
			return false;
	return true;
}

/* The first place of `text` from `from` on; SIZE_MAX when there is none. */
static size_t find(struct bytes in, size_t from, const uint8_t *text, size_t len)
{
	if (len == 0)
		return from;
	for (uint8_t first = lower(text[0]); from + len <= in.len; from++)
		if (lower(in.at[from]) == first && equal_at(in.at + from, text, len))
			return from;
	return SIZE_MAX;
}

/* Literal pieces between 0 bytes: the first at the beginning, the last at the end, the rest in order anywhere. */
static bool fits_glob(struct bytes pattern, struct bytes value)
{
	const uint8_t *star = memchr(pattern.at, 0, pattern.len);
	if (!star)
		return value.len == pattern.len && equal_at(value.at, pattern.at, pattern.len);
	size_t head = (size_t)(star - pattern.at), at = head;
	if (value.len < head || !equal_at(value.at, pattern.at, head))
		return false;
	for (;;) {
		const uint8_t *piece = star + 1;
		size_t left = pattern.len - (size_t)(piece - pattern.at);
		star = left ? memchr(piece, 0, left) : NULL;
		if (!star)
			return value.len - at >= left && equal_at(value.at + value.len - left, piece, left);
		size_t len = (size_t)(star - piece), place = find(value, at, piece, len);
		if (place == SIZE_MAX)
			return false;
		at = place + len;
	}
}

static bool has_words(struct bytes text, struct bytes value)
{
	bool bounded = text.len > 0 && filter_is_word_byte(text.at[0]);
	for (size_t from = 0; (from = find(value, from, text.at, text.len)) != SIZE_MAX; from++)
		if (!bounded || from == 0 || !filter_is_word_byte(value.at[from - 1]))
			return true;
	return false;
}

/* regexec wants a NUL at the end and none before: recorded bytes have neither. */
static bool fits_regex(const regex_t *regex, struct bytes value)
{
	char small[1024];
	size_t len = value.len > FILTER_SEARCHED_BYTES ? FILTER_SEARCHED_BYTES : value.len;
	char *text = len < sizeof small ? small : malloc(len + 1);
	if (!text)
		return false;
	for (size_t i = 0; i < len; i++)
		text[i] = value.at[i] ? (char)value.at[i] : '\n';
	text[len] = 0;
	bool fits = regexec(regex, text, 0, NULL, 0) == 0;
	if (text != small)
		free(text);
	return fits;
}

bool filter_test_text(const struct filter_atom *a, struct bytes value)
{
	struct bytes text = buffer_view(&a->text);
	if (!value.at)
		value = bytes_of("");
	switch (a->how) {
	case HOW_THERE:
		return true;
	case HOW_EQUAL:
		return value.len == text.len && equal_at(value.at, text.at, text.len);
	case HOW_GLOB:
		return fits_glob(text, value);
	case HOW_WORDS:
		return has_words(text, value);
	case HOW_REGEX:
		return fits_regex(&a->regex, value);
	default:
		return false;
	}
}

static struct bytes without_port(struct bytes host)
{
	size_t i = host.len;
	while (i > 0 && host.at[i - 1] >= '0' && host.at[i - 1] <= '9')
		i--;
	return i > 0 && host.at[i - 1] == ':' ? bytes_make(host.at, i - 1) : host;
}

bool filter_test_header(const struct filter_atom *a, struct bytes block)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		if (bytes_equal_nocase(name, a->name) &&
		    (filter_test_text(a, value) || (a->is_host && filter_test_text(a, without_port(value)))))
			return true;
	return false;
}

struct bytes filter_indexed_part(struct bytes body)
{
	if (body.len > FILTER_INDEXED_BYTES)
		body.len = FILTER_INDEXED_BYTES;
	return body.len && memchr(body.at, 0, body.len) ? bytes_make(body.at, 0) : body;
}
