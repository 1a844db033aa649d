/* What stands in a request's query (as forms are written: WHATWG URL §5), its cookies (RFC 6265 §4.2), its Basic
 * credentials (RFC 7617) and the JSON Web Tokens in any of these. Above it everything stands as it came. */
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

/* What a token says, below a line that names where it stands: "Cookie ", and its name there. */
static void put_token(struct styled *s, const char *where, struct bytes name, struct bytes token, size_t *tokens)
{
	char of[60];
	snprintf(of, sizeof of, "%s%.*s", where, name.len > 40 ? 40 : (int)name.len, (const char *)name.at);
	if (*tokens < TOKENS_MOST && doc_jwt_put(s, of, token))
		++*tokens;
}

static void put_query_tokens(struct styled *s, struct body *b, size_t *tokens)
{
	struct body_fields fields;
	struct body_field field;
	body_fields_open(&fields, b);
	while (*tokens < TOKENS_MOST && body_fields_next(&fields, &field))
		if (field.has_value)
			put_token(s, "Query ", field.name, field.value, tokens);
	body_fields_free(&fields);
}

static void put_query(struct styled *s, struct bytes target, size_t *tokens)
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
	put_query_tokens(s, &b, tokens);
	body_free(&b);
}

struct cookie {
	struct bytes name, value;
	bool has_value;
};

/* The next of a field's cookies; false at its end. */
static bool next_cookie(struct bytes *rest, struct cookie *out)
{
	while (rest->len) {
		struct bytes pair = bytes_until(*rest, ';');
		size_t used = pair.len + (pair.len < rest->len);
		*rest = bytes_make(rest->at + used, rest->len - used);
		pair = trim(pair);
		if (pair.len == 0)
			continue;
		out->name = bytes_until(pair, '=');
		out->has_value = out->name.len < pair.len;
		size_t skip = out->name.len + out->has_value;
		out->value = bytes_make(pair.at + skip, pair.len - skip);
		return true;
	}
	return false;
}

static void put_cookies(struct styled *s, struct bytes rest, size_t *count)
{
	struct cookie c;
	while (next_cookie(&rest, &c)) {
		if ((*count)++ == 0)
			put_heading(s, "Cookies");
		if (*count <= LISTED_MOST)
			styled_field(s, c.name, c.has_value ? " = " : "", c.value);
	}
}

static void put_cookie_tokens(struct styled *s, struct bytes rest, size_t *tokens)
{
	struct cookie c;
	while (next_cookie(&rest, &c))
		put_token(s, "Cookie ", c.name, c.value, tokens);
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

/* A header field that is a token, with or without a scheme before it. */
static void put_field_token(struct styled *s, struct bytes name, struct bytes value, size_t *tokens)
{
	struct bytes token = value, coded;
	if (after_scheme(value, "Bearer", &coded) || after_scheme(value, "JWT", &coded))
		token = coded;
	put_token(s, "", name, token, tokens);
}

void doc_decoded_put(struct styled *s, struct bytes target, struct bytes headers)
{
	struct bytes name, value;
	size_t pos = 0, cookies = 0, tokens = 0;
	put_query(s, target, &tokens);
	while (headers_next(headers, &pos, &name, &value))
		if (bytes_equal_nocase(name, "Cookie"))
			put_cookies(s, value, &cookies);
	put_more(s, cookies);
	for (pos = 0; headers_next(headers, &pos, &name, &value);) {
		value = trim(value);
		if (bytes_equal_nocase(name, "Authorization") || bytes_equal_nocase(name, "Proxy-Authorization"))
			put_basic(s, name, value);
		if (bytes_equal_nocase(name, "Cookie"))
			put_cookie_tokens(s, value, &tokens);
		else
			put_field_token(s, name, value, &tokens);
	}
}
