/* Users and passwords as programs are given them: //user:pw@host, curl -u user:pw. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#define USER_MOST 64
#define PASSWORD_MOST 128

static bool is_one_of(uint8_t c, const char *letters)
{
	return c && c < 0x80 && strchr(letters, c);
}

bool redact_login_in_link(struct bytes text, size_t at, size_t *end)
{
	size_t i = at + 2, user = i;
	if (text.len - at < 6 || text.at[at + 1] != '/' || (at > 0 && is_one_of(text.at[at - 1], ":/")))
		return false;
	while (i < text.len && i - user < USER_MOST && (isalnum(text.at[i]) || is_one_of(text.at[i], "._~%+-!$*")))
		i++;
	if (i >= text.len || text.at[i] != ':')
		return false;
	size_t password = ++i;
	while (i < text.len && i - password <= PASSWORD_MOST && text.at[i] > ' ' &&
	       !is_one_of(text.at[i], "/\"'<>\\`@?#"))
		i++;
	if (i == password || i + 1 >= text.len || text.at[i] != '@' || !isalnum(text.at[i + 1]))
		return false;
	*end = i;
	return true;
}

bool redact_login_is_pair(struct bytes value)
{
	const uint8_t *colon = value.len ? memchr(value.at, ':', value.len) : NULL;
	bool digits = true;
	for (size_t i = 0; i < value.len; i++)
		digits = digits && (isdigit(value.at[i]) || value.at[i] == ':');
	/* "1000:1000" are ids. */
	return colon && value.len > 2 && !digits && value.at[0] != '$' && !memmem(value.at, value.len, "://", 3);
}

bool redact_login_of_curl(struct bytes text, size_t at, size_t *from, size_t *end)
{
	static const char *const options[] = { "--proxy-user", "--user", "-u", "-U" };
	size_t len = 0;
	if (at > 0 && text.at[at - 1] > ' ' && !is_one_of(text.at[at - 1], "\"'`"))
		return false;
	for (size_t k = 0; k < sizeof options / sizeof *options && !len; k++) {
		size_t n = strlen(options[k]);
		if (text.len - at > n + 2 && memcmp(text.at + at, options[k], n) == 0 &&
		    (options[k][1] != '-' || is_one_of(text.at[at + n], " \t=\"'\\")))
			len = n;
	}
	if (!len)
		return false;
	uint8_t quote = 0;
	size_t i = at + len;
	/* "-u", "user:pw" of a list of words as well. */
	for (size_t most = i + 8; i < text.len && i < most && is_one_of(text.at[i], " \t=,\"'\\\r\n"); i++)
		quote = is_one_of(text.at[i], "\"'") ? text.at[i] : 0;
	*from = i;
	while (i < text.len && i - *from < USER_MOST + PASSWORD_MOST && text.at[i] >= ' ' &&
	       (quote ? text.at[i] != quote && text.at[i] != '\\' : !is_one_of(text.at[i], " \"'`;|&)<>\\")))
		i++;
	*end = i;
	return redact_login_is_pair(bytes_make(text.at + *from, i - *from));
}
