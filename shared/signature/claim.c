/* What a request says of its signature: its signatures, the time and the id that were signed with it. */
#include "shared/signature/claim.h"

#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/signature/crypto.h"
#include "shared/signature/signature_tools.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool claim_fail(struct claim *c, enum signature_reason reason, const char *format, ...)
{
	va_list args;
	c->reason = reason;
	va_start(args, format);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	return false;
}

void claim_free(struct claim *c)
{
	buffer_free(&c->own);
}

/* ---- forms ---- */

static size_t signature_len(const struct signature_provider *s, bool is_public)
{
	if (is_public)
		return 88;
	if (s->algorithm == SIGN_ED25519)
		return 128;
	if (s->form == FORM_HEX)
		return s->algorithm == SIGN_SHA1 ? 40 : 64;
	return s->algorithm == SIGN_SHA1 ? 28 : 44;
}

static bool is_well_formed(const struct signature_provider *s, bool is_public, struct bytes text)
{
	struct buffer raw = { 0 };
	bool fine = s->algorithm == SIGN_TOKEN || text.len == signature_len(s, is_public) ||
		    (s->algorithm == SIGN_ECDSA && text.len >= 8 && text.len <= 200);
	if (fine && s->algorithm != SIGN_TOKEN)
		fine = crypto_decode(is_public ? FORM_BASE64 : s->form, text, &raw);
	buffer_free(&raw);
	return fine;
}

static const char *form_name(const struct signature_provider *s)
{
	static const char *const hex[] = { "64 hex digits", "40 hex digits" };
	static const char *const base64[] = { "44 characters of base64", "28 characters of base64" };
	if (s->algorithm == SIGN_ED25519)
		return "128 hex digits";
	if (s->algorithm == SIGN_ECDSA)
		return "base64 of a DER signature";
	return s->form == FORM_HEX ? hex[s->algorithm == SIGN_SHA1] : base64[s->algorithm == SIGN_SHA1];
}

/* ---- times ---- */

static bool number(struct bytes text, int64_t *out)
{
	int64_t n = 0;
	if (text.len == 0 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		n = n * 10 + (text.at[i] - '0');
	}
	*out = n;
	return true;
}

static bool rfc3339(struct bytes text, int64_t *seconds)
{
	struct tm t = { 0 };
	char copy[40], sign[2];
	int end = 0;
	int64_t hours = 0, minutes = 0;
	if (text.len < 20 || text.len >= sizeof copy)
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	if (sscanf(copy, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
		   &t.tm_sec, &end) != 6 ||
	    end != 19)
		return false;
	const char *zone = copy + end;
	if (*zone == '.')
		zone += 1 + strspn(zone + 1, "0123456789");
	if (!(*zone == 'Z' || *zone == 'z' ||
	      sscanf(zone, "%1[+-]%2" SCNd64 ":%2" SCNd64, sign, &hours, &minutes) == 3))
		return false;
	t.tm_year -= 1900;
	t.tm_mon--;
	*seconds = (int64_t)timegm(&t);
	if (*zone == '+' || *zone == '-')
		*seconds -= (*zone == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
	return true;
}

bool claim_read_time(enum time_unit unit, struct bytes text, int64_t *seconds)
{
	switch (unit) {
	case TIME_SECONDS:
		return number(text, seconds);
	case TIME_MILLISECONDS:
		if (!number(text, seconds))
			return false;
		*seconds /= 1000;
		return true;
	case TIME_RFC3339:
		return rfc3339(text, seconds);
	case TIME_TEXT: /* no limit of its own: seconds or RFC 3339, if it can be read */
		return number(text, seconds) || rfc3339(text, seconds);
	case TIME_NONE:
		break;
	}
	return false;
}

static bool take_time(struct claim *c, const char *where)
{
	enum time_unit unit = c->scheme->unit;
	c->has_time = claim_read_time(unit, c->time, &c->time_s);
	if (c->has_time || unit == TIME_TEXT)
		return true;
	return claim_fail(c, SIGNATURE_MALFORMED, "the time in %s is not %s", where,
			  unit == TIME_SECONDS        ? "a number of seconds since 1970"
			  : unit == TIME_MILLISECONDS ? "a number of milliseconds since 1970"
						      : "of RFC 3339, such as 2026-11-23T14:00:00Z");
}

/* ---- fields ---- */

/* A field that stands twice does not count: libraries differ in which of them they take. */
static bool field(struct claim *c, const struct signature_input *in, const char *name, struct bytes *out)
{
	struct bytes n, v;
	int found = 0;
	for (size_t pos = 0; headers_next(in->headers, &pos, &n, &v);)
		if (bytes_equal_nocase(n, name) && found++ == 0)
			*out = v;
	while (found == 1 && out->len && (out->at[out->len - 1] == ' ' || out->at[out->len - 1] == '\t'))
		out->len--;
	if (found == 1 && out->len)
		return true;
	if (found > 1)
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s is there %d times", name, found);
	return claim_fail(c, SIGNATURE_MISSING, found ? "the header %s is empty" : "the header %s is missing", name);
}

static bool add_signature(struct claim *c, struct bytes signature, bool is_public)
{
	if (c->count == CLAIM_MOST)
		return true; /* more of them than any provider sends: the first ones count */
	c->is_public[c->count] = is_public;
	c->signatures[c->count++] = signature;
	return true;
}

static struct bytes behind(struct bytes b, size_t n)
{
	return bytes_make(b.at + n, b.len - n);
}

/* Takes the part up to `end` off *rest, and `end` with it. */
static struct bytes next_part(struct bytes *rest, char end)
{
	const uint8_t *at = rest->len ? memchr(rest->at, end, rest->len) : NULL;
	size_t len = at ? (size_t)(at - rest->at) : rest->len;
	struct bytes part = bytes_make(rest->at, len);
	*rest = behind(*rest, at ? len + 1 : len);
	return part;
}

static bool read_value(struct claim *c, struct bytes value)
{
	const char *prefix = c->scheme->prefix ? c->scheme->prefix : "";
	if (!signature_begins(value, prefix))
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s does not begin with %s", c->scheme->field,
				  prefix);
	return add_signature(c, behind(value, strlen(prefix)), false);
}

static bool read_pairs(struct claim *c, struct bytes value)
{
	const struct signature_provider *s = c->scheme;
	while (value.len) {
		struct bytes pair = next_part(&value, s->separator), rest = pair;
		struct bytes key = next_part(&rest, '=');
		if (s->time_key && bytes_equal(key, bytes_of(s->time_key)))
			c->time = rest;
		else if (bytes_equal(key, bytes_of(s->prefix)) && rest.len)
			(void)add_signature(c, rest, false);
	}
	if (s->time_key && !c->time.len)
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no %s=", s->field, s->time_key);
	return c->count || claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no %s=, the only scheme that counts",
				      s->field, s->prefix);
}

static bool read_words(struct claim *c, struct bytes value)
{
	while (value.len) {
		struct bytes word = next_part(&value, ' ');
		if (signature_begins(word, c->scheme->prefix))
			(void)add_signature(c, behind(word, strlen(c->scheme->prefix)), false);
		else if (signature_begins(word, "v1a,"))
			(void)add_signature(c, behind(word, 4), true);
	}
	return c->count ||
	       claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no signature after v1,", c->scheme->field);
}

/* ---- Mailgun: signature.timestamp, .token and .signature of the JSON, or fields of a form ---- */

static bool body_part(struct claim *c, const struct signature_input *in, const char *name, size_t *at)
{
	char path[40];
	*at = c->own.len;
	snprintf(path, sizeof path, "signature.%s", name);
	bool there = form_is(in->headers) ? form_value(in->body, name, &c->own)
					  : signature_json_value(in->body, path, &c->own, NULL);
	return (there && c->own.len > *at) || claim_fail(c, SIGNATURE_MISSING, "the body has no %s%s",
							 form_is(in->headers) ? "field " : "signature.", name);
}

static bool read_body(struct claim *c, const struct signature_input *in)
{
	size_t time, token, signature;
	if (!body_part(c, in, "timestamp", &time) || !body_part(c, in, "token", &token) ||
	    !body_part(c, in, "signature", &signature))
		return false;
	c->time = bytes_make(c->own.at + time, token - time);
	c->id = bytes_make(c->own.at + token, signature - token);
	return add_signature(c, bytes_make(c->own.at + signature, c->own.len - signature), false) &&
	       take_time(c, "the body");
}

/* ---- all of it ---- */

static bool read_fields(struct claim *c, const struct signature_input *in)
{
	const struct signature_provider *s = c->scheme;
	struct bytes value = { 0 };
	if (!field(c, in, s->field, &value) || (s->id_field && !field(c, in, s->id_field, &c->id)) ||
	    (s->time_field && !field(c, in, s->time_field, &c->time)))
		return false;
	bool fine = s->layout == LAYOUT_PAIRS   ? read_pairs(c, value)
		    : s->layout == LAYOUT_WORDS ? read_words(c, value)
						: read_value(c, value);
	if (!fine)
		return false;
	if (s->body_time) {
		/* Their library refuses a body without it, whatever a field says of the time. */
		if (!signature_json_value(in->body, s->body_time, &c->own, NULL))
			return in->body.len > SIGNATURE_JSON_MOST
				   ? claim_fail(c, SIGNATURE_NO_MEMORY, "the body is too long to find its %s in",
						s->body_time)
				   : claim_fail(c, SIGNATURE_MALFORMED, "the body has no %s, the time that counts",
						s->body_time);
		c->time = buffer_view(&c->own);
	}
	return s->unit == TIME_NONE || take_time(c, s->time_key    ? s->field
						    : s->body_time ? s->body_time
								   : s->time_field);
}

static bool keep_well_formed(struct claim *c)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (!is_well_formed(c->scheme, c->is_public[i], c->signatures[i]))
			continue;
		c->is_public[kept] = c->is_public[i];
		c->signatures[kept++] = c->signatures[i];
	}
	if (kept == 0) {
		size_t len = c->signatures[0].len;
		c->count = 0;
		return claim_fail(c, SIGNATURE_MALFORMED, "the signature in %s is not %s but %zu characters%s",
				  c->scheme->field ? c->scheme->field : "the body", form_name(c->scheme), len,
				  len == signature_len(c->scheme, c->is_public[0]) ? " of another kind" : "");
	}
	c->count = kept;
	return true;
}

static bool refuse_settings(struct claim *c, struct bytes named)
{
	char shown[24] = "";
	for (size_t i = 0; i < named.len && i < sizeof shown - 1; i++) {
		bool plain = named.at[i] == '_' || named.at[i] == '-' || (named.at[i] >= '0' && named.at[i] <= '9') ||
			     ((named.at[i] | 0x20) >= 'a' && (named.at[i] | 0x20) <= 'z');
		shown[i] = plain ? (char)named.at[i] : '?';
	}
	return claim_fail(c, SIGNATURE_MALFORMED,
			  "the header %s names the algorithm %s: HMAC_SHA256 and HMAC_SHA1 are those that count",
			  c->scheme->settings_field, shown);
}

bool claim_read(const struct signature_provider *p, const struct signature_input *in, struct claim *c)
{
	struct bytes named;
	memset(c, 0, sizeof *c);
	c->scheme = signature_row(p, in->headers, in->secret, &named);
	if (!c->scheme) {
		c->scheme = p;
		return refuse_settings(c, named);
	}
	if (!(p->layout == LAYOUT_BODY ? read_body(c, in) : read_fields(c, in)))
		return false;
	return keep_well_formed(c);
}

/* ---- does it hold? ---- */

static bool public_holds(enum signature_algorithm a, const struct secret_key *k, enum signature_form form,
			 struct bytes signature, struct bytes content)
{
	struct buffer raw = { 0 };
	bool holds = k->public && crypto_decode(form, signature, &raw) &&
		     crypto_verify(a, k->public, content, buffer_view(&raw));
	buffer_free(&raw);
	return holds;
}

/* Libraries compare text: hex in the other case, or base64 with other letters, is refused by the app as well. */
static bool mac_holds(const struct claim *c, const struct secret_key *k, struct bytes content)
{
	struct buffer text = { 0 };
	uint8_t mac[32];
	size_t len;
	bool holds = false;
	if (crypto_mac(c->scheme->algorithm, buffer_view(&k->mac), content, mac, &len) &&
	    crypto_encode(c->scheme->form, bytes_make(mac, len), &text))
		for (size_t i = 0; i < c->count; i++)
			holds |= !c->is_public[i] && signature_equal(buffer_view(&text), c->signatures[i]);
	buffer_free(&text);
	return holds;
}

bool claim_holds(const struct claim *c, const struct secret_key *k, struct bytes content)
{
	const struct signature_provider *s = c->scheme;
	if (s->algorithm == SIGN_TOKEN)
		return c->count && signature_equal(buffer_view(&k->mac), c->signatures[0]);
	if (s->secret == SECRET_PUBLIC_KEY)
		return c->count && public_holds(s->algorithm, k, s->form, c->signatures[0], content);
	if (!k->public)
		return mac_holds(c, k, content);
	for (size_t i = 0; i < c->count; i++)
		if (c->is_public[i] && public_holds(SIGN_ED25519, k, FORM_BASE64, c->signatures[i], content))
			return true;
	return false;
}
