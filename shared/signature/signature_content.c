/* What is signed: %B body, %T time, %I id, %U URL, %M method, %P the parameters of a form. */
#include "shared/signature/signature_private.h"

#include <stdlib.h>
#include <string.h>

/* ---- forms ---- */

bool content_is_form(struct bytes headers)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct bytes type;
	return headers_find(headers, "Content-Type", &type) && type.len >= sizeof form - 1 &&
	       bytes_equal_nocase(bytes_make(type.at, sizeof form - 1), form);
}

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool signature_decode_form(struct bytes in, struct buffer *out)
{
	if (!buffer_reserve(out, in.len + 1))
		return false;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.at[i];
		if (c == '%' && i + 2 < in.len && hex(in.at[i + 1]) >= 0 && hex(in.at[i + 2]) >= 0) {
			c = (uint8_t)(hex(in.at[i + 1]) << 4 | hex(in.at[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		out->at[out->len++] = c;
	}
	return true;
}

/* Steps through name=value&…, still encoded. */
static bool next_pair(struct bytes *rest, struct bytes *name, struct bytes *value)
{
	while (rest->len && rest->at[0] == '&')
		*rest = bytes_make(rest->at + 1, rest->len - 1);
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->at, '&', rest->len);
	size_t len = end ? (size_t)(end - rest->at) : rest->len;
	const uint8_t *equals = memchr(rest->at, '=', len);
	size_t name_len = equals ? (size_t)(equals - rest->at) : len;
	*name = bytes_make(rest->at, name_len);
	*value = equals ? bytes_make(equals + 1, len - name_len - 1) : bytes_make(rest->at + len, 0);
	*rest = bytes_make(rest->at + len, rest->len - len);
	return true;
}

bool content_form_value(struct bytes form, const char *wanted, struct buffer *out)
{
	struct bytes name, value;
	while (next_pair(&form, &name, &value))
		if (bytes_equal(name, bytes_of(wanted)))
			return signature_decode_form(value, out);
	return false;
}

bool signature_query_value(struct bytes url, const char *wanted, struct bytes *out)
{
	const uint8_t *mark = url.len ? memchr(url.at, '?', url.len) : NULL;
	struct bytes name, value, rest = bytes_of(NULL);
	if (mark)
		rest = bytes_make(mark + 1, url.len - (size_t)(mark - url.at) - 1);
	const uint8_t *fragment = rest.len ? memchr(rest.at, '#', rest.len) : NULL;
	if (fragment)
		rest.len = (size_t)(fragment - rest.at);
	while (next_pair(&rest, &name, &value))
		if (bytes_equal(name, bytes_of(wanted))) {
			*out = value;
			return true;
		}
	return false;
}

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
	while (fine && next_pair(&rest, &name, &value)) {
		struct pair *p = &pairs[count++];
		p->text = &text;
		p->name = text.len;
		fine = signature_decode_form(name, &text);
		p->value = text.len;
		fine = fine && signature_decode_form(value, &text);
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
	char own[65];
	*covered = signature_query_value(in->url, "bodySHA256", &sum);
	if (!*covered)
		return content_is_form(in->headers) || in->body.len == 0 ||
		       claim_fail(c, SIGNATURE_URL,
				  "the body is no form, and the URL has no bodySHA256 that covers it");
	if (!crypto_sha256_hex(in->body, own))
		return claim_fail(c, SIGNATURE_NO_MEMORY, "out of memory");
	return signature_equal(sum, bytes_of(own)) ||
	       claim_fail(c, SIGNATURE_BODY,
			  "the body was changed on the way: its SHA-256 is not the URL's bodySHA256");
}

/* ---- the whole ---- */

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
	case 'M':
		return buffer_append_bytes(out, in->method);
	default:
		return covered || !content_is_form(in->headers) || append_parameters(c, in->body, out);
	}
}

bool content_build(struct claim *c, const struct signature_input *in, struct buffer *out)
{
	const char *form = c->scheme->content;
	bool covered = false, fine = true;
	if (strstr(form, "%U") && in->url.len == 0)
		return claim_fail(c, SIGNATURE_URL, "%s signs the URL, which is not known here", c->scheme->name);
	if (strstr(form, "%P") && !check_sum(c, in, &covered))
		return false;
	for (; fine && *form; form++) {
		if (*form == '%')
			fine = append_part(c, in, *++form, covered, out);
		else
			fine = buffer_put_u8(out, (uint8_t)*form);
	}
	return fine || (!c->text[0] && claim_fail(c, SIGNATURE_NO_MEMORY, "out of memory"));
}
