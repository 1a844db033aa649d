#include "shared/secrets/secret_shape.h"

#include "shared/text/base64.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define HEAD "creel_"
#define DIGITS (SECRET_SHAPE_TOKEN - sizeof HEAD + 1)

/* ---- what belongs to no secret ---- */

/* Every second byte is 0, as in ASCII text in UTF-16; the others move up. */
static size_t from_utf16(char *text, size_t len)
{
	bool big = len >= 2 && (uint8_t)text[0] == 0xfe && (uint8_t)text[1] == 0xff;
	bool little = len >= 2 && (uint8_t)text[0] == 0xff && (uint8_t)text[1] == 0xfe;
	if (!big && !little)
		return len;
	for (size_t i = 2; i + 1 < len; i += 2)
		if (text[i + little] || !text[i + big])
			return len;
	size_t n = 0;
	for (size_t i = 2; i + 1 < len; i += 2)
		text[n++] = text[i + big];
	text[n] = 0;
	return n;
}

/* The length of an invisible character or of a no-break space at `at`, or 0. */
static size_t invisible(const char *at)
{
	static const char *const all[] = { "\xef\xbb\xbf", "\xe2\x80\x8b", "\xe2\x80\x8c",
					   "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f",
					   "\xe2\x81\xa0", "\xe2\x80\xaf", "\xc2\xa0" };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strncmp(at, all[i], strlen(all[i])) == 0)
			return strlen(all[i]);
	return 0;
}

static void drop(char *text, size_t *len, size_t from, size_t count)
{
	memmove(text + from, text + from + count, *len - from - count + 1);
	*len -= count;
}

static bool drop_invisible_end(char *text, size_t *len)
{
	for (size_t n = 2; n <= 3 && n <= *len; n++)
		if (invisible(text + *len - n) == n) {
			drop(text, len, *len - n, n);
			return true;
		}
	return false;
}

size_t secret_shape_clean(char *text, size_t len)
{
	len = from_utf16(text, len);
	if (strlen(text) != len)
		return len; /* whoever reads it refuses NUL */
	for (size_t n; (n = invisible(text)) > 0;)
		drop(text, &len, 0, n);
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = 0;
	if (len > 0 && text[len - 1] == '\r')
		text[--len] = 0;
	while (drop_invisible_end(text, &len))
		;
	return len;
}

/* ---- what it may be wrapped in ---- */

static bool trim(char *text)
{
	size_t len = strlen(text), from = strspn(text, " \t\r\n"), to = len;
	while (to > from && strchr(" \t\r\n", text[to - 1]))
		to--;
	memmove(text, text + from, to - from);
	text[to - from] = 0;
	return to - from != len;
}

static bool unquote(char *text)
{
	static const struct {
		const char *open, *close;
	} quotes[] = { { "\"", "\"" },
		       { "'", "'" },
		       { "`", "`" },
		       { "\xe2\x80\x9c", "\xe2\x80\x9d" },
		       { "\xe2\x80\x98", "\xe2\x80\x99" },
		       { "\\\"", "\\\"" } };
	size_t len = strlen(text);
	for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
		size_t open = strlen(quotes[i].open), close = strlen(quotes[i].close);
		if (len <= open + close || strncmp(text, quotes[i].open, open) != 0 ||
		    strcmp(text + len - close, quotes[i].close) != 0)
			continue;
		memmove(text, text + open, len - open - close);
		text[len - open - close] = 0;
		return true;
	}
	return false;
}

const char *secret_shape_unname(char *text)
{
	static const char *const words[] = { "export", "set", "setx" };
	const char *at = text + strspn(text, " \t");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i]);
		if (strncmp(at, words[i], len) == 0 && (at[len] == ' ' || at[len] == '\t'))
			at += len + strspn(at + len, " \t");
	}
	size_t name = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), blanks = strspn(at + name, " \t");
	if (name < 3 || isdigit((unsigned char)*at) || !memchr(at, '_', name) || at[name + blanks] != '=')
		return NULL;
	const char *value = at + name + blanks + 1;
	if (strspn(value, "= \t\"'\r\n") == strlen(value))
		return NULL; /* the padding of base64 */
	memmove(text, value, strlen(value) + 1);
	trim(text);
	unquote(text);
	return "the variable's name before it";
}

static bool from_base64(char *text)
{
	struct buffer out = { 0 };
	size_t len = strlen(text);
	bool fine = len >= 16 && base64_decode_loose(&out, bytes_of(text)) && out.len > 0 && out.len < len;
	for (size_t i = 0; fine && i < out.len; i++)
		fine = isgraph(out.at[i]) || (i + 1 == out.len && out.at[i] == '\n');
	if (fine) {
		memcpy(text, out.at, out.len);
		text[out.len - (out.at[out.len - 1] == '\n')] = 0;
	}
	if (out.at)
		OPENSSL_cleanse(out.at, out.len);
	buffer_free(&out);
	return fine;
}

const char *secret_shape_peel(char *text)
{
	return trim(text)          ? "the blanks around it"
	       : unquote(text)     ? "the quotes around it"
	       : from_base64(text) ? "the base64 that it was written in"
				   : NULL;
}

/* ---- tokens ---- */

static size_t count_digits(const char *at)
{
	return strspn(at, "0123456789abcdefABCDEF");
}

static enum secret_shape_token find(const char *text, char token[SECRET_SHAPE_TOKEN + 1], size_t *digits)
{
	enum secret_shape_token found = TOKEN_SHAPE_OTHER;
	for (const char *at = text; (at = strstr(at, HEAD)); at += strlen(HEAD)) {
		size_t count = count_digits(at + strlen(HEAD));
		if (count != DIGITS) {
			if (found == TOKEN_SHAPE_OTHER && count > 0) {
				found = count < DIGITS ? TOKEN_SHAPE_SHORT : TOKEN_SHAPE_LONG;
				*digits = count;
			}
			continue;
		}
		if (found == TOKEN_SHAPE_WRAPPED && strncmp(token, at, SECRET_SHAPE_TOKEN) != 0)
			return TOKEN_SHAPE_SEVERAL;
		found = TOKEN_SHAPE_WRAPPED;
		memcpy(token, at, SECRET_SHAPE_TOKEN);
		token[SECRET_SHAPE_TOKEN] = 0;
	}
	for (size_t i = strlen(HEAD); found == TOKEN_SHAPE_WRAPPED && i < SECRET_SHAPE_TOKEN; i++)
		token[i] = (char)tolower((unsigned char)token[i]);
	return found;
}

/* As mail and terminals break lines: blanks, line ends, `=` at a line's end, invisible characters. */
static void join(char *text)
{
	char *to = text;
	for (const char *at = text; *at;) {
		size_t hidden = invisible(at);
		bool soft = *at == '=' && (at[1] == '\n' || at[1] == '\r');
		if (hidden || soft || strchr(" \t\r\n\\", *at))
			at += hidden ? hidden : 1;
		else
			*to++ = *at++;
	}
	*to = 0;
}

enum secret_shape_token secret_shape_token(struct bytes text, char token[SECRET_SHAPE_TOKEN + 1], size_t *digits)
{
	char *copy = calloc(1, text.len + 1);
	token[0] = 0;
	*digits = 0;
	if (!copy)
		return TOKEN_SHAPE_OTHER;
	memcpy(copy, text.at, text.len);
	secret_shape_clean(copy, text.len);
	enum secret_shape_token found = find(copy, token, digits);
	if (found != TOKEN_SHAPE_WRAPPED && found != TOKEN_SHAPE_SEVERAL) {
		char other[SECRET_SHAPE_TOKEN + 1];
		size_t ignored;
		join(copy);
		enum secret_shape_token joined = find(copy, other, &ignored);
		while (joined != TOKEN_SHAPE_WRAPPED && secret_shape_peel(copy))
			joined = find(copy, other, &ignored);
		if (joined == TOKEN_SHAPE_WRAPPED) {
			found = joined;
			memcpy(token, other, sizeof other);
		}
		OPENSSL_cleanse(other, sizeof other);
	}
	if (found == TOKEN_SHAPE_WRAPPED && text.len == SECRET_SHAPE_TOKEN &&
	    memcmp(text.at, token, SECRET_SHAPE_TOKEN) == 0)
		found = TOKEN_SHAPE_RIGHT;
	OPENSSL_cleanse(copy, text.len);
	free(copy);
	return found;
}
