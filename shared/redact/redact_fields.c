/* Header fields: cookies, credentials, and what a field is called. */
#include "shared/redact/redact_private.h"
#include "shared/text/text_last.h"

#include <ctype.h>
#include <string.h>

#include "shared/http/headers.h"

/* The part before `end`; *left is what follows it; *found: there was an end. */
static struct bytes cut(struct bytes *left, uint8_t end, bool *found)
{
	const uint8_t *at = left->len ? memchr(left->at, end, left->len) : NULL;
	size_t len = at ? (size_t)(at - left->at) : left->len;
	struct bytes part = bytes_make(left->at, len);
	*found = at != NULL;
	len += *found;
	*left = bytes_make(left->at + len, left->len - len);
	return part;
}

/* "name=value" with the value taken out; what has no name is a value. */
static bool put_cookie(struct redaction *r, struct bytes pair, struct buffer *out)
{
	bool named;
	while (pair.len && pair.at[0] == ' ') {
		if (!buffer_put_u8(out, ' '))
			return false;
		pair = bytes_make(pair.at + 1, pair.len - 1);
	}
	struct bytes value = pair, name = cut(&value, '=', &named);
	if (!named) {
		value = name;
		name = bytes_of("");
	}
	if (redact_is_done(value))
		return redact_scan(r, pair, 0, out);
	redact_note(r, REDACT_COOKIE, name, "cookie");
	/* A name may be a token as well. */
	return redact_scan(r, name, 0, out) && (!named || buffer_put_u8(out, '=')) && redact_put(out, value.len);
}

static bool put_cookies(struct redaction *r, struct bytes value, struct buffer *out)
{
	bool more = true;
	while (more) {
		struct bytes pair = cut(&value, ';', &more);
		if (!put_cookie(r, pair, out) || (more && !buffer_put_u8(out, ';')))
			return false;
	}
	return true;
}

/* Of Set-Cookie the first pair is the cookie, the others are about it. */
static bool put_set_cookie(struct redaction *r, struct bytes value, struct buffer *out)
{
	bool more;
	struct bytes pair = cut(&value, ';', &more);
	return put_cookie(r, pair, out) && (!more || (buffer_put_u8(out, ';') && redact_scan(r, value, 0, out)));
}

static bool is_scheme(struct bytes word)
{
	static const char *const schemes[] = { "Basic",     "Bearer",   "Token",     "Digest", "Negotiate",
					       "Hawk",      "OAuth",    "HMAC",      "ApiKey", "JWT",
					       "Signature", "GenieKey", "SharedKey", "PSK",    "SSWS",
					       "Key",       "Api-Key",  "DPoP",      "NTLM",   "AWS4-HMAC-SHA256" };
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (bytes_equal_nocase(word, schemes[i]))
			return true;
	return false;
}

/* "Bearer REDACTEDxxx" */
static bool put_authorization(struct redaction *r, struct bytes name, struct bytes value, enum redact_why why,
			      struct buffer *out)
{
	bool blank;
	struct bytes rest = value, scheme = cut(&rest, ' ', &blank);
	if (!blank || rest.len == 0 || !is_scheme(scheme)) {
		scheme = bytes_of("");
		rest = value;
	}
	if (!redact_is_done(rest))
		redact_note_named(r, REDACT_HEADER, name, why);
	return buffer_append_bytes(out, scheme) && (scheme.len == 0 || buffer_put_u8(out, ' ')) &&
	       (redact_is_done(rest) ? buffer_append_bytes(out, rest) : redact_put(out, rest.len));
}

/* One of several protocols: a JWT, a long random word, or one after its name: "access_token, abc". */
static bool put_protocol(struct redaction *r, struct bytes piece, struct bytes before, struct buffer *out)
{
	size_t was = r->total, start = out->len;
	if (!redact_scan(r, piece, 0, out))
		return false;
	if (r->total > was || memmem(piece.at, piece.len, REDACTED, strlen(REDACTED)))
		return true;
	bool named = before.len && redact_match_name(r->names, WHERE_HEADER, before, bytes_of(NULL)).why != WHY_NOT;
	/* "base64url.bearer.authorization.k8s.io.QmVh…" */
	const uint8_t *dot = text_last(piece, '.');
	size_t keep = named || !dot ? 0 : (size_t)(dot - piece.at) + 1;
	if (!named && !redact_is_random(bytes_make(piece.at + keep, piece.len - keep)))
		return true;
	redact_note(r, REDACT_HEADER, bytes_of("Sec-WebSocket-Protocol"),
		    named ? "after a secret's name" : "random letters");
	out->len = start;
	return buffer_append(out, piece.at, keep) && redact_put(out, piece.len - keep);
}

static bool put_protocols(struct redaction *r, struct bytes value, struct buffer *out)
{
	struct bytes before = bytes_of(NULL);
	for (size_t at = 0; at < value.len;) {
		size_t end = at;
		while (end < value.len && value.at[end] != ',' && value.at[end] != ' ')
			end++;
		struct bytes piece = bytes_make(value.at + at, end - at);
		if (piece.len && !put_protocol(r, piece, before, out))
			return false;
		if (end < value.len && !buffer_put_u8(out, value.at[end]))
			return false;
		before = piece.len ? piece : before;
		at = end + 1;
	}
	return true;
}

static bool is_one_of(struct bytes name, const char *const *list)
{
	for (; *list; list++)
		if (bytes_equal_nocase(name, *list))
			return true;
	return false;
}

static bool is_link(struct bytes value)
{
	return value.len && (value.at[0] == '/' || (value.len > 8 && (memcmp(value.at, "http://", 7) == 0 ||
								      memcmp(value.at, "https://", 8) == 0)));
}

static bool put_field(struct redaction *r, struct bytes name, struct bytes value, struct buffer *out)
{
	static const char *const authorizations[] = { "authorization", "proxy-authorization", NULL };
	struct redact_match m = redact_match_name(r->names, WHERE_HEADER, name, bytes_of(NULL));
	if (m.why != WHY_ASKED && bytes_equal_nocase(name, "cookie"))
		return put_cookies(r, value, out);
	if (m.why != WHY_ASKED && bytes_equal_nocase(name, "set-cookie"))
		return put_set_cookie(r, value, out);
	if (m.why != WHY_NOT && is_one_of(name, authorizations))
		return put_authorization(r, name, value, m.why, out);
	if (m.why != WHY_NOT && redact_is_done(value))
		return buffer_append_bytes(out, value);
	if (m.why != WHY_NOT) {
		redact_note_named(r, REDACT_HEADER, name, m.why);
		return redact_put_value(out, m.why, value);
	}
	if (bytes_equal_nocase(name, "sec-websocket-protocol"))
		return put_protocols(r, value, out);
	return is_link(value) ? redact_link(r, value, out) : r->within->value(r, value, 0, out);
}

bool redact_fields(struct redaction *r, struct bytes block, struct buffer *out)
{
	struct bytes name, value;
	struct buffer put = { 0 }, named = { 0 };
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);) {
		put.len = named.len = 0;
		/* A name may be a token as well, and is a name with what stands for it then. */
		fine = redact_scan(r, name, 0, &named) && put_field(r, name, value, &put) &&
		       headers_append(out, buffer_view(&named), buffer_view(&put));
	}
	buffer_free(&put);
	buffer_free(&named);
	return fine;
}
