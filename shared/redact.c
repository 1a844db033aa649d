#include "shared/redact.h"

#include <string.h>

#include "shared/headers.h"

/* "x-api-key" and "apikey", "X-Auth-Token": names are made up anew by every provider, so parts of them are looked for.
 */
static bool holds(struct bytes name, const char *part)
{
	size_t len = strlen(part);
	for (size_t i = 0; i + len <= name.len; i++)
		if (bytes_equal_nocase(bytes_make(name.at + i, len), part))
			return true;
	return false;
}

bool redact_is_secret(struct bytes name)
{
	static const char *const parts[] = { "authorization", "cookie", "token",    "secret",
					     "api-key",       "apikey", "password", "credential" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (holds(name, parts[i]))
			return true;
	return false;
}

bool redact_is_named(struct bytes name, const struct option_values *more)
{
	for (size_t i = 0; more && i < more->count; i++)
		if (bytes_equal_nocase(name, more->at[i]))
			return true;
	return redact_is_secret(name) || holds(name, "signature") || holds(name, "hmac");
}

bool redact_headers(struct buffer *out, struct bytes block, const struct option_values *more)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		if (!headers_append(out, name, redact_is_named(name, more) ? bytes_of(REDACTED) : value))
			return false;
	return true;
}
