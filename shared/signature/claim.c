/* What a request says of its signature: its signatures, the time and the id that were signed with it. */
#include "shared/signature/claim.h"

#include "shared/json/json_body.h"
#include "shared/signature/jwt.h"
#include "shared/signature/place.h"
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
	for (size_t i = 0; i < c->text_count; i++)
		buffer_free(&c->texts[i]);
	buffer_free(&c->payload);
	buffer_free(&c->issuer);
	buffer_free(&c->kid);
}

/* ---- forms ---- */

/* 0: of several lengths, as those of key pairs are. */
static size_t signature_len(const struct signature_provider *s, bool is_public)
{
	size_t raw = s->algorithm == SIGN_ED25519 || is_public ? 64 : crypto_mac_len(s->algorithm);
	if (is_public || s->form == FORM_BASE64)
		return (raw + 2) / 3 * 4;
	return s->form == FORM_HEX ? raw * 2 : (raw * 4 + 2) / 3;
}

static bool is_well_formed(const struct signature_provider *s, bool is_public, struct bytes text)
{
	struct buffer raw = { 0 };
	size_t len = signature_len(s, is_public);
	bool fine = s->algorithm == SIGN_TOKEN || (len ? text.len == len : text.len >= 8 && text.len <= 1400);
	if (fine && s->algorithm != SIGN_TOKEN)
		fine = crypto_decode(is_public ? FORM_BASE64 : s->form, text, &raw);
	buffer_free(&raw);
	return fine;
}

static void name_form(const struct signature_provider *s, char out[48])
{
	static const char *const forms[] = { "hex digits", "characters of base64", "characters of base64url" };
	size_t len = signature_len(s, false);
	if (len)
		snprintf(out, 48, "%zu %s", len, forms[s->form]);
	else
		snprintf(out, 48, "base64 of %s signature", s->algorithm == SIGN_ECDSA ? "a DER" : "an RSA");
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
	case TIME_TEXT:
	case TIME_TEXT_DATE: /* no limit of its own: seconds or RFC 3339, if it can be read */
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
	if (c->has_time || unit == TIME_TEXT || unit == TIME_TEXT_DATE)
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

void claim_add(struct claim *c, struct bytes signature, bool is_public)
{
	if (c->count == CLAIM_MOST)
		return;
	c->is_public[c->count] = is_public;
	c->signatures[c->count++] = signature;
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

static struct bytes without_blanks(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = behind(b, 1);
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

static bool read_value(struct claim *c, const char *name, struct bytes value)
{
	const char *prefix = c->scheme->prefix ? c->scheme->prefix : "";
	bool begins = bytes_begins(value, prefix);
	if (!begins && !c->scheme->prefix_optional)
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s does not begin with %s", name, prefix);
	claim_add(c, behind(value, begins ? strlen(prefix) : 0), false);
	return true;
}

static bool read_pairs(struct claim *c, struct bytes value)
{
	const struct signature_provider *s = c->scheme;
	char assign = s->assign ? s->assign : '=';
	size_t count = 0;
	if (s->exact && (!value.len || !bytes_begins(value, s->time_key) || value.at[value.len - 1] == ','))
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s is not %s= and %s= alone", s->field,
				  s->time_key, s->prefix);
	while (value.len) {
		count++;
		struct bytes pair = next_part(&value, s->separator ? s->separator : ','), rest = without_blanks(pair);
		struct bytes key = next_part(&rest, assign);
		if (s->time_key && bytes_equal(key, bytes_of(s->time_key)))
			c->time = rest;
		else if (s->names_key && bytes_equal(key, bytes_of(s->names_key)))
			c->names = rest;
		else if ((!s->prefix || bytes_equal(key, bytes_of(s->prefix))) && rest.len)
			claim_add(c, rest, false);
	}
	if (s->time_key && !c->time.len)
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no %s=", s->field, s->time_key);
	if (s->exact && count != 2)
		return claim_fail(c, SIGNATURE_MALFORMED, "the header %s is not %s= and %s= alone", s->field,
				  s->time_key, s->prefix);
	if (c->count)
		return true;
	return s->prefix ? claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no %s=, the only scheme that counts",
				      s->field, s->prefix)
			 : claim_fail(c, SIGNATURE_MALFORMED, "the signature has no %c between key and value", assign);
}

static bool read_words(struct claim *c, struct bytes value)
{
	while (value.len) {
		struct bytes word = next_part(&value, ' ');
		if (bytes_begins(word, c->scheme->prefix))
			claim_add(c, behind(word, strlen(c->scheme->prefix)), false);
		else if (bytes_begins(word, "v1a,"))
			claim_add(c, behind(word, 4), true);
	}
	return c->count ||
	       claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no signature after v1,", c->scheme->field);
}

static bool read_list(struct claim *c, struct bytes value)
{
	c->time = without_blanks(next_part(&value, ','));
	while (value.len)
		claim_add(c, without_blanks(next_part(&value, ',')), false);
	return c->count ||
	       claim_fail(c, SIGNATURE_MALFORMED, "the header %s has no signature after its time", c->scheme->field);
}

/* ---- in the body ---- */

/* A view of the value, which the claim keeps. */
static bool body_value(struct claim *c, const struct signature_input *in, const char *place, struct bytes *out)
{
	if (c->text_count == CLAIM_TEXTS)
		return false;
	struct buffer *text = &c->texts[c->text_count++];
	bool there = place_read(place, in, c->item, text);
	*out = buffer_view(text);
	return there;
}

/* "form:token" is the field token, "signature.token" a member. */
static bool body_part(struct claim *c, const struct signature_input *in, const char *place, struct bytes *out)
{
	static const char form[] = "form:";
	bool is_form = bytes_begins(bytes_of(place), form);
	char path[PLACE_LEN];
	return (body_value(c, in, place, out) && out->len) ||
	       claim_fail(c, in->body.len > JSON_BODY_MOST && !is_form ? SIGNATURE_NO_MEMORY : SIGNATURE_MISSING,
			  "the body has no %s%s", is_form ? "field " : "",
			  is_form ? place + sizeof form - 1 : place_numbered(place, c->item, path));
}

static bool read_body(struct claim *c, const struct signature_input *in)
{
	const struct signature_provider *s = c->scheme;
	struct bytes value = { 0 };
	if ((s->time_place && !body_part(c, in, s->time_place, &c->time)) ||
	    (s->id_place && !body_part(c, in, s->id_place, &c->id)) || !body_part(c, in, s->places[0], &value))
		return false;
	if (s->layout == LAYOUT_PAIRS) {
		if (!read_pairs(c, value))
			return false;
	} else {
		claim_add(c, value, false);
	}
	if (s->places[1] && body_value(c, in, s->places[1], &value) && value.len)
		claim_add(c, value, false);
	return s->unit == TIME_NONE || take_time(c, "the body");
}

/* ---- all of it ---- */

/* Linear's library refuses a body without it, whatever a field says of the time. */
static bool read_body_time(struct claim *c, const struct signature_input *in)
{
	const char *place = c->scheme->time_place;
	if (body_value(c, in, place, &c->time))
		return true;
	return in->body.len > JSON_BODY_MOST
		   ? claim_fail(c, SIGNATURE_NO_MEMORY, "the body is too long to find its %s in", place)
		   : claim_fail(c, SIGNATURE_MALFORMED, "the body has no %s, the time that counts", place);
}

static bool read_layout(struct claim *c, struct bytes value)
{
	const struct signature_provider *s = c->scheme;
	switch (s->layout) {
	case LAYOUT_PAIRS:
		return read_pairs(c, value);
	case LAYOUT_WORDS:
		return read_words(c, value);
	case LAYOUT_LIST:
		return read_list(c, value);
	case LAYOUT_JWT:
		if (s->prefix && !bytes_begins(value, s->prefix))
			return claim_fail(c, SIGNATURE_MALFORMED, "the header %s does not begin with %s", s->field,
					  s->prefix);
		return jwt_read(c, behind(value, s->prefix ? strlen(s->prefix) : 0));
	case LAYOUT_VALUE:
		break;
	}
	return read_value(c, s->field, value);
}

/* More signatures of the same content: in a second field, or in numbered ones. */
static bool read_further(struct claim *c, const struct signature_input *in)
{
	const struct signature_provider *s = c->scheme;
	struct bytes name, value;
	char shown[48];
	for (size_t pos = 0; (s->second || s->numbered) && headers_next(in->headers, &pos, &name, &value);) {
		if (!(s->second && bytes_equal_nocase(name, s->second)) &&
		    !(s->numbered && !bytes_equal_nocase(name, s->field) && signature_is_numbered(s, name)))
			continue;
		snprintf(shown, sizeof shown, "%.*s", (int)name.len, (const char *)name.at);
		if (!field(c, in, shown, &value))
			return false;
		claim_add(c, without_blanks(value), false);
	}
	return true;
}

static bool read_fields(struct claim *c, const struct signature_input *in)
{
	const struct signature_provider *s = c->scheme;
	struct bytes value = { 0 }, other;
	bool second_only = !headers_find(in->headers, s->field, &other) && signature_find_field(s, in->headers, &other);
	if ((!second_only && !field(c, in, s->field, &value)) || (s->id_field && !field(c, in, s->id_field, &c->id)) ||
	    (s->time_field && !field(c, in, s->time_field, &c->time)) ||
	    (s->names_field && !field(c, in, s->names_field, &c->names)) || (!second_only && !read_layout(c, value)))
		return false;
	if (!read_further(c, in))
		return false;
	if (s->time_place && !read_body_time(c, in))
		return false;
	return s->unit == TIME_NONE || s->layout == LAYOUT_JWT ||
	       take_time(c, s->time_place   ? s->time_place
			    : s->time_field ? s->time_field
					    : s->field);
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
		size_t len = c->count ? c->signatures[0].len : 0;
		bool is_public = c->count && c->is_public[0];
		char form[48];
		name_form(c->scheme, form);
		c->count = 0;
		return claim_fail(c, SIGNATURE_MALFORMED, "the signature in %s is not %s but %zu characters%s",
				  c->scheme->field ? c->scheme->field : "the body", form, len,
				  len == signature_len(c->scheme, is_public) ? " of another kind" : "");
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

bool claim_read(const struct signature_provider *p, const struct signature_input *in, size_t item, struct claim *c)
{
	struct bytes named;
	memset(c, 0, sizeof *c);
	c->item = item;
	c->scheme = signature_row(p, in, &named);
	if (!c->scheme) {
		c->scheme = p;
		return refuse_settings(c, named);
	}
	return (c->scheme->field ? read_fields(c, in) : read_body(c, in)) && keep_well_formed(c);
}

/* ---- does it hold? ---- */

static bool public_holds(enum signature_algorithm a, const struct secret_key *k, enum signature_form form,
			 struct bytes signature, struct bytes content)
{
	struct buffer raw = { 0 };
	bool read = crypto_decode(form, signature, &raw), holds = false;
	for (size_t i = 0; read && i < k->pairs.count && !holds; i++)
		holds = crypto_verify(a, k->pairs.at[i], content, buffer_view(&raw));
	buffer_free(&raw);
	return holds;
}

/* Libraries compare text: hex in the other case, or base64 with other letters, is refused by the app as well. */
static bool mac_holds(const struct claim *c, const struct secret_key *k, struct bytes content)
{
	struct buffer text = { 0 };
	uint8_t mac[CRYPTO_MAC_MOST];
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
	bool holds = false;
	if (s->secret != SECRET_PUBLIC_KEY && s->algorithm != SIGN_TOKEN && !k->pairs.count)
		return mac_holds(c, k, content);
	for (size_t i = 0; i < c->count && !holds; i++) {
		if (s->algorithm == SIGN_TOKEN)
			holds = signature_equal(buffer_view(&k->mac), c->signatures[i]);
		else if (s->secret == SECRET_PUBLIC_KEY)
			holds = public_holds(s->algorithm, k, s->form, c->signatures[i], content);
		else
			holds =
			    c->is_public[i] && public_holds(SIGN_ED25519, k, FORM_BASE64, c->signatures[i], content);
	}
	return holds;
}
