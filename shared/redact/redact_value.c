/* A text on its own, which may be JSON or base64 of something. */
#include "shared/redact/redact_private.h"

static bool looks_like_json(struct bytes value)
{
	size_t i = 0;
	while (i < value.len &&
	       (value.at[i] == ' ' || value.at[i] == '\n' || value.at[i] == '\r' || value.at[i] == '\t'))
		i++;
	return i < value.len && (value.at[i] == '{' || value.at[i] == '[' || value.at[i] == '"');
}

bool redact_value(struct redaction *r, struct bytes value, unsigned depth, struct buffer *out)
{
	bool done = false;
	if (depth > REDACT_DEPTH_MAX) {
		redact_note(r, REDACT_TEXT, bytes_of(NULL), NESTED_TOO_DEEPLY);
		return redact_put(out, value.len);
	}
	if (looks_like_json(value) && !redact_json(r, value, depth + 1, out, &done))
		return false;
	if (!done && !redact_base64(r, value, depth, out, &done))
		return false;
	return done || redact_scan(r, value, depth, out);
}
