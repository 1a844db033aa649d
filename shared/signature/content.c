/* What is signed: a row's template (signature_private.h) with its parts filled in. */
#include "shared/signature/content.h"

#include "shared/http/form.h"
#include "shared/signature/jwt.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

/* They are sorted while everything else waits. No sender comes near it. */
#define PARAMETERS_MOST 10000

/* ---- Twilio's parameters: sorted by name, then value; the same pair counts once ---- */

struct pair {
	size_t name, value, end; /* offsets of the decoded text */
	const struct buffer *text;
};

static int compare_part(const struct pair *a, size_t a_at, size_t a_end, const struct pair *b, size_t b_at,
			size_t b_end)
{
	size_t a_len = a_end - a_at, b_len = b_end - b_at;
	int order = memcmp(a->text->at + a_at, b->text->at + b_at, a_len < b_len ? a_len : b_len);
	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_pairs(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;
	int order = compare_part(a, a->name, a->value, b, b->name, b->value);
	return order ? order : compare_part(a, a->value, a->end, b, b->value, b->end);
}

static bool append_sorted(struct pair *pairs, size_t count, struct buffer *out)
{
	bool fine = true;
	if (count)
		qsort(pairs, count, sizeof *pairs, compare_pairs);
	for (size_t i = 0; fine && i < count; i++)
		if (i == 0 || compare_pairs(&pairs[i - 1], &pairs[i]) != 0)
			fine = buffer_append(out, pairs[i].text->at + pairs[i].name, pairs[i].end - pairs[i].name);
	return fine;
}

static bool append_parameters(struct claim *c, struct bytes form, struct buffer *out)
{
	struct bytes name, value, rest = form;
	struct buffer text = { 0 };
	size_t count = 0, most = 1;
	for (size_t i = 0; i < form.len; i++)
		most += form.at[i] == '&';
	if (most > PARAMETERS_MOST)
		return claim_fail(c, SIGNATURE_MALFORMED, "the form has more than %d parameters", PARAMETERS_MOST);
	struct pair *pairs = calloc(most, sizeof *pairs);
	/* Room for a NUL, so that the text is there even when the form is empty. */
	bool fine = pairs && buffer_reserve(&text, form.len + 1);
	while (fine && form_next_pair(&rest, &name, &value)) {
		struct pair *p = &pairs[count++];
		p->text = &text;
		p->name = text.len;
		fine = form_decode(name, &text);
		p->value = text.len;
		fine = fine && form_decode(value, &text);
		p->end = text.len;
	}
	fine = fine && append_sorted(pairs, count, out);
	free(pairs);
	buffer_free(&text);
	return fine;
}

/* With bodySHA256 in the URL the body counts by that; without it a form's parameters do, and nothing else may be there.
 */
static bool check_sum(struct claim *c, const struct signature_input *in, bool *covered)
{
	struct bytes sum;
	struct buffer own = { 0 };
	*covered = form_query_value(in->url, "bodySHA256", &sum);
	if (!*covered)
		return form_is(in->headers) || in->body.len == 0 ||
		       claim_fail(c, SIGNATURE_URL,
				  "the body is not a form, and the URL has no bodySHA256 that covers it");
	bool same = crypto_sha256(FORM_HEX, in->body, &own) && signature_equal(sum, buffer_view(&own));
	buffer_free(&own);
	return same || claim_fail(c, SIGNATURE_BODY,
				  "the body was changed on the way: its SHA-256 is not the URL's bodySHA256");
}

/* ---- fields that are signed by their names ---- */

static bool is_between(uint8_t b)
{
	return b == ' ' || b == ',' || b == ';' || b == '\t';
}

/* How many there are; *value is the first's. What is there twice is read in different ways by different libraries. */
static size_t count_fields(struct bytes headers, const char *wanted, struct bytes *value)
{
	struct bytes name, v;
	size_t found = 0;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &v);)
		if (bytes_equal_nocase(name, wanted) && found++ == 0)
			*value = v;
	return found;
}

enum field_style { FIELD_VALUES, FIELD_BOTH };

/* Coinbase: the values, dots between them. Contentful: name:value, semicolons between them. */
static bool append_named_fields(struct claim *c, const struct signature_input *in, enum field_style style,
				struct buffer *out)
{
	struct bytes names = c->names;
	bool fine = true;
	for (size_t count = 0; fine && names.len;) {
		char name[100];
		struct bytes value = { 0 };
		size_t skip = 0, len = 0;
		while (skip < names.len && is_between(names.at[skip]))
			skip++;
		while (skip + len < names.len && !is_between(names.at[skip + len]))
			len++;
		snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1),
			 (const char *)names.at + skip);
		names = bytes_make(names.at + skip + len, names.len - skip - len);
		if (!len)
			break;
		size_t found = count_fields(in->headers, name, &value);
		if (found != 1)
			return claim_fail(c, found ? SIGNATURE_MALFORMED : SIGNATURE_MISSING,
					  "the header %.60s, which is signed, is %s", name,
					  found ? "there more than once" : "missing");
		while (value.len && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
			value.len--;
		fine = (!count++ || buffer_put_u8(out, style == FIELD_VALUES ? '.' : ';')) &&
		       (style == FIELD_VALUES || (buffer_append_text(out, name) && buffer_put_u8(out, ':'))) &&
		       buffer_append_bytes(out, value);
	}
	return fine;
}

/* ---- the whole ---- */

static bool escape(struct bytes text, const char *kept, struct buffer *out)
{
	bool fine = true;
	for (size_t i = 0; fine && i < text.len; i++)
		fine = isalnum(text.at[i]) || (text.at[i] && strchr(kept, text.at[i]))
			   ? buffer_put_u8(out, text.at[i])
			   : buffer_printf(out, "%%%02X", text.at[i]);
	return fine;
}

/* Path and query as Contentful's library writes them: the query escaped as one value, then both as a URI. */
static bool append_path(struct bytes url, struct buffer *out)
{
	static const char in_value[] = "-_.!~*'()", in_uri[] = ";,/?:@&=+$-_.!~*'()#";
	const uint8_t *host = url.len ? memmem(url.at, url.len, "://", 3) : NULL;
	size_t start = host ? (size_t)(host - url.at) + 3 : 0;
	while (host && start < url.len && url.at[start] != '/' && url.at[start] != '?')
		start++;
	struct bytes path = bytes_make(url.at + start, url.len - start), name = bytes_until(path, '?');
	struct bytes query = bytes_make(path.at + name.len, path.len - name.len);
	struct buffer value = { 0 };
	if (query.len)
		query = bytes_until(bytes_make(query.at + 1, query.len - 1), '?');
	bool fine = escape(name, in_uri, out) && escape(query, in_value, &value) &&
		    (!query.len || (buffer_put_u8(out, '?') && escape(buffer_view(&value), in_uri, out)));
	buffer_free(&value);
	return fine;
}

static uint32_t checksum(struct bytes body)
{
	uLong sum = crc32(0L, Z_NULL, 0);
	while (body.len) {
		uInt n = body.len < (1u << 30) ? (uInt)body.len : 1u << 30;
		sum = crc32(sum, body.at, n);
		body = bytes_make(body.at + n, body.len - n);
	}
	return (uint32_t)sum;
}

static bool append_part(struct claim *c, const struct signature_input *in, char what, bool covered, struct buffer *out)
{
	switch (what) {
	case 'B':
		return buffer_append_bytes(out, in->body);
	case 'T':
		return buffer_append_bytes(out, c->time);
	case 'I':
		return buffer_append_bytes(out, c->id);
	case 'U':
		return buffer_append_bytes(out, in->url);
	case 'Q':
		return append_path(in->url, out);
	case 'M':
		return buffer_append_bytes(out, in->method);
	case 'C':
		return buffer_printf(out, "%lu", (unsigned long)checksum(in->body));
	case 'L':
		return buffer_append_bytes(out, key_line(in->secret));
	case 'J':
		return buffer_append_bytes(out, c->token);
	case 'H':
		return buffer_append_bytes(out, c->names);
	case 'V':
		return append_named_fields(c, in, FIELD_VALUES, out);
	case 'N':
		return append_named_fields(c, in, FIELD_BOTH, out);
	/* Of tokens that are made here: their issuer, now, in five minutes, the body's sum. */
	case 'i':
		return c->issuer.len ? buffer_append_bytes(out, buffer_view(&c->issuer))
				     : buffer_append_text(out, "creel");
	case 'n':
		return buffer_printf(out, "%lld", (long long)in->at);
	case 'x':
		return buffer_printf(out, "%lld", (long long)in->at + 300);
	case 'S':
		return crypto_sha256(c->scheme->sum_form, in->body, out);
	default:
		return covered || !form_is(in->headers) || append_parameters(c, in->body, out);
	}
}

/* %{PLACE} and %{?PLACE}: *there says whether it has a value. */
static bool append_place(struct claim *c, const struct signature_input *in, const char *from, size_t len, bool *there,
			 struct buffer *out)
{
	char place[160];
	bool optional = *from == '?';
	snprintf(place, sizeof place, "%.*s", (int)(len - optional), from + optional);
	*there = place_read(place, in, c->item, out);
	return *there || optional || claim_fail(c, SIGNATURE_MISSING, "the body has no %s, which is signed", place);
}

/* %[…%{PLACE}…%]: nothing at all when the place has no value. */
static bool append_optional(struct claim *c, const struct signature_input *in, const char *from, const char *end,
			    struct buffer *out)
{
	const char *open = strstr(from, "%{"), *close = open ? strchr(open, '}') : NULL;
	size_t start = out->len;
	bool there = false;
	if (!close || close > end)
		return false;
	bool fine = buffer_append(out, from, (size_t)(open - from));
	char place[160];
	snprintf(place, sizeof place, "%.*s", (int)(close - open - 2), open + 2);
	there = fine && place_read(place, in, c->item, out);
	fine = fine && buffer_append(out, close + 1, (size_t)(end - close - 1));
	if (!there)
		out->len = start;
	return fine;
}

bool content_has_url(const char *form)
{
	return strstr(form, "%U") || strstr(form, "%Q") || strstr(form, "query:");
}

bool content_fill(struct claim *c, const struct signature_input *in, const char *form, struct buffer *out)
{
	bool covered = false, fine = true, there;
	if (content_has_url(form) && in->url.len == 0)
		return claim_fail(c, SIGNATURE_URL, "%s signs the URL, which is not known here", c->scheme->name);
	if (strstr(form, "%P") && !check_sum(c, in, &covered))
		return false;
	while (fine && *form) {
		const char *end = NULL;
		if (form[0] == '%' && form[1] == '{' && (end = strchr(form, '}'))) {
			fine = append_place(c, in, form + 2, (size_t)(end - form) - 2, &there, out);
			form = end + 1;
		} else if (form[0] == '%' && form[1] == '[' && (end = strstr(form, "%]"))) {
			fine = append_optional(c, in, form + 2, end, out);
			form = end + 2;
		} else if (form[0] == '%') {
			fine = append_part(c, in, form[1], covered, out);
			form += 2;
		} else {
			fine = buffer_put_u8(out, (uint8_t)*form++);
		}
	}
	return fine || (!c->text[0] && claim_fail(c, SIGNATURE_NO_MEMORY, "out of memory"));
}

bool content_build(struct claim *c, const struct signature_input *in, struct buffer *out)
{
	return (c->scheme->layout != LAYOUT_JWT || jwt_agrees(c, in)) && content_fill(c, in, c->scheme->content, out);
}
