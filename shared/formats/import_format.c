#include "shared/formats/import_format.h"

#include <ctype.h>
#include <string.h>

enum import_format import_format_named(const char *name)
{
	static const char *const names[] = {
		[IMPORT_HAR] = "har",         [IMPORT_NDJSON] = "ndjson",   [IMPORT_CURL] = "curl",
		[IMPORT_HTTP] = "http",       [IMPORT_POSTMAN] = "postman", [IMPORT_INSOMNIA] = "insomnia",
		[IMPORT_CHARLES] = "charles",
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i] && strcmp(names[i], name) == 0)
			return (enum import_format)i;
	return IMPORT_UNKNOWN;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct bytes *text)
{
	while (text->len && is_blank(*text->at))
		*text = bytes_make(text->at + 1, text->len - 1);
}

static bool begins(struct bytes text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && memcmp(text.at, with, len) == 0;
}

/* ---- JSON: by the members of the first object ---- */

/* Takes a string with its quotes; false when its end is not there. */
static bool take_string(struct bytes *text, struct bytes *string)
{
	size_t at = 1;
	while (at < text->len && text->at[at] != '"')
		at += text->at[at] == '\\' ? 2 : 1;
	if (at >= text->len)
		return false;
	*string = bytes_make(text->at + 1, at - 1);
	*text = bytes_make(text->at + at + 1, text->len - at - 1);
	return true;
}

/* The next name in the object and what follows its colon. False at the end of the object, or, with *text empty, of what
 * there is of it. */
static bool next_member(struct bytes *text, struct bytes *name, struct bytes *value)
{
	for (size_t depth = 0; text->len;) {
		uint8_t c = *text->at;
		if (c == '"') {
			if (!take_string(text, name)) {
				text->len = 0;
				return false;
			}
			struct bytes rest = *text;
			skip_blanks(&rest);
			if (depth || !begins(rest, ":"))
				continue;
			*value = bytes_make(rest.at + 1, rest.len - 1);
			skip_blanks(value);
			*text = *value;
			return value->len > 0;
		}
		if (c == '{' || c == '[')
			depth++;
		if ((c == '}' || c == ']') && depth-- == 0)
			return false;
		*text = bytes_make(text->at + 1, text->len - 1);
	}
	return false;
}

static enum import_format of_member(struct bytes name, struct bytes value)
{
	static const struct {
		const char *name, *value;
		enum import_format is;
	} signs[] = {
		{ "log", "{", IMPORT_HAR },
		{ "item", "[", IMPORT_POSTMAN },
		{ "collection", "{", IMPORT_POSTMAN },
		{ "_type", "\"export\"", IMPORT_INSOMNIA },
		{ "__export_format", "", IMPORT_INSOMNIA },
		{ "event_id", "\"", IMPORT_NDJSON },
		{ "received_at", "\"", IMPORT_NDJSON },
		{ "request", "{", IMPORT_NDJSON },
	};
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (bytes_equal(name, bytes_of(signs[i].name)) && begins(value, signs[i].value))
			return signs[i].is;
	return IMPORT_UNDECIDED;
}

static enum import_format of_object(struct bytes text)
{
	struct bytes name, value;
	while (next_member(&text, &name, &value)) {
		enum import_format f = of_member(name, value);
		if (f != IMPORT_UNDECIDED)
			return f;
	}
	/* At the end of the object it has none of these. */
	return text.len ? IMPORT_NDJSON : IMPORT_UNDECIDED;
}

/* ---- text: by the first line that is not a comment ---- */

static struct bytes take_line(struct bytes *text, bool *ended)
{
	struct bytes line = bytes_until(*text, '\n');
	*ended = line.len < text->len;
	*text = bytes_make(text->at + line.len + *ended, text->len - line.len - *ended);
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool is_request_line(struct bytes line)
{
	struct bytes method = bytes_until(line, ' ');
	if (begins(line, "http://") || begins(line, "https://"))
		return true;
	for (size_t i = 0; i < method.len; i++)
		if (!isupper(method.at[i]) && method.at[i] != '-')
			return false;
	return method.len > 0 && method.len < line.len;
}

static bool is_curl(struct bytes line)
{
	return begins(line, "curl ") || begins(line, "curl.exe ") || begins(line, "$ curl ") ||
	       begins(line, "base64 -d <<") || begins(line, "curl\\");
}

static enum import_format of_line(struct bytes line)
{
	if (is_curl(line))
		return IMPORT_CURL;
	if (begins(line, "type: collection.insomnia") || begins(line, "type: \"collection.insomnia") ||
	    begins(line, "_type: export") || begins(line, "__export_format:"))
		return IMPORT_INSOMNIA;
	if (begins(line, "@") || begins(line, "//") || begins(line, "###") || begins(line, "< {%") ||
	    is_request_line(line))
		return IMPORT_HTTP;
	return IMPORT_UNKNOWN;
}

static enum import_format of_text(struct bytes text, bool whole)
{
	bool ended = true;
	while (text.len) {
		struct bytes line = take_line(&text, &ended);
		skip_blanks(&line);
		if (!ended && !whole)
			return IMPORT_UNDECIDED;
		if (line.len == 0 || (begins(line, "#") && !begins(line, "###")) || begins(line, "---"))
			continue;
		return of_line(line);
	}
	return whole ? IMPORT_UNKNOWN : IMPORT_UNDECIDED;
}

enum import_format import_format_of(struct bytes head, bool whole)
{
	enum import_format f;
	skip_blanks(&head);
	if (begins(head, "{"))
		f = of_object(bytes_make(head.at + 1, head.len - 1));
	else if (begins(head, "["))
		f = IMPORT_CHARLES;
	else
		f = of_text(head, whole);
	if (f == IMPORT_UNDECIDED && whole)
		f = begins(head, "{") ? IMPORT_NDJSON : IMPORT_UNKNOWN;
	return f;
}

/* ---- UTF-16 ---- */

bool import_is_utf16(struct bytes head)
{
	if (head.len < 2)
		return false;
	if ((head.at[0] == 0xff && head.at[1] == 0xfe) || (head.at[0] == 0xfe && head.at[1] == 0xff))
		return true;
	uint8_t first = head.at[0] ? head.at[0] : head.at[1];
	return (!head.at[0] || !head.at[1]) && (first == '{' || first == '[');
}

static bool put_utf8(struct buffer *out, uint32_t c)
{
	if (c < 0x80)
		return buffer_put_u8(out, (uint8_t)c);
	if (c < 0x800)
		return buffer_put_u8(out, (uint8_t)(0xc0 | c >> 6)) && buffer_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	if (c < 0x10000)
		return buffer_put_u8(out, (uint8_t)(0xe0 | c >> 12)) &&
		       buffer_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f))) &&
		       buffer_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	return buffer_put_u8(out, (uint8_t)(0xf0 | c >> 18)) &&
	       buffer_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f))) &&
	       buffer_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f))) &&
	       buffer_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static uint32_t unit_at(struct bytes in, size_t i, bool big)
{
	return big ? (uint32_t)in.at[i] << 8 | in.at[i + 1] : (uint32_t)in.at[i + 1] << 8 | in.at[i];
}

bool import_from_utf16(struct bytes in, struct buffer *out)
{
	bool big = in.len >= 2 && (in.at[0] == 0xfe || in.at[0] == 0);
	if (in.len % 2 != 0)
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		uint32_t c = unit_at(in, i, big);
		if (i == 0 && c == 0xfeff)
			continue;
		if (c >= 0xd800 && c < 0xdc00 && i + 3 < in.len) {
			uint32_t low = unit_at(in, i + 2, big);
			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000) {
			return false;
		}
		if (!put_utf8(out, c))
			return false;
	}
	return true;
}
