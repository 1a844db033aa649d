/* Elements and attributes of XML and HTML. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define TAG_MOST 4096

struct look {
	const struct redact_names *names;
	struct bytes text;
	struct redact_ahead *tagged;
};

static bool is_attribute(const char *const *names, struct bytes name)
{
	for (; *names; names++)
		if (bytes_equal_nocase(name, *names))
			return true;
	return false;
}

/* The next NAME="VALUE" of a tag. */
static bool next_attribute(struct bytes tag, size_t *at, struct bytes *name, struct bytes *value)
{
	size_t i = *at;
	while (i < tag.len) {
		size_t equals = i, start;
		while (equals < tag.len && tag.at[equals] != '=')
			equals++;
		if (equals + 1 >= tag.len || (tag.at[equals + 1] != '"' && tag.at[equals + 1] != '\'')) {
			i = equals + 1;
			continue;
		}
		for (start = equals; start > i && redact_is_name_letter(tag.at[start - 1]);)
			start--;
		const uint8_t *close = memchr(tag.at + equals + 2, tag.at[equals + 1], tag.len - equals - 2);
		if (!close)
			return false;
		*name = bytes_make(tag.at + start, equals - start);
		*value = bytes_make(tag.at + equals + 2, (size_t)(close - tag.at) - equals - 2);
		*at = (size_t)(close - tag.at) + 1;
		return true;
	}
	return false;
}

#define TAGS_MOST 4 /* between a name and its value */

/* Behind the tag that begins at `at`, "<x …>" or "</x>"; SIZE_MAX: none does, or an empty element. */
static size_t tag_end(struct bytes text, size_t at, bool closing)
{
	size_t i = at + 1 + closing;
	if (i >= text.len || text.at[at] != '<' || (closing && text.at[at + 1] != '/') ||
	    !redact_is_name_start(text.at[i]))
		return SIZE_MAX;
	while (i < text.len && i - at < TAG_MOST && text.at[i] != '>' && text.at[i] != '<')
		i++;
	return i < text.len && text.at[i] == '>' && text.at[i - 1] != '/' ? i + 1 : SIZE_MAX;
}

static size_t skip_space(struct bytes text, size_t at)
{
	while (at < text.len && isspace(text.at[at]))
		at++;
	return at;
}

/* The text after a tag, in CDATA or in further elements as well. */
static struct bytes element_text(struct bytes text, size_t from)
{
	static const char cdata[] = "<![CDATA[";
	size_t len = sizeof cdata - 1, next;
	const uint8_t *end;
	from = skip_space(text, from);
	for (int i = 0; i < TAGS_MOST && from < text.len && (next = tag_end(text, from, false)) != SIZE_MAX; i++)
		from = skip_space(text, next);
	if (text.len - from > len && memcmp(text.at + from, cdata, len) == 0) {
		from += len;
		end = memmem(text.at + from, text.len - from, "]]>", 3);
	} else {
		end = from < text.len ? memchr(text.at + from, '<', text.len - from) : NULL;
	}
	size_t to = end ? (size_t)(end - text.at) : text.len;
	while (to > from && isspace(text.at[to - 1]))
		to--;
	return bytes_make(text.at + from, to - from);
}

static void hide_text(struct look *s, struct bytes value, struct bytes name, enum redact_why why)
{
	size_t from = (size_t)(value.at - s->text.at);
	if (!redact_is_done(value))
		*s->tagged = (struct redact_ahead){ from, from + value.len, name, why };
}

static struct redact_match match_text(const struct look *s, struct bytes name)
{
	return name.len && name.len <= REDACT_NAME_MOST ? redact_match_name(s->names, WHERE_TEXT, name, bytes_of(NULL))
							: (struct redact_match){ WHY_NOT, false, false };
}

/* <input name="csrf_token" value="…">, <add key="ApiKey" value="…"/>, <meta name="…" content="…">, and
 * <param name="password">…</param>. */
static void find_named_attribute(struct look *s, size_t open, size_t close)
{
	static const char *const naming[] = { "name", "key", "id", "property", "type", NULL };
	static const char *const valued[] = { "value", "content", NULL };
	struct bytes tag = bytes_make(s->text.at + open, close - open), name, value, secret = { NULL, 0 };
	struct redact_match m = { WHY_NOT, false, false };
	for (size_t at = 0; m.why == WHY_NOT && next_attribute(tag, &at, &name, &value);)
		if (is_attribute(naming, name)) {
			m = match_text(s, value);
			secret = value;
		}
	if (m.why == WHY_NOT)
		return;
	for (size_t at = 0; next_attribute(tag, &at, &name, &value);)
		if (is_attribute(valued, name)) {
			hide_text(s, value, secret, m.why);
			return;
		}
	static const char *const texts[] = { "param", "parameter", "property", "field", "entry",
					     "data",  "string",    "setting",  "var",   "variable",
					     "item",  "value",     "header",   "add",   NULL };
	size_t end = 1;
	while (end < tag.len && redact_is_name_letter(tag.at[end]))
		end++;
	if (tag.at[tag.len - 1] != '/' && is_attribute(texts, bytes_make(tag.at + 1, end - 1)))
		hide_text(s, element_text(s->text, close + 1), secret, m.why);
}

/* <key>password</key><string>…</string>, <name>password</name><value>…</value>. */
static void find_named_element(struct look *s, struct bytes local, size_t behind)
{
	static const char *const naming[] = { "name", "key", NULL };
	static const char *const valued[] = { "value", "string", "val", "data", "content", "text", NULL };
	struct bytes text = s->text, name;
	if (!is_attribute(naming, local) || behind >= text.len || text.at[behind] == '<')
		return;
	name = element_text(text, behind);
	struct redact_match m = match_text(s, name);
	if (m.why == WHY_NOT)
		return;
	size_t at = tag_end(text, skip_space(text, (size_t)(name.at - text.at) + name.len), true);
	at = at == SIZE_MAX ? text.len : skip_space(text, at);
	size_t end = at + 1;
	while (end < text.len && redact_is_name_letter(text.at[end]))
		end++;
	size_t inner = tag_end(text, at, false);
	if (inner != SIZE_MAX && is_attribute(valued, bytes_make(text.at + at + 1, end - at - 1)))
		hide_text(s, element_text(text, inner), name, m.why);
}

/* <password>…</password>, <wsse:Password Type="…">…, <![CDATA[…]]>. */
static bool find_element(struct look *s, size_t open, size_t close)
{
	struct bytes text = s->text;
	size_t name = open + 1, i = name;
	for (; i < close && (redact_is_name_letter(text.at[i]) || text.at[i] == ':'); i++)
		if (text.at[i] == ':')
			name = i + 1;
	if (text.at[close - 1] == '/')
		return false;
	struct bytes local = bytes_make(text.at + name, i - name);
	struct redact_match m = match_text(s, local);
	if (m.why == WHY_NOT)
		find_named_element(s, local, close + 1);
	else
		hide_text(s, element_text(text, close + 1), local, m.why);
	return s->tagged->end > close;
}

void redact_element_look_at(const struct redact_names *names, struct bytes text, size_t open,
			    struct redact_ahead *tagged)
{
	struct look s = { names, text, tagged };
	size_t i = open + 1;
	if (i >= text.len || !redact_is_name_start(text.at[i]))
		return;
	while (i < text.len && i - open < TAG_MOST && text.at[i] != '>' && text.at[i] != '<')
		i++;
	if (i >= text.len || text.at[i] != '>')
		return;
	if (!find_element(&s, open, i))
		find_named_attribute(&s, open, i);
}
