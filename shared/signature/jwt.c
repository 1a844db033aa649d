#include "shared/signature/jwt.h"

#include "shared/json/json_body.h"
#include "shared/signature/content.h"
#include "shared/signature/signature_tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a token's `aud`: more are not looked at. */
#define AUDIENCES_MOST 32

static bool claim_value(struct claim *c, const char *name, struct buffer *out)
{
	out->len = 0;
	return json_body_value(buffer_view(&c->payload), name, out, NULL) && out->len;
}

/* Seconds since 1970, which may have a fraction. */
static bool claim_moment(struct claim *c, const char *name, int64_t *out)
{
	struct buffer text = { 0 };
	bool there =
	    claim_value(c, name, &text) && claim_read_time(TIME_SECONDS, bytes_until(buffer_view(&text), '.'), out);
	buffer_free(&text);
	return there;
}

/* Its algorithm has to be the one that counts; the id of the key is kept. */
static bool read_head(struct claim *c, struct bytes head)
{
	struct buffer json = { 0 }, name = { 0 };
	char shown[16] = "";
	bool read =
	    crypto_decode(FORM_BASE64URL, head, &json) && json_body_value(buffer_view(&json), "alg", &name, NULL);
	if (read)
		(void)json_body_value(buffer_view(&json), "kid", &c->kid, NULL);
	bool same = read && bytes_equal(buffer_view(&name), bytes_of(c->scheme->token_algorithm));
	for (size_t i = 0; read && i < name.len && i < sizeof shown - 1; i++)
		shown[i] = name.at[i] > ' ' && name.at[i] < 0x7f ? (char)name.at[i] : '?';
	buffer_free(&json);
	buffer_free(&name);
	if (!read)
		return claim_fail(c, SIGNATURE_MALFORMED, "the token in %s cannot be read", c->scheme->field);
	return same || claim_fail(c, SIGNATURE_MALFORMED, "the token in %s is signed with %s: only %s counts",
				  c->scheme->field, *shown ? shown : "nothing", c->scheme->token_algorithm);
}

bool jwt_read(struct claim *c, struct bytes token)
{
	const struct signature_provider *s = c->scheme;
	const uint8_t *first = token.len ? memchr(token.at, '.', token.len) : NULL;
	const uint8_t *last = first ? memchr(first + 1, '.', token.len - (size_t)(first + 1 - token.at)) : NULL;
	if (!last || memchr(last + 1, '.', token.len - (size_t)(last + 1 - token.at)))
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no token of three parts", s->field);
	if (!read_head(c, bytes_make(token.at, (size_t)(first - token.at))))
		return false;
	if (!crypto_decode(FORM_BASE64URL, bytes_make(first + 1, (size_t)(last - first) - 1), &c->payload))
		return claim_fail(c, SIGNATURE_MALFORMED, "the token in %s cannot be read", s->field);
	c->token = bytes_make(token.at, (size_t)(last - token.at));
	c->has_time = claim_moment(c, "iat", &c->time_s);
	c->has_expiry = claim_moment(c, "exp", &c->expires_s);
	c->has_begin = claim_moment(c, "nbf", &c->begins_s);
	if (s->age && !c->has_time)
		return claim_fail(c, SIGNATURE_MALFORMED, "the token in %s has no iat, the time that counts", s->field);
	if (s->token_expires && !c->has_expiry)
		return claim_fail(c, SIGNATURE_MALFORMED, "the token in %s has no exp: it would never run out",
				  s->field);
	claim_add(c, bytes_make(last + 1, token.len - (size_t)(last + 1 - token.at)), false);
	return true;
}

/* RFC 7519 §4.1.3: `aud` is a text, or a list of which one is enough. *there: it names any. */
static bool audience_is(struct claim *c, struct bytes wanted, bool *there)
{
	struct buffer said = { 0 };
	char path[32];
	bool same = false;
	*there = claim_value(c, "aud", &said);
	same = *there && signature_equal(buffer_view(&said), wanted);
	for (int i = 0; i < AUDIENCES_MOST && !same; i++) {
		snprintf(path, sizeof path, "aud[%d]", i);
		if (!claim_value(c, path, &said))
			break;
		*there = true;
		same = signature_equal(buffer_view(&said), wanted);
	}
	buffer_free(&said);
	return same;
}

/* Google names itself with and without https://. */
static bool issuer_is(struct bytes issuer, const char *wanted)
{
	static const char tls[] = "https://";
	if (bytes_begins(issuer, tls))
		issuer = bytes_make(issuer.at + sizeof tls - 1, issuer.len - (sizeof tls - 1));
	return bytes_equal(issuer, bytes_of(wanted));
}

bool jwt_agrees(struct claim *c, const struct signature_input *in)
{
	const struct signature_provider *s = c->scheme;
	struct buffer said = { 0 }, sum = { 0 };
	struct bytes wanted = key_line(in->secret);
	if (!wanted.len || s->secret != SECRET_PUBLIC_KEY)
		wanted = in->url;
	bool fine = true;
	if (s->token_issuer && !(claim_value(c, "iss", &said) && issuer_is(buffer_view(&said), s->token_issuer)))
		fine = claim_fail(c, SIGNATURE_MALFORMED, "the token in %s is not issued by %s", s->field,
				  s->token_issuer);
	bool names_any = true, is_wanted = !fine || !s->token_audience || audience_is(c, wanted, &names_any);
	if (fine && !names_any)
		fine = claim_fail(c, SIGNATURE_MALFORMED,
				  "the token in %s has no aud: it does not say that it is for this URL", s->field);
	/* Without a URL at hand it cannot be told whether the audience is right. */
	else if (fine && wanted.len && !is_wanted)
		fine = claim_fail(c, SIGNATURE_URL, "the token in %s is for another audience than this URL", s->field);
	if (fine && s->token_sum) {
		if (!crypto_sha256(s->sum_form, in->body, &sum))
			fine = claim_fail(c, SIGNATURE_NO_MEMORY, "out of memory");
		else if (!claim_value(c, s->token_sum, &said))
			fine =
			    claim_fail(c, SIGNATURE_MALFORMED, "the token in %s has no %s: it does not cover the body",
				       s->field, s->token_sum);
		else if (!signature_equal(buffer_view(&said), buffer_view(&sum)))
			fine = claim_fail(c, SIGNATURE_BODY,
					  "the body was changed on the way: its SHA-256 is not the token's %s",
					  s->token_sum);
	}
	buffer_free(&said);
	buffer_free(&sum);
	return fine;
}

static bool is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < ' ' || strchr("\"\\", text.at[i]))
			return false;
	return text.len > 0;
}

/* Reads the member of a token's part, base64url of JSON; *json is scratch. Empty where there is none. */
static void part_value(struct bytes part, const char *name, struct buffer *json, struct buffer *out)
{
	json->len = out->len = 0;
	if (!crypto_decode(FORM_BASE64URL, part, json) || !json_body_value(buffer_view(json), name, out, NULL) ||
	    !is_plain(buffer_view(out)))
		out->len = 0;
}

/* Who issued the token that was there, and with which key: a receiver knows them by these names. */
static void keep_names(struct claim *c, const struct signature_input *in)
{
	struct bytes token;
	size_t prefix = c->scheme->prefix ? strlen(c->scheme->prefix) : 0;
	if (!headers_find(in->headers, c->scheme->field, &token) || token.len <= prefix)
		return;
	token = bytes_make(token.at + prefix, token.len - prefix);
	struct bytes head = bytes_until(token, '.');
	struct bytes rest = bytes_make(token.at + head.len, token.len - head.len);
	if (!rest.len)
		return;
	part_value(head, "kid", &c->payload, &c->kid);
	part_value(bytes_until(bytes_make(rest.at + 1, rest.len - 1), '.'), "iss", &c->payload, &c->issuer);
}

/* Receivers find the key by its id, where there are several: a new token names the old one's, or `creel`. */
static bool put_head(struct claim *c, struct buffer *out)
{
	if (!buffer_printf(out, "{\"alg\":\"%s\",", c->scheme->token_algorithm))
		return false;
	if (c->scheme->secret == SECRET_PUBLIC_KEY && !c->kid.len && !buffer_append_text(&c->kid, "creel"))
		return false;
	if (c->kid.len && !(buffer_append_text(out, "\"kid\":\"") && buffer_append_bytes(out, buffer_view(&c->kid)) &&
			    buffer_append_text(out, "\",")))
		return false;
	return buffer_append_text(out, "\"typ\":\"JWT\"}");
}

/* It becomes a text in JSON as it stands. */
static bool may_be_audience(struct bytes url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] > '~')
			return false;
	return !url.len || is_plain(url);
}

bool jwt_begin(struct claim *c, const struct signature_input *in, struct buffer *out)
{
	struct buffer head = { 0 }, claims = { 0 };
	if (c->scheme->token_audience && !may_be_audience(in->url))
		return claim_fail(c, SIGNATURE_URL, "the URL has characters that no URL has: %s signs it",
				  c->scheme->name);
	keep_names(c, in);
	bool fine = put_head(c, &head) && content_fill(c, in, c->scheme->token_claims, &claims) &&
		    crypto_encode(FORM_BASE64URL, buffer_view(&head), out) && buffer_put_u8(out, '.') &&
		    crypto_encode(FORM_BASE64URL, buffer_view(&claims), out);
	buffer_free(&head);
	buffer_free(&claims);
	return fine;
}
