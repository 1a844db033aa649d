#include "shared/content/media_type.h"

#include <string.h>

#include "shared/http/headers.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len && is_blank(b.at[0]))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && is_blank(b.at[b.len - 1]))
		b.len--;
	return b;
}

struct bytes media_type_trim(struct bytes content_type)
{
	return trimmed(bytes_until(content_type, ';'));
}

struct bytes media_type_of(struct bytes headers)
{
	struct bytes type;
	return headers_find(headers, "Content-Type", &type) ? media_type_trim(type) : bytes_of(NULL);
}

bool media_type_ends(struct bytes type, const char *end)
{
	size_t len = strlen(end);
	return type.len >= len && bytes_equal_nocase(bytes_make(type.at + type.len - len, len), end);
}

bool media_type_begins(struct bytes type, const char *begin)
{
	size_t len = strlen(begin);
	return type.len >= len && bytes_equal_nocase(bytes_make(type.at, len), begin);
}

/* Where the parameter ends: at a ; that is not between quotes. */
static size_t parameter_len(struct bytes b)
{
	bool quoted = false;
	size_t i = 0;
	for (; i < b.len && (quoted || b.at[i] != ';'); i++) {
		if (b.at[i] == '"')
			quoted = !quoted;
		else if (quoted && b.at[i] == '\\' && i + 1 < b.len)
			i++;
	}
	return i;
}

bool media_type_parameter(struct bytes value, const char *name, struct bytes *out)
{
	size_t len = parameter_len(value);
	while (len < value.len) {
		value = bytes_make(value.at + len + 1, value.len - len - 1);
		len = parameter_len(value);
		struct bytes part = bytes_make(value.at, len);
		struct bytes left = trimmed(bytes_until(part, '='));
		if (left.len == 0 || !bytes_equal_nocase(left, name))
			continue;
		const uint8_t *equals = memchr(part.at, '=', part.len);
		if (!equals)
			continue;
		*out = trimmed(bytes_make(equals + 1, (size_t)(part.at + part.len - equals) - 1));
		/* Some forget the second quote. */
		if (out->len && out->at[0] == '"')
			*out = bytes_make(out->at + 1, out->len - 1 - (out->len > 1 && out->at[out->len - 1] == '"'));
		return true;
	}
	return false;
}
