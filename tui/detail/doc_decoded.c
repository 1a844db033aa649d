/* What stands in a request's query (as forms are written: WHATWG URL §5), its cookies (RFC 6265 §4.2), its Basic
 * credentials (RFC 7617) and its JSON Web Tokens. Above it everything stands as it came. */
#include "tui/detail/doc_decoded.h"

#include <stdio.h>
#include <string.h>

#include "shared/content/body.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"
#include "tui/bodies/doc_body.h"

#define LISTED_MOST 100 /* parameters, and cookies */
#define TOKENS_MOST 8

static void put_heading(struct styled *s, const char *what)
{
	styled_print(s, ROLE_OURS, "-- %s --", what);
	styled_end(s, 0);
}

static void put_more(struct styled *s, size_t count)
{
	if (count > LISTED_MOST) {
		styled_print(s, ROLE_OURS, "%zu more: not listed", count - LISTED_MOST);
		styled_end(s, 0);
	}
}

static struct bytes trim(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

static void put_query(struct styled *s, struct bytes target)
{
	size_t path = bytes_until(target, '?').len, count = 0;
	struct body_fields fields;
	struct body_field field;
	struct body b;
	if (path + 1 >= target.len)
		return;
	struct bytes query = bytes_until(bytes_make(target.at + path + 1, target.len - path - 1), '#');
	body_open(&b, bytes_of("Content-Type: application/x-www-form-urlencoded\r\n"), query, query.len);
	body_fields_open(&fields, &b);
	while (body_fields_next(&fields, &field)) {
		if (count == 0)
			put_heading(s, "Query");
		if (++count > LISTED_MOST)
			continue;
		if (field.has_value) {
			styled_field(s, field.name, " = ", field.value);
		} else {
			styled_put(s, ROLE_NAME, field.name);
			styled_end(s, 0);
		}
	}
	put_more(s, count);
	body_fields_free(&fields);
	body_free(&b);
}

static void put_cookies(struct styled *s, struct bytes value, size_t *count)
{
	while (value.len) {
		struct bytes pair = bytes_until(value, ';');
		size_t used = pair.len + (pair.len < value.len);
		value = bytes_make(value.at + used, value.len - used);
		pair = trim(pair);
		if (pair.len == 0)
			continue;
		if ((*count)++ == 0)
			put_heading(s, "Cookies");
		if (*count > LISTED_MOST)
			continue;
		struct bytes name = bytes_until(pair, '=');
		size_t skip = name.len + (name.len < pair.len);
		styled_field(s, name, skip > name.len ? " = " : "", bytes_make(pair.at + skip, pair.len - skip));
	}
}

/* The part after the scheme: "Bearer", "Basic". False when it begins with another one. */
static bool after_scheme(struct bytes value, const char *scheme, struct bytes *rest)
{
	size_t len = strlen(scheme);
	if (value.len <= len || value.at[len] != ' ' || !bytes_equal_nocase(bytes_make(value.at, len), scheme))
		return false;
	*rest = trim(bytes_make(value.at + len, value.len - len));
	return true;
}

static void put_basic(struct styled *s, struct bytes name, struct bytes value)
{
	struct buffer plain = { 0 };
	struct bytes coded;
	char heading[100];
	if (!after_scheme(value, "Basic", &coded))
		return;
	if (base64_decode_loose(&plain, coded)) {
		struct bytes all = buffer_view(&plain), user = bytes_until(all, ':');
		size_t skip = user.len + (user.len < all.len);
		snprintf(heading, sizeof heading, "%.*s  Basic", name.len > 40 ? 40 : (int)name.len,
			 (const char *)name.at);
		put_heading(s, heading);
		styled_field(s, bytes_of("user"), " = ", user);
		styled_field(s, bytes_of("password"), " = ", bytes_make(all.at + skip, all.len - skip));
	}
	buffer_free(&plain);
}

/* A field that is a token, with or without a scheme before it. */
static bool put_token(struct styled *s, struct bytes name, struct bytes value)
{
	char of[48];
	struct bytes token = value, coded;
	if (after_scheme(value, "Bearer", &coded) || after_scheme(value, "JWT", &coded))
		token = coded;
	snprintf(of, sizeof of, "%.*s", name.len > 40 ? 40 : (int)name.len, (const char *)name.at);
	return doc_jwt_put(s, of, token);
}

void doc_decoded_put(struct styled *s, struct bytes target, struct bytes headers)
{
	struct bytes name, value;
	size_t pos = 0, cookies = 0, tokens = 0;
	put_query(s, target);
	while (headers_next(headers, &pos, &name, &value))
		if (bytes_equal_nocase(name, "Cookie"))
			put_cookies(s, value, &cookies);
	put_more(s, cookies);
	for (pos = 0; headers_next(headers, &pos, &name, &value);) {
		value = trim(value);
		if (bytes_equal_nocase(name, "Authorization") || bytes_equal_nocase(name, "Proxy-Authorization"))
			put_basic(s, name, value);
		if (tokens < TOKENS_MOST && put_token(s, name, value))
			tokens++;
	}
}
