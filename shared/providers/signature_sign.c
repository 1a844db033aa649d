/* The fields a provider would send. Ids are kept, so that a receiver knows a delivery that it has seen. */
#include "shared/providers/signature_sign.h"

#include "shared/signature/content.h"
#include "shared/signature/jwt.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_tools.h"

#include "shared/base/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

void signature_sign_free(struct signature_sign_out *out)
{
	buffer_free(&out->headers);
	buffer_free(&out->body);
}

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static void time_text(const struct signature_provider *s, int64_t at, char out[40])
{
	struct tm t = { 0 };
	time_t seconds = (time_t)at;
	if ((s->unit == TIME_RFC3339 || s->unit == TIME_TEXT_DATE) && gmtime_r(&seconds, &t))
		strftime(out, 40, "%Y-%m-%dT%H:%M:%SZ", &t);
	else
		snprintf(out, 40, "%lld", (long long)at * (s->unit == TIME_MILLISECONDS ? 1000 : 1));
}

/* "msg_" and 24 hex digits; a bare number of them for others than Standard Webhooks. */
static bool make_id(const struct signature_provider *s, char out[72])
{
	uint8_t random[25];
	struct buffer hex = { 0 };
	size_t len = s->id_place ? 25 : 12;
	bool fine = RAND_bytes(random, (int)len) == 1 && crypto_encode(FORM_HEX, bytes_make(random, len), &hex);
	if (fine)
		snprintf(out, 72, "%s%.*s", s->secret == SECRET_STANDARD ? "msg_" : "", (int)hex.len,
			 (const char *)hex.at);
	buffer_free(&hex);
	return fine;
}

/* ---- what stands in the body ---- */

/* Puts a value into the body that is to go out. */
static bool put_in_body(const struct signature_provider *s, const struct claim *c, struct signature_input *use,
			const char *place, struct bytes value, struct signature_sign_out *out, struct error *e)
{
	struct buffer body = { 0 };
	if (!place_write(place, use, c->item, value, &body)) {
		buffer_free(&body);
		return error_set(e, EXIT_USAGE, "%s signs inside of the body: this body has no %s to be set", s->name,
				 strchr(place, ':') ? strchr(place, ':') + 1 : place);
	}
	buffer_free(&out->body);
	out->body = body;
	out->has_body = true;
	use->body = buffer_view(&out->body);
	return true;
}

/* Linear: its limit is on a time in the body, so the body changes. Mailgun: so does its token. */
static bool renew_body(const struct signature_provider *s, const struct claim *c, struct signature_input *use,
		       struct signature_sign_out *out, struct error *e)
{
	return (!s->time_place || put_in_body(s, c, use, s->time_place, c->time, out, e)) &&
	       (!s->id_place || put_in_body(s, c, use, s->id_place, c->id, out, e));
}

/* ---- fields ---- */

static bool put(struct signature_sign_out *out, const char *name, const char *before, struct bytes value)
{
	return buffer_printf(&out->headers, "%s: %s", name, before) && buffer_append_bytes(&out->headers, value) &&
	       buffer_append_text(&out->headers, "\r\n");
}

/* What stands in the field before the signature. */
static bool write_before(const struct signature_provider *s, const struct claim *c, bool is_public, struct buffer *out)
{
	char separator = s->separator ? s->separator : ',';
	bool fine = true;
	if (s->layout == LAYOUT_LIST)
		return buffer_append_bytes(out, c->time) && buffer_put_u8(out, ',');
	if (s->layout == LAYOUT_PAIRS) {
		if (s->time_key)
			fine = buffer_printf(out, "%s=", s->time_key) && buffer_append_bytes(out, c->time) &&
			       buffer_put_u8(out, (uint8_t)separator);
		if (fine && s->names_key)
			fine = buffer_printf(out, "%s=", s->names_key) && buffer_append_bytes(out, c->names) &&
			       buffer_put_u8(out, (uint8_t)separator);
		return fine && buffer_printf(out, "%s=", s->prefix);
	}
	fine = !s->prefix || buffer_append_text(out, is_public ? "v1a," : s->prefix);
	if (s->layout == LAYOUT_JWT)
		fine = fine && buffer_append_bytes(out, c->token) && buffer_put_u8(out, '.');
	return fine;
}

/* The field by which this form is told from another, such as its version. */
static bool put_mark(const struct signature_provider *s, struct signature_sign_out *out)
{
	static const char kind[] = "field:";
	const char *equals = s->when ? strpbrk(s->when, "=~") : NULL;
	char name[80];
	if (!equals || *equals == '~' || strncmp(s->when, kind, sizeof kind - 1) != 0)
		return true;
	snprintf(name, sizeof name, "%.*s", (int)(equals - (s->when + sizeof kind - 1)), s->when + sizeof kind - 1);
	return put(out, name, "", bytes_of(equals + 1));
}

static bool put_fields(const struct signature_provider *s, const struct claim *c, bool is_public,
		       struct bytes signature, struct signature_sign_out *out)
{
	struct buffer before = { 0 };
	bool fine = put_mark(s, out) && (!s->id_field || put(out, s->id_field, "", c->id)) &&
		    (!s->time_field || put(out, s->time_field, "", c->time)) &&
		    (!s->names_field || put(out, s->names_field, "", c->names)) &&
		    write_before(s, c, is_public, &before) && buffer_put_u8(&before, 0) &&
		    put(out, s->field, (const char *)before.at, signature);
	buffer_free(&before);
	return fine;
}

/* Braintree names the public key beside its signature: the line before the private one, else that of the body that is
 * signed again. */
static bool sign_in_body(const struct signature_provider *s, const struct claim *c, struct signature_input *use,
			 struct bytes signature, struct signature_sign_out *out, struct error *e)
{
	struct buffer value = { 0 }, old = { 0 };
	bool fine = true;
	struct bytes named = key_first_line(s, use->secret);
	if (s->layout == LAYOUT_PAIRS && !named.len && place_read(s->places[0], use, c->item, &old))
		named = bytes_until(buffer_view(&old), s->assign);
	if (named.len)
		fine = buffer_append_bytes(&value, named) && buffer_put_u8(&value, (uint8_t)s->assign);
	fine = fine && buffer_append_bytes(&value, signature)
		   ? put_in_body(s, c, use, s->places[0], buffer_view(&value), out, e)
		   : no_memory(e);
	buffer_free(&value);
	buffer_free(&old);
	return fine;
}

static bool make_signature(const struct signature_provider *s, const struct secret_key *key, struct bytes content,
			   struct buffer *signature)
{
	uint8_t mac[CRYPTO_MAC_MOST];
	size_t len = 0;
	struct buffer raw = { 0 };
	bool fine;
	if (s->algorithm == SIGN_TOKEN)
		return buffer_append_bytes(signature, buffer_view(&key->mac));
	if (key->pairs.count)
		fine = crypto_sign(s->secret == SECRET_PUBLIC_KEY ? s->algorithm : SIGN_ED25519, key->pairs.at[0],
				   content, &raw);
	else
		fine = crypto_mac(s->algorithm, buffer_view(&key->mac), content, mac, &len) &&
		       buffer_append(&raw, mac, len);
	fine =
	    fine && crypto_encode(s->secret == SECRET_STANDARD ? FORM_BASE64 : s->form, buffer_view(&raw), signature);
	buffer_free(&raw);
	return fine;
}

/* The names of the fields that are signed: as they came, or Content-Type and those that the scheme itself sets. */
static bool find_names(const struct signature_provider *s, const struct signature_input *in, struct buffer *out)
{
	struct bytes value, pair, rest;
	if (s->names_field && headers_find(in->headers, s->names_field, &value) && value.len)
		return buffer_append_bytes(out, value);
	if (s->names_key && headers_find(in->headers, s->field, &rest))
		for (size_t pos = 0, len = strlen(s->names_key); headers_next_member(rest, &pos, &pair);)
			if (pair.len > len && memcmp(pair.at, s->names_key, len) == 0 && pair.at[len] == '=')
				return buffer_append(out, pair.at + len + 1, pair.len - len - 1);
	bool fine = true;
	if (headers_find(in->headers, "Content-Type", &value))
		fine = buffer_append_text(out, s->names_field ? "content-type," : "content-type");
	return fine && (!s->names_field || buffer_printf(out, "%s,%s", s->names_field, s->time_field));
}

/* Without those that are set. */
static bool append_others(const struct signature_provider *s, struct bytes headers, struct buffer *out)
{
	struct bytes name, value;
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(headers, &pos, &name, &value);)
		if (!(s->names_field && bytes_equal_nocase(name, s->names_field)) &&
		    !(s->time_field && bytes_equal_nocase(name, s->time_field)))
			fine = headers_append(out, name, value);
	return fine;
}

/* Fields that are signed by name count as they will be sent. */
static bool set_signed_fields(const struct signature_provider *s, const struct signature_input *in, struct claim *c,
			      struct buffer *names, struct buffer *headers)
{
	if (!find_names(s, in, names))
		return false;
	c->names = buffer_view(names);
	return (!s->names_field || headers_append(headers, bytes_of(s->names_field), c->names)) &&
	       (!s->time_field || headers_append(headers, bytes_of(s->time_field), c->time)) &&
	       append_others(s, in->headers, headers);
}

static bool sign_item(const struct signature_provider *s, struct signature_input *use, size_t item,
		      const struct secret_key *key, struct signature_sign_out *out, struct error *e)
{
	char now[40], id[72] = "";
	struct claim c = { .scheme = s, .item = item };
	struct buffer content = { 0 }, signature = { 0 }, token = { 0 }, names = { 0 }, headers = { 0 };
	struct bytes came = use->headers;
	bool fine = true;
	time_text(s, use->at, now);
	c.time = bytes_of(now);
	if ((s->id_field || s->id_place) &&
	    !(s->id_field && headers_find(use->headers, s->id_field, &c.id) && c.id.len)) {
		if (!make_id(s, id))
			return error_set(e, EXIT_STORE, "the system gave no random bytes");
		c.id = bytes_of(id);
	}
	if (!renew_body(s, &c, use, out, e))
		return false;
	if (s->names_key || s->names_field) {
		fine = set_signed_fields(s, use, &c, &names, &headers);
		use->headers = buffer_view(&headers);
	}
	if (s->layout == LAYOUT_JWT) {
		fine = fine && jwt_begin(&c, use, &token);
		c.token = buffer_view(&token);
	}
	fine = fine && content_fill(&c, use, s->content, &content);
	if (!fine)
		error_set(e, EXIT_USAGE, "%s%s", *c.text ? c.text : "out of memory",
			  c.reason == SIGNATURE_URL && !use->url.len ? ": name it with --url" : "");
	else if (!make_signature(s, key, buffer_view(&content), &signature))
		fine = error_set(e, EXIT_USAGE, "OpenSSL could not sign with this secret");
	else if (!s->field)
		fine = sign_in_body(s, &c, use, buffer_view(&signature), out, e);
	else
		fine =
		    put_fields(s, &c, s->secret == SECRET_STANDARD && key->pairs.count, buffer_view(&signature), out) ||
		    no_memory(e);
	buffer_free(&content);
	buffer_free(&signature);
	buffer_free(&token);
	buffer_free(&names);
	buffer_free(&headers);
	use->headers = came;
	claim_free(&c);
	return fine;
}

static bool sign(const struct signature_provider *s, const struct signature_input *in, const struct secret_key *key,
		 struct signature_sign_out *out, struct error *e)
{
	struct signature_input use = *in;
	if (out->has_body)
		use.body = buffer_view(&out->body);
	size_t count = s->each ? place_count(s->each, use.body) : 1, item = 0;
	bool fine = true;
	do
		fine = sign_item(s, &use, item, key, out, e);
	while (fine && ++item < count);
	return fine;
}

/* Other forms that this one is sent with: all of them where none is there yet, else those that are. */
static bool sign_beside(const struct signature_provider *s, const struct signature_input *in,
			const struct secret_key *key, struct signature_sign_out *out, struct error *e)
{
	bool fresh = !signature_row_carried(s, in), fine = true;
	for (const char *name = s->beside; fine && name;) {
		const struct signature_provider *other = signature_find_row(name);
		if (fresh || signature_row_carried(other, in))
			fine = sign(other, in, key, out, e);
		name = other->beside;
	}
	return fine;
}

bool signature_sign(const struct signature_provider *p, const struct signature_input *in,
		    struct signature_sign_out *out, struct error *e)
{
	struct secret_key key = { 0 };
	const char *why;
	struct bytes named;
	memset(out, 0, sizeof *out);
	/* What came in another spelling goes back in it: a receiver may know only that. */
	const struct signature_provider *s = signature_row(p, in, &named);
	if (!s)
		return error_set(e, EXIT_USAGE, "the header %s names no algorithm that is known", p->settings_field);
	if (s->algorithm == SIGN_TOKEN && signature_row_is_signing_key(in->secret))
		return error_set(e, EXIT_USAGE,
				 "the secret is a key that signs, and %s sends its secret as it is: it is not sent",
				 p->name);
	bool fine = key_read_private(s, in->secret, &key, &why)
			? sign(s, in, &key, out, e) && sign_beside(s, in, &key, out, e)
			: error_set(e, EXIT_USAGE, "the secret does not fit %s to sign with: %s", p->name, why);
	key_free(&key);
	return fine;
}
