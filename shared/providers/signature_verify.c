#include "shared/providers/signature_verify.h"

#include "shared/providers/signature_sender.h"
#include "shared/secrets/crypto.h"
#include "shared/signature/content.h"
#include "shared/signature/signature_judge.h"
#include "shared/signature/signature_tools.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

struct trial {
	const struct signature_provider *p;
	const struct signature_input *in;
	struct claim *c;
	struct bytes content;
	struct signature_result *out;
};

static void say(struct signature_result *out, enum signature_reason reason, const char *before, const char *what)
{
	out->reason = reason;
	snprintf(out->text, sizeof out->text, "%s%s", before, what);
}

/* Tells who asks. Returns whether it holds. */
static bool note(const struct signature_input *in, const char *what, bool holds)
{
	if (in->tried)
		in->tried(in->tried_user, what, holds, NULL);
	return holds;
}

static bool goes_on(const struct signature_input *in)
{
	return !in->stopped || !in->stopped(in->stopped_user);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len && is_blank(b.at[b.len - 1]))
		b.len--;
	while (b.len && is_blank(b.at[0]))
		b = bytes_make(b.at + 1, b.len - 1);
	return b;
}

/* ---- the secret in another form ---- */

enum secret_change {
	CHANGE_TRIM,
	CHANGE_NEWLINE,
	CHANGE_CRLF,
	CHANGE_UNQUOTE,
	CHANGE_VALUE,
	CHANGE_NO_PREFIX,
	CHANGE_PREFIX,
	CHANGE_PLAIN,
	CHANGE_PLAIN_REST,
	CHANGE_FROM_HEX,
	CHANGE_FROM_BASE64,
	CHANGE_FROM_BASE64_TWICE,
	CHANGE_TO_HEX,
	CHANGE_TO_BASE64,
	CHANGE_COUNT,
};

static const char *const change_names[] = {
	[CHANGE_TRIM] = "without the newline or blanks around it",
	[CHANGE_NEWLINE] = "with a newline at its end",
	[CHANGE_CRLF] = "with CR LF at its end",
	[CHANGE_UNQUOTE] = "without the quotes around it",
	[CHANGE_VALUE] = "without the name before it and the punctuation around it",
	[CHANGE_NO_PREFIX] = "without whsec_",
	[CHANGE_PREFIX] = "with whsec_ before it",
	[CHANGE_PLAIN] = "as plain text, not decoded from base64",
	[CHANGE_PLAIN_REST] = "as plain text without whsec_, not decoded from base64",
	[CHANGE_FROM_HEX] = "decoded from hex",
	[CHANGE_FROM_BASE64] = "decoded from base64",
	[CHANGE_FROM_BASE64_TWICE] = "decoded from the base64 that it was written in",
	[CHANGE_TO_HEX] = "encoded in hex",
	[CHANGE_TO_BASE64] = "encoded in base64",
};

/* False: there are none around it. */
static bool unquote(struct bytes *text)
{
	static const char *const pairs[][2] = { { "\"", "\"" },
						{ "'", "'" },
						{ "`", "`" },
						{ "\xe2\x80\x9c", "\xe2\x80\x9d" },
						{ "\xe2\x80\x98", "\xe2\x80\x99" } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		size_t len = strlen(pairs[i][0]);
		if (text->len > 2 * len && memcmp(text->at, pairs[i][0], len) == 0 &&
		    memcmp(text->at + text->len - len, pairs[i][1], len) == 0) {
			*text = bytes_make(text->at + len, text->len - 2 * len);
			return true;
		}
	}
	return false;
}

/* What stands last in a line of JSON, YAML or a shell's: {"secret": "VALUE"}, set -x NAME VALUE; */
static struct bytes value_of(struct bytes text)
{
	size_t from;
	while (text.len && strchr(",;})", text.at[text.len - 1]))
		text.len--;
	for (from = text.len; from > 0 && text.at[from - 1] != ':' && !is_blank(text.at[from - 1]);)
		from--;
	text = bytes_make(text.at + from, text.len - from);
	unquote(&text);
	return text;
}

/* A secret of a known form, in base64 as Kubernetes and CI write their variables. */
static bool decode_twice(struct bytes text, enum signature_form form, struct buffer *out)
{
	struct buffer inner = { 0 };
	bool fine = crypto_decode(FORM_BASE64, text, &inner);
	struct bytes secret = trimmed(buffer_view(&inner));
	if (bytes_begins(secret, "whsec_"))
		secret = bytes_make(secret.at + 6, secret.len - 6);
	fine = fine && secret.len && crypto_decode(form, secret, out);
	if (inner.at)
		OPENSSL_cleanse(inner.at, inner.len);
	buffer_free(&inner);
	return fine;
}

/* The key's bytes with the secret changed so. False: it cannot be. */
static bool change(enum secret_change how, struct bytes secret, enum secret_form kind, struct buffer *out)
{
	bool standard = kind == SECRET_STANDARD || kind == SECRET_BASE64, coded = standard || kind == SECRET_HEX;
	enum signature_form form = kind == SECRET_HEX ? FORM_HEX : FORM_BASE64;
	struct bytes text = trimmed(secret), rest = text;
	bool prefixed = bytes_begins(text, "whsec_");
	if (prefixed)
		rest = bytes_make(text.at + 6, text.len - 6);
	switch (how) {
	case CHANGE_TRIM:
		return text.len != secret.len &&
		       (coded ? crypto_decode(form, rest, out) : buffer_append_bytes(out, text));
	case CHANGE_NEWLINE:
		return !coded && buffer_append_bytes(out, secret) && buffer_put_u8(out, '\n');
	case CHANGE_CRLF:
		return !coded && buffer_append_bytes(out, secret) && buffer_append_text(out, "\r\n");
	case CHANGE_UNQUOTE:
	case CHANGE_VALUE:
		if (how == CHANGE_UNQUOTE && !unquote(&text))
			return false;
		text = how == CHANGE_VALUE ? value_of(text) : text;
		rest = bytes_begins(text, "whsec_") ? bytes_make(text.at + 6, text.len - 6) : text;
		return coded ? crypto_decode(form, rest, out) : buffer_append_bytes(out, text);
	case CHANGE_NO_PREFIX:
		return !coded && prefixed && buffer_append_bytes(out, rest);
	case CHANGE_PREFIX:
		return !coded && !prefixed && buffer_append_text(out, "whsec_") && buffer_append_bytes(out, text);
	case CHANGE_PLAIN:
		return coded && buffer_append_bytes(out, text);
	case CHANGE_PLAIN_REST:
		return kind == SECRET_STANDARD && prefixed && buffer_append_bytes(out, rest);
	case CHANGE_FROM_HEX:
		return kind != SECRET_HEX && crypto_decode(FORM_HEX, rest, out);
	case CHANGE_FROM_BASE64:
		return !standard && crypto_decode(FORM_BASE64, rest, out);
	case CHANGE_FROM_BASE64_TWICE:
		return coded && decode_twice(text, form, out);
	case CHANGE_TO_HEX:
		return crypto_encode(FORM_HEX, text, out);
	case CHANGE_TO_BASE64:
		return crypto_encode(FORM_BASE64, text, out);
	default:
		return false;
	}
}

static bool try_secret(struct trial *t)
{
	const struct signature_provider *s = t->c->scheme;
	if (s->secret == SECRET_PUBLIC_KEY || s->secret == SECRET_HASHED)
		return false;
	for (enum secret_change how = 0; how < CHANGE_COUNT && goes_on(t->in); how++) {
		struct secret_key key = { 0 };
		bool can = change(how, t->in->secret, s->secret, &key.mac) && key.mac.len;
		bool holds = can && note(t->in, change_names[how], claim_holds(t->c, &key, t->content));
		key_free(&key);
		if (holds) {
			say(t->out, SIGNATURE_SECRET, "the secret is in another form: it would match ",
			    change_names[how]);
			return true;
		}
	}
	return false;
}

/* ---- another body, another URL ---- */

static bool holds_for(struct trial *t, const struct signature_input *in, const struct secret_key *key)
{
	struct buffer content = { 0 };
	struct claim c = *t->c; /* its views stay those of the first reading */
	bool holds = content_build(&c, in, &content) && claim_holds(&c, key, buffer_view(&content));
	buffer_free(&content);
	return holds;
}

static bool try_body(struct trial *t, const struct secret_key *key)
{
	struct respelling r;
	int step = 0;
	if (!strstr(t->c->scheme->content, "%B"))
		return false;
	while (goes_on(t->in) && signature_respell(t->in->body, &step, &r)) {
		struct signature_input in = *t->in;
		in.body = buffer_view(&r.body);
		bool holds = note(t->in, r.name, holds_for(t, &in, key));
		buffer_free(&r.body);
		if (holds) {
			say(t->out, SIGNATURE_BODY, "the body was changed on the way: it would match ", r.name);
			return true;
		}
	}
	return false;
}

enum url_change { URL_SLASH, URL_SCHEME, URL_NO_QUERY, URL_PORT, URL_PATH_ONLY, URL_COUNT };

static bool change_url(enum url_change how, struct bytes url, struct buffer *out)
{
	static const char tls[] = "https://", bare[] = "http://";
	const char *text = (const char *)url.at;
	bool is_tls = bytes_begins(url, tls);
	size_t start = is_tls ? strlen(tls) : bytes_begins(url, bare) ? strlen(bare) : 0, end = start, path;
	if (!start)
		return false;
	while (end < url.len && !strchr("/?", text[end]))
		end++;
	for (path = end; path < url.len && text[path] != '?';)
		path++;
	switch (how) {
	case URL_SLASH:
		if (text[path - 1] == '/')
			return buffer_append(out, text, path - 1) && buffer_append(out, text + path, url.len - path);
		return buffer_append(out, text, path) && buffer_put_u8(out, '/') &&
		       buffer_append(out, text + path, url.len - path);
	case URL_SCHEME:
		return buffer_append_text(out, is_tls ? bare : tls) &&
		       buffer_append(out, text + start, url.len - start);
	case URL_NO_QUERY:
		return path < url.len && buffer_append(out, text, path);
	case URL_PORT:
		for (size_t colon = start; colon < end; colon++)
			if (text[colon] == ':')
				return buffer_append(out, text, colon) && buffer_append(out, text + end, url.len - end);
		return false;
	case URL_PATH_ONLY:
		return end < url.len && buffer_append(out, text + end, url.len - end);
	default:
		return false;
	}
}

static bool try_url(struct trial *t, const struct secret_key *key)
{
	static const char *const names[] = { "with or without the slash at its end", "with http for https, or back",
					     "without its query", "without its port", "as a path alone" };
	if (!signature_needs_url(t->c->scheme))
		return false;
	for (enum url_change how = 0; how < URL_COUNT && goes_on(t->in); how++) {
		struct buffer url = { 0 };
		struct signature_input in = *t->in;
		bool holds = false;
		if (change_url(how, t->in->url, &url)) {
			in.url = buffer_view(&url);
			holds = note(t->in, names[how], holds_for(t, &in, key));
		}
		buffer_free(&url);
		if (holds) {
			say(t->out, SIGNATURE_URL, "another URL was signed: it would match ", names[how]);
			return true;
		}
	}
	return false;
}

/* ---- the right signature, written in another way ---- */

static struct bytes raw_mark(struct trial *t)
{
	const struct signature_provider *s = t->c->scheme;
	struct bytes name, v, value = { 0 };
	if (s->layout != LAYOUT_VALUE || !s->field)
		return t->c->signatures[0];
	size_t found = 0;
	for (size_t pos = 0; headers_next(t->in->headers, &pos, &name, &v);)
		if (bytes_equal_nocase(name, s->field) && found++ == 0)
			value = v;
	if (found != 1)
		return bytes_of(NULL);
	value = trimmed(value);
	const char *prefix = s->prefix ? s->prefix : "";
	return bytes_begins(value, prefix) ? bytes_make(value.at + strlen(prefix), value.len - strlen(prefix)) : value;
}

static bool try_form(struct trial *t, const struct secret_key *key)
{
	const struct signature_provider *s = t->c->scheme;
	struct bytes signature = raw_mark(t), content = t->content;
	struct buffer built = { 0 };
	uint8_t mac[CRYPTO_MAC_MOST];
	size_t len;
	if (s->secret == SECRET_PUBLIC_KEY || s->algorithm == SIGN_TOKEN || key->pairs.count || signature.len < 16)
		return false;
	/* It was not built if the claim could not be read. */
	struct claim c = *t->c;
	c.text[0] = 0;
	if (!content.len && (s->unit == TIME_NONE || c.time.len) && content_build(&c, t->in, &built))
		content = buffer_view(&built);
	bool known = crypto_mac(s->algorithm, buffer_view(&key->mac), content, mac, &len);
	for (int form = 0; known && form < 2; form++) { /* hex, base64 of either kind */
		struct buffer raw = { 0 };
		bool read = crypto_decode((enum signature_form)form, signature, &raw) && raw.len >= 8;
		bool same = read && signature_equal(buffer_view(&raw), bytes_make(mac, len));
		bool cut = read && raw.len < len && CRYPTO_memcmp(raw.at, mac, raw.len) == 0;
		buffer_free(&raw);
		if (!same && !cut)
			continue;
		buffer_free(&built);
		say(t->out, SIGNATURE_FORM, "the signature is right but ",
		    cut ? "cut short"
		    : (s->form == FORM_HEX) != (form == FORM_HEX)
			? (form == FORM_HEX ? "written in hex, where base64 belongs"
					    : "written in base64, where hex belongs")
			: "written in another way: with other letters, or without its prefix");
		return true;
	}
	buffer_free(&built);
	return false;
}

/* ---- another provider's ---- */

static bool holds_as(const struct signature_provider *q, const struct signature_input *in)
{
	return signature_check(q, in) == SIGNATURE_VALID;
}

static bool try_providers(const struct signature_provider *p, const struct signature_input *in,
			  struct signature_result *out)
{
	const struct signature_provider *q;
	char text[120];
	for (size_t i = 0; (q = signature_at(i)) && goes_on(in); i++) {
		/* A token is in the clear: whoever has it needs no scheme. */
		if (q == p || !signature_may_be(q, in->headers, in->body) || !note(in, q->name, holds_as(q, in)))
			continue;
		/* Forms that several have are called by whose they are. */
		struct bytes named;
		const struct signature_provider *row = signature_row(q, in, &named);
		const char *name = row && signature_owner(row) != p ? signature_owner(row)->name : q->name;
		snprintf(text, sizeof text, "it is signed as %s does, and valid as such, not as %s", name, p->name);
		say(out, SIGNATURE_PROVIDER, "", text);
		return true;
	}
	return false;
}

static void explain_missing(const struct signature_provider *p, const struct signature_provider *row,
			    const struct signature_input *in, struct signature_result *out)
{
	const struct signature_provider *q;
	struct bytes value;
	char before[200];
	if (try_providers(p, in, out))
		return;
	if ((p->field && headers_find(in->headers, p->field, &value)) ||
	    (row->field && headers_find(in->headers, row->field, &value)))
		return;
	snprintf(before, sizeof before, "%.180s", out->text);
	for (size_t i = 0; (q = signature_at(i)); i++)
		if (q != p && q->field && headers_find(in->headers, q->field, &value) && value.len) {
			char text[120];
			snprintf(text, sizeof text, "; %s is there, which is %s's", q->field, q->name);
			say(out, SIGNATURE_PROVIDER, before, text);
			return;
		}
}

static void explain(const struct signature_provider *p, const struct signature_input *in, struct claim *c,
		    struct bytes content, struct signature_result *out)
{
	struct trial t = { p, in, c, content, out };
	struct secret_key key = { 0 };
	const char *why;
	bool readable = out->reason != SIGNATURE_MALFORMED;
	bool has_key = key_read(c->scheme, in->secret, buffer_view(&c->kid), &key, &why);
	bool found = (has_key && try_form(&t, &key)) || (readable && try_secret(&t)) ||
		     (has_key && readable && (try_url(&t, &key) || try_body(&t, &key)));
	if (!found)
		(void)try_providers(p, in, out);
	key_free(&key);
}

void signature_verify(const struct signature_provider *p, const struct signature_input *in,
		      struct signature_result *out)
{
	struct signature_judgement j;
	signature_judge(p, in, &j);
	*out = j.result;
	if (in->tried)
		in->tried(in->tried_user, "as it is", out->verdict == SIGNATURE_VALID, out->text);
	if (j.doubt == SIGNATURE_DOUBT_FIELD)
		explain_missing(p, j.claim.scheme, in, out);
	else if (j.doubt == SIGNATURE_DOUBT_MATCH)
		explain(p, in, &j.claim, buffer_view(&j.content), out);
	signature_judgement_free(&j);
}
