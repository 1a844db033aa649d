#include "shared/signature/content.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_judge.h"

#include "shared/text/text_distance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *signature_verdict_name(enum signature_verdict v)
{
	static const char *const names[] = { "unknown", "none", "valid", "invalid" };
	return names[v];
}

const char *signature_reason_name(enum signature_reason r)
{
	static const char *const names[] = { "holds",    "missing",   "malformed", "old",      "key",
					     "url",      "secret",    "body",      "provider", "form",
					     "mismatch", "no_memory", "redacted" };
	return names[r];
}

bool signature_needs_url(const struct signature_provider *p)
{
	for (const struct signature_provider *row = p; row; row = row->also ? signature_find_row(row->also) : NULL)
		if (row->token_audience || content_has_url(row->content))
			return true;
	return p && p->keyed && signature_needs_url(signature_find_row(p->keyed));
}

bool signature_kin(const struct signature_provider *a, const struct signature_provider *b)
{
	return a == b || (a->family && b->family && strcmp(a->family, b->family) == 0);
}

void signature_scheme(const struct signature_provider *p, char out[SIGNATURE_SCHEME_SIZE])
{
	static const char *const algorithms[] = {
		[SIGN_SHA256] = "HMAC-SHA256",      [SIGN_SHA1] = "HMAC-SHA1",
		[SIGN_SHA384] = "HMAC-SHA384",      [SIGN_SHA512] = "HMAC-SHA512",
		[SIGN_DIGEST] = "SHA-256",          [SIGN_TOKEN] = "the secret itself",
		[SIGN_ED25519] = "Ed25519",         [SIGN_ECDSA] = "ECDSA P-256",
		[SIGN_ES256] = "ECDSA P-256",       [SIGN_RSA_SHA256] = "RSA with SHA-256",
		[SIGN_RSA_SHA1] = "RSA with SHA-1",
	};
	static const char *const forms[] = {
		[FORM_HEX] = " in hex", [FORM_BASE64] = " in base64", [FORM_BASE64URL] = " in base64url"
	};
	const char *form = p->layout == LAYOUT_JWT ? ", a token" : p->algorithm == SIGN_TOKEN ? "" : forms[p->form];
	const char *where = p->field ? p->field : p->places[0];
	if (p->unchecked)
		*out = '\0';
	else
		snprintf(out, SIGNATURE_SCHEME_SIZE, "%s%s%s%s", algorithms[p->algorithm], form, where ? ", " : "",
			 where ? where : "");
}

bool signature_unknown(const char *name, struct error *e)
{
	const struct signature_provider *nearest = NULL, *p;
	size_t least = text_distance_limit(name);
	for (size_t i = 0; (p = signature_at(i)); i++) {
		size_t distance = text_distance(name, p->name);
		if (distance < least) {
			least = distance;
			nearest = p;
		}
	}
	if (nearest)
		return error_set(e, EXIT_USAGE, "the provider '%.60s' is not known: did you mean %s?", name,
				 nearest->name);
	return error_set(e, EXIT_USAGE,
			 "the provider '%.60s' is not known; `creel trigger --list` names those that are", name);
}

bool signature_secret_fits(const struct signature_provider *p, struct bytes secret, struct error *e)
{
	struct secret_key key;
	const char *why;
	struct bytes named;
	const struct signature_input in = { .secret = secret };
	bool fine = key_read(signature_row(p, &in, &named), secret, bytes_of(NULL), &key, &why);
	key_free(&key);
	/* Forms may differ in the secrets they want. */
	for (const struct signature_provider *row = p; !fine && row->also;) {
		const char *ignored;
		row = signature_find_row(row->also);
		fine = key_read(row, secret, bytes_of(NULL), &key, &ignored);
		key_free(&key);
	}
	return fine || error_set(e, EXIT_USAGE, "the secret does not fit %s: %s", p->name, why);
}

/* ---- one check ---- */

/* Each is found anew in the body. No sender comes near it. */
#define ITEMS_MOST 100

/* Twilio signs the URL with or without the usual port, and so do its libraries check: "https://a:443/b" for
 * "https://a/b", and back. False: there is nothing to be said in another way. */
static bool other_port(struct bytes url, struct buffer *out)
{
	bool tls = url.len > 8 && memcmp(url.at, "https://", 8) == 0;
	size_t start = tls ? 8 : url.len > 7 && memcmp(url.at, "http://", 7) == 0 ? 7 : 0, end = start;
	if (!start)
		return false;
	while (end < url.len && !strchr("/?#", url.at[end]))
		end++;
	const uint8_t *colon = memchr(url.at + start, ':', end - start);
	size_t keep = colon ? (size_t)(colon - url.at) : end;
	return url.at[start] != '[' && buffer_append(out, url.at, keep) &&
	       (colon || buffer_append_text(out, tls ? ":443" : ":80")) &&
	       buffer_append(out, url.at + end, url.len - end);
}

/* HubSpot signs the URL with these decoded, its library takes it as it is. */
static bool decode_some(struct bytes url, struct buffer *out)
{
	static const char codes[] = "3A2F3F4021242728292A2C3B";
	for (size_t i = 0; i < url.len; i++) {
		struct buffer byte = { 0 };
		uint8_t c = url.at[i];
		if (c == '%' && i + 2 < url.len && crypto_decode(FORM_HEX, bytes_make(url.at + i + 1, 2), &byte))
			for (size_t k = 0; codes[k]; k += 2)
				if (strncasecmp(codes + k, (const char *)url.at + i + 1, 2) == 0) {
					c = byte.at[0];
					i += 2;
					break;
				}
		buffer_free(&byte);
		if (!buffer_put_u8(out, c))
			return false;
	}
	return true;
}

static bool holds_with_newline(struct claim *c, const struct signature_input *in, const struct secret_key *k)
{
	struct buffer content = { 0 };
	bool holds = c->scheme->newline_optional && content_build(c, in, &content) && buffer_put_u8(&content, '\n') &&
		     claim_holds(c, k, buffer_view(&content));
	buffer_free(&content);
	return holds;
}

/* Box's library takes both spellings, Meta signs the escaped one. */
static bool holds_escaped(struct claim *c, const struct signature_input *in, const struct secret_key *k)
{
	struct signature_input again = *in;
	struct buffer body = { 0 }, content = { 0 };
	bool holds = false;
	if (c->scheme->escaped_too && signature_respell_escaped(in->body, &body)) {
		again.body = buffer_view(&body);
		holds = content_build(c, &again, &content) && claim_holds(c, k, buffer_view(&content));
	}
	buffer_free(&body);
	buffer_free(&content);
	return holds;
}

static bool holds_with_other_url(struct claim *c, const struct signature_input *in, const struct secret_key *k)
{
	struct signature_input again = *in;
	struct buffer url = { 0 }, content = { 0 };
	bool holds = false;
	bool other = strncmp(c->scheme->name, "twilio", 6) == 0 ? other_port(in->url, &url)
		     : strcmp(c->scheme->name, "hubspot") == 0  ? decode_some(in->url, &url)
								: false;
	if (other) {
		again.url = buffer_view(&url);
		holds = content_build(c, &again, &content) && claim_holds(c, k, buffer_view(&content));
	}
	buffer_free(&url);
	buffer_free(&content);
	return holds;
}

/* By how many seconds LiveKit's library lets the clocks differ. */
#define CLOCKS_DIFFER 10

/* Puts the time's verdict over the signature's, which holds. */
static void judge_age(const struct claim *c, const struct signature_input *in, struct signature_result *out)
{
	const struct signature_provider *s = c->scheme;
	int64_t limit = in->tolerance == SIGNATURE_OWN_TOLERANCE ? s->age : in->tolerance;
	out->verdict = SIGNATURE_VALID;
	out->reason = SIGNATURE_HOLDS;
	snprintf(out->text, sizeof out->text, "the signature holds");
	if (c->has_expiry && in->tolerance != 0 && in->at >= c->expires_s) {
		out->verdict = SIGNATURE_INVALID;
		out->reason = SIGNATURE_OLD;
		snprintf(out->text, sizeof out->text,
			 "the signature holds, but its token's time (exp) ran out %lld s ago",
			 (long long)(in->at - c->expires_s));
	} else if (c->has_begin && in->tolerance != 0 && c->begins_s - in->at > CLOCKS_DIFFER) {
		out->verdict = SIGNATURE_INVALID;
		out->reason = SIGNATURE_OLD;
		snprintf(out->text, sizeof out->text,
			 "the signature holds, but its token's time (nbf) begins in %lld s only",
			 (long long)(c->begins_s - in->at));
	}
	if (!c->has_time)
		return;
	out->has_age = true;
	out->age = in->at - c->time_s;
	bool ahead = out->age < 0;
	int64_t off = ahead ? -out->age : out->age;
	if (out->verdict == SIGNATURE_INVALID || limit <= 0 || off <= limit || (ahead && !s->future))
		return;
	out->verdict = SIGNATURE_INVALID;
	out->reason = SIGNATURE_OLD;
	snprintf(out->text, sizeof out->text,
		 "the signature holds, but its time is %lld s %s, %lld s more than the tolerance of %lld s",
		 (long long)off, ahead ? "in the future" : "old", (long long)(off - limit), (long long)limit);
}

static void refuse(struct signature_result *out, enum signature_reason reason, const char *text)
{
	out->verdict = reason == SIGNATURE_NO_MEMORY ? SIGNATURE_NONE : SIGNATURE_INVALID;
	out->reason = reason;
	snprintf(out->text, sizeof out->text, "%s", text);
}

static void judge_item(const struct signature_provider *p, const struct signature_input *in, size_t item,
		       struct signature_judgement *j)
{
	struct claim *c = &j->claim;
	struct secret_key key = { 0 };
	const char *why;
	char text[200];
	memset(j, 0, sizeof *j);
	bool read = claim_read(p, in, item, c);
	bool fits = key_read(c->scheme, in->secret, buffer_view(&c->kid), &key, &why);
	bool built = read && content_build(c, in, &j->content);
	if (!fits) {
		snprintf(text, sizeof text, "the secret does not fit %s: %s", p->name, why);
		refuse(&j->result, SIGNATURE_KEY, text);
		j->doubt = built ? SIGNATURE_DOUBT_MATCH : SIGNATURE_NO_DOUBT;
	} else if (built && (claim_holds(c, &key, buffer_view(&j->content)) || holds_with_other_url(c, in, &key) ||
			     holds_with_newline(c, in, &key) || holds_escaped(c, in, &key))) {
		judge_age(c, in, &j->result);
	} else if (c->text[0]) {
		refuse(&j->result, c->reason, c->text);
		if (c->reason == SIGNATURE_MISSING)
			j->doubt = SIGNATURE_DOUBT_FIELD;
		else if (c->reason == SIGNATURE_MALFORMED && c->count == 0) /* the signature itself is */
			j->doubt = SIGNATURE_DOUBT_MATCH;
	} else {
		refuse(&j->result, SIGNATURE_MISMATCH,
		       key.pairs.lacks_kid
			   ? "it does not match: the key that its token names is not in the set of keys"
			   : "it does not match: the secret is another one, or the body was changed on the way");
		j->doubt = SIGNATURE_DOUBT_MATCH;
	}
	key_free(&key);
}

void signature_judgement_free(struct signature_judgement *j)
{
	buffer_free(&j->content);
	claim_free(&j->claim);
}

/* Of a list in the body each member has to hold. */
void signature_judge(const struct signature_provider *p, const struct signature_input *in,
		     struct signature_judgement *out)
{
	struct bytes named;
	const struct signature_provider *row = signature_row(p, in, &named);
	size_t count = row && row->each && !row->field ? place_count(row->each, in->body) : 1, item = 0;
	if (count > ITEMS_MOST) {
		memset(out, 0, sizeof *out);
		refuse(&out->result, SIGNATURE_NO_MEMORY, "the body has too many signed members");
		return;
	}
	judge_item(p, in, item, out);
	while (out->result.verdict == SIGNATURE_VALID && ++item < count) {
		signature_judgement_free(out);
		judge_item(p, in, item, out);
	}
}

enum signature_verdict signature_check(const struct signature_provider *p, const struct signature_input *in)
{
	struct signature_judgement j;
	signature_judge(p, in, &j);
	signature_judgement_free(&j);
	return j.result.verdict;
}
