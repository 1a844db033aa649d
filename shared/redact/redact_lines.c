/* Values of YAML that stand on the lines below their name: scalars, blocks ("|", ">-"), items of a list, and what is
 * nested. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define COLUMN_MOST 200 /* so deep a name may stand: blocks in blocks cost no more than that many looks at a line */
#define MARK_MOST 200   /* "!!binary &a |  # and a comment" */

static size_t skip_blanks(struct bytes text, size_t at, size_t end)
{
	while (at < end && (text.at[at] == ' ' || text.at[at] == '\t'))
		at++;
	return at;
}

bool redact_lines_follow(struct bytes text, size_t at, bool *scalar, size_t *from)
{
	size_t most = text.len - at < MARK_MOST ? text.len : at + MARK_MOST;
	const uint8_t *feed = most > at ? memchr(text.at + at, '\n', most - at) : NULL;
	if (!feed)
		return false;
	size_t end = (size_t)(feed - text.at);
	*from = end + 1;
	*scalar = false;
	if (end > at && text.at[end - 1] == '\r')
		end--;
	/* A tag or an anchor. */
	at = skip_blanks(text, at, end);
	while (at < end && (text.at[at] == '!' || text.at[at] == '&')) {
		while (at < end && text.at[at] > ' ')
			at++;
		at = skip_blanks(text, at, end);
	}
	if (at < end && (text.at[at] == '|' || text.at[at] == '>')) {
		*scalar = true;
		for (at++; at < end && (isdigit(text.at[at]) || text.at[at] == '-' || text.at[at] == '+');)
			at++;
		at = skip_blanks(text, at, end);
	}
	return at == end || text.at[at] == '#';
}

static size_t line_end(struct bytes text, size_t at)
{
	const uint8_t *feed = at < text.len ? memchr(text.at + at, '\n', text.len - at) : NULL;
	return feed ? (size_t)(feed - text.at) : text.len;
}

static bool is_item(struct bytes text, size_t at)
{
	return at + 1 < text.len && text.at[at] == '-' && text.at[at + 1] == ' ';
}

size_t redact_lines_end(struct bytes text, size_t name, size_t from, bool scalar)
{
	size_t column = 0, end = 0;
	while (column < name && column <= COLUMN_MOST && text.at[name - column - 1] != '\n')
		column++;
	if (column > COLUMN_MOST)
		return 0;
	if (column && strchr("\"'", text.at[name - 1]))
		column--;
	/* "- password: |": what is deeper than the dash is in it. */
	for (size_t at = from; at < text.len;) {
		size_t first = skip_blanks(text, at, text.len), next = line_end(text, at);
		bool empty = first >= next || (text.at[first] == '\r' && first + 1 == next);
		if (!empty && first - at <= column && !(!scalar && first - at == column && is_item(text, first)))
			break;
		if (!empty)
			end = next;
		at = next + 1;
	}
	return end;
}

/* Behind "name:" at `at`; or `at`. */
static size_t behind_name(struct bytes text, size_t at, size_t end)
{
	size_t i = at;
	bool quoted = i < end && (text.at[i] == '"' || text.at[i] == '\'');
	i += quoted;
	while (i < end && text.at[i] < 0x80 && (isalnum(text.at[i]) || strchr("_-.", text.at[i] ? text.at[i] : ' ')))
		i++;
	i += quoted && i < end && text.at[i] == text.at[at];
	if (i == at || i >= end || text.at[i] != ':' || (i + 1 < end && text.at[i + 1] > ' '))
		return at;
	return skip_blanks(text, i + 1, end);
}

struct bytes redact_lines_value(struct bytes text, size_t at, size_t end, bool scalar, bool deep)
{
	struct bytes none = { NULL, 0 };
	at = skip_blanks(text, at, end);
	while (end > at && text.at[end - 1] <= ' ')
		end--;
	while (!scalar && at < end && is_item(text, at))
		at = skip_blanks(text, at + 1, end);
	size_t value = scalar ? at : behind_name(text, at, end);
	if (value > at && !deep)
		return none;
	at = value;
	if (at >= end || (!scalar && strchr("{}[]<$|>&!#*", text.at[at] ? text.at[at] : 'x')))
		return none;
	if (!scalar && (text.at[at] == '"' || text.at[at] == '\'')) {
		size_t from = at + 1, to = from;
		while (to < end && text.at[to] != text.at[at])
			to += text.at[to] == '\\' && to + 1 < end ? 2 : 1;
		return bytes_make(text.at + from, to - from);
	}
	return bytes_make(text.at + at, end - at);
}
