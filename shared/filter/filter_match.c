/* Whether bytes on record fit one alternative of a term. What is looked at is bounded by the caller. */
#include "shared/filter/filter_private.h"
#include "shared/http/headers.h"
#include "shared/text/text_fold.h"

#include <stdlib.h>
#include <string.h>

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* `text` is folded. */
static bool equal_at(const uint8_t *at, const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(at[i]) != text[i])
			return false;
	return true;
}

static size_t next_byte(struct bytes in, size_t from, uint8_t c)
{
	const uint8_t *at = from < in.len ? memchr(in.at + from, c, in.len - from) : NULL;
	return at ? (size_t)(at - in.at) : SIZE_MAX;
}

/* The first place of `text` from `from` on; SIZE_MAX when there is none. Looks for its first letter, small and large,
 * of which one is rare in most texts. */
static size_t find(struct bytes in, size_t from, const uint8_t *text, size_t len)
{
	if (len == 0)
		return from;
	bool letter = *text >= 'a' && *text <= 'z';
	size_t small = next_byte(in, from, *text), large = letter ? next_byte(in, from, *text - 32) : SIZE_MAX;
	while (small != SIZE_MAX || large != SIZE_MAX) {
		size_t at = small < large ? small : large;
		if (len > in.len - at)
			break;
		if (equal_at(in.at + at, text, len))
			return at;
		if (at == small)
			small = next_byte(in, at + 1, *text);
		else
			large = next_byte(in, at + 1, *text - 32);
	}
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
	bool bounded = text.len > 0 && word_is_byte(text.at[0]);
	for (size_t from = 0; (from = find(value, from, text.at, text.len)) != SIZE_MAX; from++)
		if (!bounded || from == 0 || !word_is_byte(value.at[from - 1]))
			return true;
	return false;
}

static bool fits(const struct filter_atom *a, struct bytes value, struct filter_stop *stop)
{
	struct bytes text = buffer_view(&a->text);
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
		return filter_regex_fits(&a->regex, value, stop);
	default:
		return false;
	}
}

bool filter_test_text(const struct filter_atom *a, struct bytes value, struct filter_stop *stop)
{
	struct buffer folded = { 0 };
	if (!value.at)
		value = bytes_of("");
	/* Most are in ASCII, whose letters are folded one by one as they are compared. */
	if (a->how == HOW_THERE || text_fold_is_ascii(value))
		return fits(a, value, stop);
	bool found = text_fold(&folded, value) && fits(a, buffer_view(&folded), stop);
	buffer_free(&folded);
	return found;
}

static struct bytes without_port(struct bytes host)
{
	size_t i = host.len;
	while (i > 0 && host.at[i - 1] >= '0' && host.at[i - 1] <= '9')
		i--;
	return i > 0 && host.at[i - 1] == ':' ? bytes_make(host.at, i - 1) : host;
}

bool filter_test_header(const struct filter_atom *a, struct bytes block, struct filter_stop *stop)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		if (bytes_equal_nocase(name, a->name) &&
		    (filter_test_text(a, value, stop) ||
		     (a->is_host && filter_test_text(a, without_port(value), stop))))
			return true;
	return false;
}

bool filter_test_body(const struct filter_atom *a, struct body *body, struct filter_stop *stop)
{
	struct bytes words[2], text = body_text(body);
	if (a->how == HOW_WORDS) {
		body_words(body, FILTER_INDEXED_BYTES, words);
		return filter_test_text(a, words[0], stop) || (words[1].len && filter_test_text(a, words[1], stop));
	}
	if (text.len > FILTER_SEARCHED_BYTES)
		text.len = FILTER_SEARCHED_BYTES;
	if (filter_test_text(a, text, stop))
		return true;
	body_words(body, FILTER_SEARCHED_BYTES, words);
	return words[1].len && filter_test_text(a, words[1], stop);
}

static bool holds(const struct json_number *value, const struct filter_atom *a)
{
	int order = json_number_compare(value, &a->number);
	switch (a->compare) {
	case COMPARE_LESS:
		return order < 0;
	case COMPARE_LESS_EQUAL:
		return order <= 0;
	case COMPARE_MORE:
		return order > 0;
	default:
		return order >= 0;
	}
}

struct value_test {
	const struct filter_atom *atom;
	struct filter_stop *stop;
};

/* true, false and null are compared as these words. A form's fields have no types: > and < take
 * what reads as a number for one. */
static bool test_value(void *user, const struct body_value *v)
{
	const struct value_test *test = user;
	const struct filter_atom *a = test->atom;
	struct buffer text = { 0 };
	struct json_number number;
	if (a->how == HOW_THERE)
		return true;
	bool is_number = body_value_kind(v) == TOKEN_NUMBER || (!v->tokens && a->how == HOW_COMPARE);
	if (a->how == HOW_COMPARE && !is_number)
		return false;
	bool found = body_value_put(v, &text);
	is_number = found && is_number && json_number_read(buffer_view(&text), &number);
	if (a->how == HOW_COMPARE)
		found = is_number && holds(&number, a);
	else
		found = found && (filter_test_text(a, buffer_view(&text), test->stop) ||
				  (is_number && a->is_number && json_number_compare(&number, &a->number) == 0));
	buffer_free(&text);
	return found;
}

/* The first literal piece of a text that a value must hold to be equal to it, or to fit its globs. Nothing where it may
 * be written otherwise in JSON. */
static struct bytes literal_piece(const struct filter_atom *a)
{
	struct bytes text = buffer_view(&a->text);
	if ((a->how != HOW_EQUAL && a->how != HOW_GLOB) || a->is_number)
		return bytes_of("");
	while (text.len && *text.at == 0)
		text = bytes_make(text.at + 1, text.len - 1);
	text = bytes_until(text, 0);
	for (size_t i = 0; i < text.len; i++)
		if (!word_is_byte(text.at[i]) && !strchr("_-. /@", text.at[i]))
			return bytes_of("");
	return text;
}

/* Whether a body of JSON can hold it: cheap, for most bodies of a search do not. */
static bool may_hold(const struct filter_atom *a, struct body *body)
{
	struct bytes piece = literal_piece(a), text = body_text(body);
	return piece.len == 0 || !body_begins_json(body) || body_may_hide(body) || !text_fold_is_ascii(text) ||
	       find(text, 0, piece.at, piece.len) != SIZE_MAX;
}

bool filter_test_json(const struct filter_atom *a, struct body *body, struct filter_stop *stop)
{
	struct value_test test = { a, stop };
	return may_hold(a, body) && body_walk(body, a->steps->at, a->steps->count, test_value, &test);
}
