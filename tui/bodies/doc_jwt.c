/* A JSON Web Token as lines: what its header and its payload say, and that nobody verified it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/readers/web_token.h"
#include "shared/json/json_find.h"
#include "shared/text/text.h"
#include "tui/bodies/doc_body_private.h"

#define CLAIMS_MOST 100

/* "2026-11-23 13:42:34 UTC" where it can be seconds since 1970 (RFC 7519 §2, NumericDate); else empty. */
static void say_time(struct bytes number, char out[TEXT_TIME_LEN])
{
	char digits[12] = "";
	out[0] = '\0';
	if (number.len < 9 || number.len > 10)
		return;
	memcpy(digits, number.at, number.len);
	if (strspn(digits, "0123456789") != number.len)
		return;
	text_format_time(out, strtoull(digits, NULL, 10) * 1000000);
	out[10] = ' ';
	memcpy(out + 19, " UTC", 5);
}

static bool is_time(struct bytes name)
{
	static const char *const names[] = { "\"exp\"", "\"iat\"", "\"nbf\"", "\"auth_time\"", "\"updated_at\"" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal(name, bytes_of(names[i])))
			return true;
	return false;
}

static enum role role_of(const struct json_token *t)
{
	return t->kind == TOKEN_STRING ? ROLE_STRING : t->kind == TOKEN_NUMBER ? ROLE_NUMBER : ROLE_NORMAL;
}

static void put_members(struct styled *s, const struct buffer *json, const struct json_tokens *t)
{
	struct bytes in = buffer_view(json);
	char at[TEXT_TIME_LEN];
	size_t count = 0, i = 1;
	while (i + 1 < t->count && t->at[i].kind == TOKEN_KEY && count++ < CLAIMS_MOST) {
		struct bytes key = json_lexeme(in, &t->at[i]), value = json_lexeme(in, &t->at[i + 1]);
		styled_put(s, ROLE_NAME, bytes_make(key.at + 1, key.len - 2));
		styled_put(s, ROLE_NORMAL, bytes_of(" = "));
		styled_put(s, role_of(&t->at[i + 1]), value);
		styled_value(s, 2);
		say_time(value, at);
		if (*at && is_time(key))
			styled_print(s, ROLE_OURS, "  %s", at);
		styled_end(s, 0);
		i = json_after(t, i);
	}
}

bool doc_jwt_put(struct styled *s, const char *of, struct bytes text)
{
	struct web_token j;
	if (!web_token_read(text, &j))
		return false;
	styled_print(s, ROLE_OURS, "-- %s  JWT, decoded and not verified --", of);
	styled_end(s, 0);
	put_members(s, &j.header, &j.header_tokens);
	put_members(s, &j.payload, &j.payload_tokens);
	styled_print(s, ROLE_OURS, j.signature_len ? "signature, %zu bytes" : "no signature", j.signature_len);
	styled_end(s, 0);
	web_token_free(&j);
	return true;
}

struct doc *doc_jwt(struct bytes body)
{
	while (body.len && strchr(" \r\n", body.at[body.len - 1]))
		body.len--;
	struct styled *s = body.len > 1 && body.at[0] == 'e' ? styled_new() : NULL;
	if (!s)
		return NULL;
	bool fine = doc_jwt_put(s, "Body", body);
	struct doc *d = styled_doc(s);
	if (fine && d) {
		snprintf(d->about, sizeof d->about, "JWT");
		return d;
	}
	doc_free(d);
	return NULL;
}
