/* CSV whose first line names a column like a secret. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS_MOST 64
#define NAME_MOST 100

struct csv {
	struct redaction *r;
	struct bytes in;
	uint8_t separator;
	struct bytes names[COLUMNS_MOST]; /* of the columns that go */
	enum redact_why whys[COLUMNS_MOST];
	bool counts[COLUMNS_MOST]; /* numbers there are something else */
};

/* The field at `at`: its value, within quotes if it has them. Behind all of it. */
static size_t read_field(const struct csv *c, size_t at, struct bytes *value)
{
	struct bytes in = c->in;
	bool quoted = at < in.len && in.at[at] == '"';
	size_t from = at + quoted, i = from;
	while (quoted && i < in.len && !(in.at[i] == '"' && !(i + 1 < in.len && in.at[i + 1] == '"')))
		i += in.at[i] == '"' ? 2 : 1;
	size_t close = i;
	bool closed = quoted && i < in.len;
	i += closed;
	size_t tail = i;
	while (i < in.len && in.at[i] != c->separator && in.at[i] != '\n' && in.at[i] != '\r')
		i++;
	/* What follows the closing quote belongs to the value. */
	*value = bytes_make(in.at + from, (closed && i == tail ? close : i) - from);
	return i;
}

/* A count of tokens, as "pass" is one of tests. */
static bool ends_in_tokens(struct bytes name)
{
	return name.len >= 6 && bytes_equal_nocase(bytes_make(name.at + name.len - 6, 6), "tokens");
}

static bool read_names(struct csv *c, size_t *behind)
{
	static const char separators[] = ",;\t";
	size_t most = 0, at = 0, column = 0;
	bool any = false;
	for (size_t k = 0; separators[k]; k++) {
		size_t n = 0;
		for (size_t i = 0; i < c->in.len && c->in.at[i] != '\n'; i++)
			n += c->in.at[i] == (uint8_t)separators[k];
		c->separator = n > most || k == 0 ? (uint8_t)separators[k] : c->separator;
		most = n > most ? n : most;
	}
	while (at < c->in.len) {
		struct bytes name;
		at = read_field(c, at, &name);
		struct redact_match m = { WHY_NOT, false, false };
		if (column < COLUMNS_MOST && name.len && name.len <= NAME_MOST)
			m = redact_match_name(c->r->names, WHERE_TEXT, name, bytes_of(NULL));
		if (m.why != WHY_NOT) {
			c->names[column] = name;
			c->whys[column] = m.why;
			c->counts[column] = m.text_only || (m.why != WHY_ASKED && ends_in_tokens(name));
			any = true;
		}
		column++;
		if (at >= c->in.len || c->in.at[at] != c->separator)
			break;
		at++;
	}
	*behind = at;
	return any && most > 0;
}

static bool is_number(struct bytes value)
{
	size_t digits = 0;
	for (size_t i = 0; i < value.len; i++)
		digits += isdigit(value.at[i]) || value.at[i] == '.';
	return digits == value.len;
}

static bool put_field(struct csv *c, size_t column, struct bytes value, struct bytes field, unsigned depth,
		      struct buffer *out)
{
	if (column >= COLUMNS_MOST || c->whys[column] == WHY_NOT || redact_is_done(value) ||
	    (c->counts[column] && is_number(value)))
		return redact_scan(c->r, field, depth, out);
	redact_note_named(c->r, REDACT_TEXT, c->names[column], c->whys[column]);
	size_t before = (size_t)(value.at - field.at), behind = before + value.len;
	return buffer_append(out, field.at, before) && redact_put_value(out, c->whys[column], value) &&
	       (behind == field.len || buffer_append(out, field.at + behind, field.len - behind));
}

bool redact_csv(struct redaction *r, struct bytes text, unsigned depth, struct buffer *out, bool *is_csv)
{
	struct csv c = { .r = r, .in = text };
	size_t at, column = 0;
	*is_csv = read_names(&c, &at);
	if (!*is_csv)
		return true;
	bool fine = redact_scan(r, bytes_make(text.at, at), depth, out);
	while (fine && at < text.len) {
		struct bytes value;
		/* A separator, or the end of a line. */
		column = text.at[at] == c.separator ? column + 1 : 0;
		if (!buffer_put_u8(out, text.at[at++]))
			return false;
		size_t end = read_field(&c, at, &value);
		if (end > at)
			fine = put_field(&c, column, value, bytes_make(text.at + at, end - at), depth, out);
		at = end;
	}
	return fine;
}
