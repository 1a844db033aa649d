/* What is written in the place of a secret. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define PADDED_MOST 1024

bool redact_is_done(struct bytes value)
{
	size_t len = strlen(REDACTED);
	if (value.len == 0)
		return true;
	if (value.len < len || memcmp(value.at, REDACTED, len) != 0)
		return false;
	for (size_t i = len; i < value.len; i++)
		if (value.at[i] != 'x' && value.at[i] != '*')
			return false;
	return true;
}

bool redact_put(struct buffer *out, size_t len)
{
	size_t least = strlen(REDACTED), more = len > least ? len - least : 0;
	if (more > PADDED_MOST)
		more = PADDED_MOST;
	if (!buffer_append_text(out, REDACTED) || !buffer_reserve(out, more))
		return false;
	if (more)
		memset(out->at + out->len, 'x', more);
	out->len += more;
	return true;
}

static bool is_digits(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] < '0' || b.at[i] > '9')
			return false;
	return b.len > 0;
}

/* "v1", "v1a": a version of a scheme. */
static bool is_version(struct bytes b)
{
	return b.len >= 2 && b.len <= 4 && b.at[0] == 'v' && isdigit(b.at[1]);
}

static bool is_time_key(struct bytes key)
{
	static const char *const keys[] = { "t", "ts", "time", "timestamp", "created", "expires" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (bytes_equal_nocase(key, keys[i]))
			return true;
	return false;
}

/* A piece of a signature field: "sha256=5f…" keeps its key, "t=1700000000" stays. */
static bool put_mark(struct buffer *out, struct bytes piece)
{
	const uint8_t *equals = piece.len ? memchr(piece.at, '=', piece.len) : NULL;
	size_t key_len = equals ? (size_t)(equals - piece.at) : 0;
	bool is_key = key_len > 0 && key_len <= 16 && key_len + 2 < piece.len;
	for (size_t i = 0; i < key_len; i++)
		is_key = is_key && (isalnum(piece.at[i]) || piece.at[i] == '-' || piece.at[i] == '_');
	if (piece.len == 0 || is_version(piece))
		return buffer_append_bytes(out, piece);
	if (!is_key)
		return redact_put(out, piece.len);
	struct bytes key = bytes_make(piece.at, key_len), value = bytes_make(equals + 1, piece.len - key_len - 1);
	if (!buffer_append(out, piece.at, key_len + 1))
		return false;
	return is_time_key(key) && value.len < 20 && is_digits(value) ? buffer_append_bytes(out, value)
								      : redact_put(out, value.len);
}

bool redact_put_value(struct buffer *out, enum redact_why why, struct bytes value)
{
	if (why != WHY_SIGNATURE)
		return redact_put(out, value.len);
	for (size_t i = 0, start = 0; value.len && i <= value.len; i++) {
		bool ends = i == value.len || value.at[i] == ',' || value.at[i] == ';' || value.at[i] == ' ';
		if (ends && !put_mark(out, bytes_make(value.at + start, i - start)))
			return false;
		if (ends && i < value.len && !buffer_put_u8(out, value.at[i]))
			return false;
		if (ends)
			start = i + 1;
	}
	return true;
}
