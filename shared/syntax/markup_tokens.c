/* Tags and what is between them. HTML has no errors: what has no end goes on to the end of the text. */
#include "shared/syntax/markup_private.h"

#include <string.h>
#include <strings.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool begins_name(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == ':' || c >= 0x80;
}

static bool ends_name(uint8_t c)
{
	return is_blank(c) || c == '/' || c == '>' || c == '<' || c == '=';
}

static bool starts(const struct markup_reader *r, size_t at, const char *with)
{
	size_t len = strlen(with);
	return r->in.len - at >= len && memcmp(r->in.at + at, with, len) == 0;
}

/* Behind the mark, looked for from `from` on; SIZE_MAX: it is not there. */
static size_t behind(const struct markup_reader *r, size_t from, const char *mark)
{
	const uint8_t *found = from <= r->in.len ? memmem(r->in.at + from, r->in.len - from, mark, strlen(mark)) : NULL;
	return found ? (size_t)(found - r->in.at) + strlen(mark) : SIZE_MAX;
}

/* Whether a tag or another mark begins here; a lone < is text. */
static bool begins_mark(const struct markup_reader *r, size_t at)
{
	if (r->in.at[at] != '<' || at + 1 >= r->in.len)
		return false;
	uint8_t c = r->in.at[at + 1];
	return begins_name(c) || c == '!' || c == '?' ||
	       (c == '/' && at + 2 < r->in.len && begins_name(r->in.at[at + 2]));
}

/* Behind the > of a tag. A quote counts where a value begins. */
static size_t tag_end(const struct markup_reader *r, size_t at)
{
	uint8_t last = 0;
	for (size_t i = at + 1; i < r->in.len; i++) {
		uint8_t c = r->in.at[i];
		if (c == '>')
			return i + 1;
		if ((c == '"' || c == '\'') && last == '=') {
			const uint8_t *close = memchr(r->in.at + i + 1, c, r->in.len - i - 1);
			if (!close)
				return SIZE_MAX;
			i = (size_t)(close - r->in.at);
		} else if (c == '<' && !r->html) {
			return SIZE_MAX;
		}
		last = is_blank(c) ? last : c;
	}
	return SIZE_MAX;
}

/* Behind a declaration, which may have others in its brackets. */
static size_t declaration_end(const struct markup_reader *r, size_t at)
{
	bool inside = false;
	for (size_t i = at + 2; i < r->in.len; i++) {
		uint8_t c = r->in.at[i];
		size_t end = i + 1;
		if (c == '>' && !inside)
			return i + 1;
		if (c == '[')
			inside = true;
		else if (c == ']')
			inside = false;
		else if ((c == '"' || c == '\'') && !r->html)
			end = behind(r, i + 1, c == '"' ? "\"" : "'");
		else if (starts(r, i, "<!--"))
			end = behind(r, i + 4, "-->");
		if (end == SIZE_MAX)
			return SIZE_MAX;
		i = end - 1;
	}
	return SIZE_MAX;
}

static size_t text_end(const struct markup_reader *r)
{
	size_t i = r->at;
	do {
		const uint8_t *next = i + 1 < r->in.len ? memchr(r->in.at + i + 1, '<', r->in.len - i - 1) : NULL;
		i = next ? (size_t)(next - r->in.at) : r->in.len;
	} while (i < r->in.len && !begins_mark(r, i));
	return i;
}

static bool names_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && strncasecmp((const char *)a.at, (const char *)b.at, a.len) == 0;
}

/* Where the end tag of the raw element begins. */
static size_t raw_end(const struct markup_reader *r)
{
	for (size_t i = r->at; (i = behind(r, i, "</")) != SIZE_MAX;)
		if (r->in.len - i >= r->raw.len && names_equal(bytes_make(r->in.at + i, r->raw.len), r->raw) &&
		    (i + r->raw.len == r->in.len || ends_name(r->in.at[i + r->raw.len])))
			return i - 2;
	return r->in.len;
}

static bool is_raw(struct bytes name)
{
	static const char *const raw[] = { "script", "style", "textarea", "title", "pre", "xmp" };
	for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
		if (names_equal(name, bytes_of(raw[i])))
			return true;
	return false;
}

static struct bytes name_at(const struct markup_reader *r, size_t at, size_t end)
{
	size_t i = at;
	while (i < end && !ends_name(r->in.at[i]))
		i++;
	return bytes_make(r->in.at + at, i - at);
}

static bool all_blank(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!is_blank(b.at[i]))
			return false;
	return true;
}

static bool take(struct markup_reader *r, struct markup_token *t, enum markup_kind kind, size_t end, const char *broken)
{
	if (end == SIZE_MAX && !r->html) {
		r->broken = broken;
		return false;
	}
	end = end == SIZE_MAX ? r->in.len : end;
	*t = (struct markup_token){ .kind = kind, .bytes = bytes_make(r->in.at + r->at, end - r->at) };
	r->at = end;
	return true;
}

static bool take_tag(struct markup_reader *r, struct markup_token *t)
{
	size_t start = r->at;
	bool close = starts(r, start, "</");
	if (!take(r, t, close ? MARKUP_CLOSE : MARKUP_OPEN, tag_end(r, start), "the tag does not end"))
		return false;
	t->name = name_at(r, start + 1 + close, r->at);
	if (!close && t->bytes.len > 2 && t->bytes.at[t->bytes.len - 2] == '/')
		t->kind = MARKUP_EMPTY;
	if (r->html && t->kind == MARKUP_OPEN && is_raw(t->name))
		r->raw = t->name;
	return true;
}

static bool take_text(struct markup_reader *r, struct markup_token *t, size_t end)
{
	if (!take(r, t, MARKUP_TEXT, end, NULL))
		return false;
	if (all_blank(t->bytes))
		t->kind = MARKUP_BLANK;
	return true;
}

bool markup_next(struct markup_reader *r, struct markup_token *t)
{
	size_t at = r->at;
	if (r->raw.len) {
		size_t end = raw_end(r);
		r->raw.len = 0;
		if (end > at)
			return take(r, t, MARKUP_TEXT, end, NULL);
	}
	if (at >= r->in.len)
		return false;
	if (!begins_mark(r, at))
		return take_text(r, t, text_end(r));
	if (starts(r, at, "<!--"))
		return take(r, t, MARKUP_OTHER, behind(r, at + 4, "-->"), "the comment does not end");
	if (starts(r, at, "<![CDATA["))
		return take(r, t, MARKUP_CDATA, behind(r, at + 9, "]]>"), "the CDATA section does not end");
	if (starts(r, at, "<?"))
		return take(r, t, MARKUP_OTHER, behind(r, at + 2, r->html ? ">" : "?>"),
			    "the instruction does not end");
	if (starts(r, at, "<!"))
		return take(r, t, MARKUP_OTHER, declaration_end(r, at), "the declaration does not end");
	return take_tag(r, t);
}
