/* URLs: user and password, segments of a path, the parameters of query and fragment; and forms, which are written in
 * the same way. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>

#include "shared/http/form.h"

/* What stood in `out` goes. */
static bool unescape(struct bytes in, struct buffer *out)
{
	out->len = 0;
	return form_decode(in, out);
}

static bool escape(struct bytes in, bool form, struct buffer *out)
{
	bool fine = true;
	for (size_t i = 0; fine && i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c < 0x80 && (isalnum(c) || (c && strchr("-._~*", c))))
			fine = buffer_put_u8(out, c);
		else if (c == ' ' && form)
			fine = buffer_put_u8(out, '+');
		else
			fine = buffer_printf(out, "%%%02X", c);
	}
	return fine;
}

/* A URL within a URL within one is escaped twice. */
static bool is_escaped(struct bytes b)
{
	for (size_t i = 0; i + 2 < b.len; i++)
		if (b.at[i] == '%' && isxdigit(b.at[i + 1]) && isxdigit(b.at[i + 2]))
			return true;
	return false;
}

/* A value whose name says nothing of a secret may hold one. */
static bool put_inner(struct redaction *r, enum redact_where where, struct bytes raw, unsigned depth,
		      struct buffer *scratch, struct buffer *out)
{
	struct buffer inner = { 0 };
	size_t before = r->total;
	bool fine = unescape(raw, scratch) && r->within->value(r, buffer_view(scratch), depth + 1, &inner);
	if (fine && r->total == before && is_escaped(buffer_view(scratch))) {
		struct buffer own = { 0 };
		inner.len = 0;
		fine = put_inner(r, WHERE_QUERY, buffer_view(scratch), depth + 1, &own, &inner);
		buffer_free(&own);
	}
	if (fine && r->total == before)
		fine = buffer_append_bytes(out, raw);
	else
		fine = fine && escape(buffer_view(&inner), where == WHERE_FORM, out);
	buffer_free(&inner);
	return fine;
}

/* "&amp;" as it stands in HTML. */
static struct bytes without_amp(struct bytes name)
{
	return name.len > 4 && memcmp(name.at, "amp;", 4) == 0 ? bytes_make(name.at + 4, name.len - 4) : name;
}

/* "user[password]" and "user.password" are named by their last segment, too. */
static struct redact_match match_segments(struct redaction *r, enum redact_where where, struct bytes name,
					  struct bytes value, enum redact_beside beside)
{
	struct redact_match m = redact_match_value(r->names, where, name, bytes_of(NULL), value, beside);
	size_t end = name.len;
	while (end && (name.at[end - 1] == ']' || name.at[end - 1] == '['))
		end--;
	size_t start = end;
	while (start && name.at[start - 1] != '[' && name.at[start - 1] != '.')
		start--;
	if (m.why == WHY_NOT && (start || end < name.len))
		m = redact_match_value(r->names, where, bytes_make(name.at + start, end - start), bytes_of(NULL), value,
				       beside);
	return m;
}

static bool put_pair(struct redaction *r, enum redact_where where, struct bytes pair, enum redact_beside beside,
		     unsigned depth, struct buffer *scratch, struct buffer *out)
{
	const uint8_t *equals = pair.len ? memchr(pair.at, '=', pair.len) : NULL;
	if (!equals)
		return put_inner(r, where, pair, depth, scratch, out);
	struct bytes raw = bytes_make(pair.at, (size_t)(equals - pair.at));
	struct bytes value = bytes_make(equals + 1, pair.len - raw.len - 1);
	if (!unescape(without_amp(raw), scratch))
		return false;
	struct bytes name = buffer_view(scratch);
	struct redact_match m = match_segments(r, where, name, value, beside);
	if (m.why != WHY_NOT && !redact_is_done(value)) {
		redact_note_named(r, where == WHERE_FORM ? REDACT_FORM : REDACT_QUERY, name, m.why);
		struct buffer own = { 0 };
		bool fine =
		    put_inner(r, where, raw, depth, &own, out) && buffer_put_u8(out, '=') && redact_put(out, value.len);
		buffer_free(&own);
		return fine;
	}
	/* A name may be a token as well. */
	return put_inner(r, where, raw, depth, scratch, out) && buffer_put_u8(out, '=') &&
	       (m.why != WHY_NOT ? buffer_append_bytes(out, value) : put_inner(r, where, value, depth, scratch, out));
}

/* What of OAuth is among the pairs. */
static enum redact_beside beside_of(struct bytes pairs)
{
	enum redact_beside most = BESIDE_NOTHING;
	for (size_t at = 0; at < pairs.len;) {
		size_t end = at, name = at;
		while (end < pairs.len && pairs.at[end] != '&')
			end++;
		while (name < end && pairs.at[name] != '=')
			name++;
		enum redact_beside one = redact_beside_of(bytes_make(pairs.at + at, name - at));
		most = one > most ? one : most;
		at = end + 1;
	}
	return most;
}

bool redact_pairs(struct redaction *r, enum redact_where where, struct bytes pairs, unsigned depth, struct buffer *out)
{
	struct buffer scratch = { 0 };
	enum redact_beside beside = beside_of(pairs);
	bool fine = true;
	for (size_t at = 0; fine && pairs.len && at <= pairs.len;) {
		size_t end = at;
		while (end < pairs.len && pairs.at[end] != '&')
			end++;
		fine = put_pair(r, where, bytes_make(pairs.at + at, end - at), beside, depth, &scratch, out) &&
		       (end == pairs.len || buffer_put_u8(out, '&'));
		at = end + 1;
	}
	buffer_free(&scratch);
	return fine;
}

/* ---- paths ---- */

static bool has_digit(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (isdigit(b.at[i]))
			return true;
	return false;
}

static bool put_segment(struct redaction *r, struct bytes before, struct bytes segment, unsigned depth,
			struct buffer *out)
{
	bool named = before.len && segment.len >= 8 && has_digit(segment) &&
		     redact_match_name(NULL, WHERE_QUERY, before, bytes_of(NULL)).why == WHY_NAME;
	if (!redact_is_done(segment) && (named || redact_is_random(segment))) {
		redact_note(r, REDACT_PATH, bytes_of(NULL), named ? "after a secret's name" : "random letters");
		return redact_put(out, segment.len);
	}
	if (!is_escaped(segment))
		return redact_scan(r, segment, depth + 1, out);
	struct buffer scratch = { 0 };
	bool fine = put_inner(r, WHERE_QUERY, segment, depth, &scratch, out);
	buffer_free(&scratch);
	return fine;
}

static bool put_path(struct redaction *r, struct bytes path, bool paths, unsigned depth, struct buffer *out)
{
	struct buffer whole = { 0 };
	/* First those that are known by more than a segment. */
	bool fine = redact_scan(r, path, depth + 1, &whole);
	struct bytes before = bytes_of(NULL);
	if (fine && !paths)
		fine = buffer_append_bytes(out, buffer_view(&whole));
	for (size_t at = 0; paths && fine && whole.len && at <= whole.len;) {
		size_t end = at;
		while (end < whole.len && whole.at[end] != '/')
			end++;
		struct bytes segment = bytes_make(whole.at + at, end - at);
		fine = put_segment(r, before, segment, depth, out) && (end == whole.len || buffer_put_u8(out, '/'));
		before = segment;
		at = end + 1;
	}
	buffer_free(&whole);
	return fine;
}

/* Path, query and fragment. */
static bool put_target(struct redaction *r, struct bytes target, bool paths, unsigned depth, struct buffer *out)
{
	size_t at = 0;
	while (at < target.len && target.at[at] != '?' && target.at[at] != '#')
		at++;
	if (!put_path(r, bytes_make(target.at, at), paths, depth, out))
		return false;
	while (at < target.len) {
		size_t end = at + 1;
		while (end < target.len && target.at[end] != '#')
			end++;
		if (!buffer_put_u8(out, target.at[at]) ||
		    !redact_pairs(r, WHERE_QUERY, bytes_make(target.at + at + 1, end - at - 1), depth, out))
			return false;
		at = end;
	}
	return true;
}

/* "user:password@" */
bool redact_user(struct redaction *r, struct bytes user, struct buffer *out)
{
	const uint8_t *colon = user.len ? memchr(user.at, ':', user.len) : NULL;
	struct bytes name = colon ? bytes_make(user.at, (size_t)(colon - user.at)) : user;
	struct bytes password = colon ? bytes_make(colon + 1, user.len - name.len - 1) : bytes_of("");
	if (redact_is_done(name) && redact_is_done(password))
		return buffer_append_bytes(out, user);
	redact_note(r, REDACT_USER, bytes_of(NULL), "user of a URL");
	return (name.len == 0 || redact_put(out, 0)) && (!colon || buffer_put_u8(out, ':')) &&
	       (password.len == 0 || redact_put(out, password.len));
}

/* "me:p#ss@host": a password that nobody escaped, as what follows the colon is not a port. The place after its '@', or
 * 0. */
static size_t behind_odd_password(struct bytes rest)
{
	size_t colon = 0, i;
	while (colon < rest.len && colon < 64 && isalnum(rest.at[colon]))
		colon++;
	if (colon == 0 || colon >= rest.len || rest.at[colon] != ':')
		return 0;
	for (i = colon + 1; i < rest.len && isdigit(rest.at[i]);)
		i++;
	if (i >= rest.len || strchr("/?#", rest.at[i] ? rest.at[i] : ' ') || rest.at[i] == '{')
		return 0;
	for (; i < rest.len && i < 256; i++)
		if (rest.at[i] == '@')
			return i + 1;
	return 0;
}

bool redact_behind_scheme(struct redaction *r, struct bytes rest, bool paths, unsigned depth, struct buffer *out)
{
	size_t host = 0;
	for (size_t i = 0; i < rest.len && rest.at[i] != '/' && rest.at[i] != '?' && rest.at[i] != '#'; i++)
		if (rest.at[i] == '@')
			host = i + 1;
	if (!host)
		host = behind_odd_password(rest);
	if (host && (!(host == 1 || redact_user(r, bytes_make(rest.at, host - 1), out)) || !buffer_put_u8(out, '@')))
		return false;
	/* Host and path are looked at as one: some hooks are known by both. */
	return put_target(r, bytes_make(rest.at + host, rest.len - host), paths, depth, out);
}

bool redact_link(struct redaction *r, struct bytes url, struct buffer *out)
{
	size_t colon = 0;
	while (colon < url.len && url.at[colon] < 0x80 &&
	       (isalnum(url.at[colon]) || strchr("+-.", url.at[colon] ? url.at[colon] : ' ')))
		colon++;
	bool whole = colon > 0 && url.len - colon > 3 && memcmp(url.at + colon, "://", 3) == 0;
	if (!whole)
		return put_target(r, url, true, 0, out);
	return buffer_append(out, url.at, colon + 3) &&
	       redact_behind_scheme(r, bytes_make(url.at + colon + 3, url.len - colon - 3), true, 0, out);
}
