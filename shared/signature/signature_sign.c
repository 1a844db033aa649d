/* The fields a provider would send. Ids are kept, so that a receiver knows a delivery that it has seen. */
#include "shared/signature/content.h"
#include "shared/signature/crypto.h"
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
	bool dated = s->unit == TIME_RFC3339 || strcmp(s->name, "zendesk") == 0;
	if (dated && gmtime_r(&seconds, &t))
		strftime(out, 40, "%Y-%m-%dT%H:%M:%SZ", &t);
	else
		snprintf(out, 40, "%lld", (long long)at * (s->unit == TIME_MILLISECONDS ? 1000 : 1));
}

/* "msg_" and 24 hex digits; a bare number of them for others than Standard Webhooks. */
static bool make_id(const struct signature_provider *s, char out[72])
{
	uint8_t random[25];
	struct buffer hex = { 0 };
	size_t len = s->layout == LAYOUT_BODY ? 25 : 12;
	bool fine = RAND_bytes(random, (int)len) == 1 && crypto_encode(FORM_HEX, bytes_make(random, len), &hex);
	if (fine)
		snprintf(out, 72, "%s%.*s", s->secret == SECRET_STANDARD ? "msg_" : "", (int)hex.len,
			 (const char *)hex.at);
	buffer_free(&hex);
	return fine;
}

/* ---- times in bodies ---- */

static bool replace_lexeme(struct bytes body, struct bytes lexeme, const char *by, struct buffer *out)
{
	size_t at = (size_t)(lexeme.at - body.at);
	return buffer_append(out, body.at, at) && buffer_append_text(out, by) &&
	       buffer_append(out, lexeme.at + lexeme.len, body.len - at - lexeme.len);
}

/* Linear: its limit is on a time in the body, so the body changes. */
static bool renew_body(const struct signature_provider *s, const struct signature_input *in, const char *now,
		       struct signature_sign_out *out, struct error *e)
{
	struct buffer old = { 0 };
	struct bytes lexeme;
	bool fine;
	if (signature_json_value(in->body, s->body_time, &old, &lexeme)) {
		fine = replace_lexeme(in->body, lexeme, now, &out->body) || no_memory(e);
		out->has_body = true;
	} else {
		fine = error_set(e, EXIT_USAGE, "%s signs the %s of a JSON body, and this body has none", s->name,
				 s->body_time);
	}
	buffer_free(&old);
	return fine;
}

/* ---- Mailgun ---- */

static bool sign_mailgun(const struct signature_input *in, const char *time, const char *token, struct bytes signature,
			 struct signature_sign_out *out, struct error *e)
{
	static const char *const paths[] = { "signature.timestamp", "signature.token", "signature.signature" };
	struct buffer body = { 0 }, value = { 0 };
	struct bytes lexeme;
	char text[3][80];
	bool fine = buffer_append_bytes(&body, in->body);
	snprintf(text[0], sizeof text[0], "\"%s\"", time);
	snprintf(text[1], sizeof text[1], "\"%s\"", token);
	snprintf(text[2], sizeof text[2], "\"%.*s\"", (int)signature.len, (const char *)signature.at);
	for (int i = 0; fine && i < 3; i++) {
		value.len = 0;
		out->body.len = 0;
		fine = signature_json_value(buffer_view(&body), paths[i], &value, &lexeme) &&
		       replace_lexeme(buffer_view(&body), lexeme, text[i], &out->body);
		body.len = 0;
		fine = fine && buffer_append_bytes(&body, buffer_view(&out->body));
	}
	out->has_body = true;
	buffer_free(&body);
	buffer_free(&value);
	return fine || error_set(e, EXIT_USAGE,
				 "mailgun signs inside of the body: a JSON body with a signature object "
				 "of timestamp, token and signature is needed");
}

/* ---- fields ---- */

static bool put(struct signature_sign_out *out, const char *name, const char *before, struct bytes value)
{
	return buffer_printf(&out->headers, "%s: %s", name, before) && buffer_append_bytes(&out->headers, value) &&
	       buffer_append_text(&out->headers, "\r\n");
}

static bool put_fields(const struct signature_provider *s, const struct claim *c, bool is_public,
		       struct bytes signature, struct signature_sign_out *out)
{
	char before[80] = "";
	if (s->layout == LAYOUT_PAIRS && s->time_key)
		snprintf(before, sizeof before, "%s=%.*s%c%s=", s->time_key, (int)c->time.len, (const char *)c->time.at,
			 s->separator, s->prefix);
	else if (s->layout == LAYOUT_PAIRS)
		snprintf(before, sizeof before, "%s=", s->prefix);
	else if (s->prefix)
		snprintf(before, sizeof before, "%s", is_public ? "v1a," : s->prefix);
	return (!s->id_field || put(out, s->id_field, "", c->id)) &&
	       (!s->time_field || put(out, s->time_field, "", c->time)) && put(out, s->field, before, signature);
}

static bool make_signature(const struct signature_provider *s, const struct secret_key *key, struct bytes content,
			   struct buffer *signature)
{
	uint8_t mac[32];
	size_t len = 0;
	struct buffer raw = { 0 };
	bool fine;
	if (s->algorithm == SIGN_TOKEN)
		return buffer_append_bytes(signature, buffer_view(&key->mac));
	if (key->public)
		fine = crypto_sign(s->algorithm == SIGN_ECDSA ? SIGN_ECDSA : SIGN_ED25519, key->public, content, &raw);
	else
		fine = crypto_mac(s->algorithm, buffer_view(&key->mac), content, mac, &len) &&
		       buffer_append(&raw, mac, len);
	fine =
	    fine && crypto_encode(s->secret == SECRET_STANDARD ? FORM_BASE64 : s->form, buffer_view(&raw), signature);
	buffer_free(&raw);
	return fine;
}

static bool sign(const struct signature_provider *s, const struct signature_input *in, const struct secret_key *key,
		 struct signature_sign_out *out, struct error *e)
{
	char now[40], id[72] = "";
	struct claim c = { .scheme = s };
	struct signature_input use = *in;
	struct buffer content = { 0 }, signature = { 0 };
	time_text(s, in->at, now);
	c.time = bytes_of(now);
	if (s->body_time && !renew_body(s, in, now, out, e))
		return false;
	if (out->has_body)
		use.body = buffer_view(&out->body);
	bool wants_id = s->id_field || s->layout == LAYOUT_BODY;
	if (wants_id && !(s->id_field && headers_find(in->headers, s->id_field, &c.id) && c.id.len)) {
		if (!make_id(s, id))
			return error_set(e, EXIT_STORE, "the system gave no random bytes");
		c.id = bytes_of(id);
	}
	bool fine = content_build(&c, &use, &content);
	if (!fine)
		error_set(e, EXIT_USAGE, "%s%s", c.text,
			  c.reason == SIGNATURE_URL && !in->url.len ? ": name it with --url" : "");
	else if (!make_signature(s, key, buffer_view(&content), &signature))
		fine = error_set(e, EXIT_USAGE, "OpenSSL could not sign with this secret");
	else if (s->layout == LAYOUT_BODY)
		fine = sign_mailgun(in, now, id, buffer_view(&signature), out, e);
	else
		fine = put_fields(s, &c, key->public != NULL, buffer_view(&signature), out) || no_memory(e);
	buffer_free(&content);
	buffer_free(&signature);
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
	const struct signature_provider *s = signature_row(p, in->headers, in->secret, &named);
	if (!s)
		return error_set(e, EXIT_USAGE, "the header %s names no algorithm that is known", p->settings_field);
	bool fine = key_read_private(s, in->secret, &key, &why)
			? sign(s, in, &key, out, e)
			: error_set(e, EXIT_USAGE, "the secret does not fit %s to sign with: %s", p->name, why);
	key_free(&key);
	return fine;
}
