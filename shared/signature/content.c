/* What is signed: %B body, %T time, %I id, %U URL, %M method, %P the parameters of a form. */
#include "shared/signature/content.h"

#include "shared/signature/signature_tools.h"
#include "shared/http/form.h"
#include "shared/signature/crypto.h"

#include <stdlib.h>
#include <string.h>

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
	char own[65];
	*covered = form_query_value(in->url, "bodySHA256", &sum);
	if (!*covered)
		return form_is(in->headers) || in->body.len == 0 ||
		       claim_fail(c, SIGNATURE_URL,
				  "the body is not a form, and the URL has no bodySHA256 that covers it");
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
		return covered || !form_is(in->headers) || append_parameters(c, in->body, out);
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
