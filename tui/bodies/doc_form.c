/* application/x-www-form-urlencoded as decoded pairs. A value that is JSON (GitHub's and Slack's "payload") is shown as
 * such below its name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"

#define JSON_VALUES_MOST ((size_t)16)

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends what it means; a % without two digits stays as it is. `out` has room: it never gets longer. */
static struct bytes decode(struct bytes in, uint8_t *out)
{
	size_t n = 0;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && in.len - i > 2 && digit_of(in.at[i + 1]) >= 0 && digit_of(in.at[i + 2]) >= 0) {
			c = (uint8_t)(digit_of(in.at[i + 1]) << 4 | digit_of(in.at[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return bytes_make(out, n);
}

/* The next pair that is not empty. */
static bool next_pair(struct bytes body, size_t *pos, struct bytes *pair)
{
	while (*pos < body.len) {
		const uint8_t *start = body.at + *pos, *end = memchr(start, '&', body.len - *pos);
		*pair = bytes_make(start, end ? (size_t)(end - start) : body.len - *pos);
		*pos += pair->len + (end != NULL);
		if (pair->len)
			return true;
	}
	return false;
}

static size_t parse(struct bytes body, struct doc_field *fields, uint8_t *memory)
{
	struct bytes pair;
	size_t count = 0;
	for (size_t pos = 0; next_pair(body, &pos, &pair); count++) {
		const uint8_t *equals = memchr(pair.at, '=', pair.len);
		struct doc_field *f = &fields[count];
		f->has_value = equals != NULL;
		f->name = decode(bytes_make(pair.at, equals ? (size_t)(equals - pair.at) : pair.len), memory);
		memory += f->name.len;
		if (!equals)
			continue;
		f->value = decode(bytes_make(equals + 1, pair.len - (size_t)(equals + 1 - pair.at)), memory);
		memory += f->value.len;
	}
	return count;
}

static struct doc *fields_between(const struct doc_field *fields, size_t from, size_t to)
{
	struct doc_field *copy = calloc(to - from + 1, sizeof *copy);
	if (!copy)
		return NULL;
	memcpy(copy, fields + from, (to - from) * sizeof *copy);
	return doc_fields(copy, to - from, " = ", (struct buffer){ 0 });
}

/* Pairs up to a JSON value, the value, the pairs after it, and so on. NULL when there is no JSON value, or when out of
 * memory. */
static struct doc *with_json(struct doc_field *fields, size_t count)
{
	struct doc *parts[JSON_VALUES_MOST * 2 + 1];
	size_t n = 0, from = 0;
	for (size_t i = 0; i < count && n < JSON_VALUES_MOST * 2; i++) {
		struct bytes value = fields[i].value;
		if (value.len < 2 || (value.at[0] != '{' && value.at[0] != '['))
			continue;
		struct doc *json = doc_json(value, value.len);
		if (!json)
			continue;
		fields[i].has_value = false;
		parts[n++] = fields_between(fields, from, i + 1);
		parts[n++] = json;
		from = i + 1;
	}
	if (n == 0)
		return NULL;
	parts[n++] = fields_between(fields, from, count);
	return doc_join(parts, n);
}

struct doc *doc_form(struct bytes body, uint64_t total)
{
	struct buffer memory = { 0 };
	struct bytes pair;
	struct doc *d = NULL, *parts[2];
	char cut[80];
	size_t count = 0;
	for (size_t pos = 0; next_pair(body, &pos, &pair);)
		count++;
	struct doc_field *fields = calloc(count + 1, sizeof *fields);
	if (!fields || !buffer_reserve(&memory, body.len + 1)) {
		free(fields);
		return NULL;
	}
	memory.len = body.len;
	count = parse(body, fields, memory.at);
	d = with_json(fields, count);
	if (d) {
		free(fields);
		d = doc_owning(d, memory);
	} else {
		d = doc_fields(fields, count, " = ", memory);
	}
	if (d && doc_cut_note(cut, body.len, total)) {
		parts[0] = d;
		parts[1] = doc_note(cut);
		d = doc_join(parts, 2);
	}
	if (d)
		snprintf(d->about, sizeof d->about, "form, %zu pair%s", count, count == 1 ? "" : "s");
	return d;
}
