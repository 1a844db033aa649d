/* Which of a provider's forms a request is signed in: the row that it is judged by, or signed by. */
#include "shared/readers/jwk.h"
#include "shared/signature/place.h"

#include <string.h>
#include <strings.h>

bool signature_row_is_signing_key(struct bytes secret)
{
	static const char *const begins[] = { "whsec_", "whsk_", "whpk_" };
	struct bytes json;
	/* Also with a line of its own before it. */
	if (jwk_find(secret, &json) || (secret.len && memmem(secret.at, secret.len, "-----BEGIN", 10)))
		return true;
	while (secret.len && (secret.at[0] <= ' ' || strchr("\"'`", secret.at[0])))
		secret = bytes_make(secret.at + 1, secret.len - 1);
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		size_t len = strlen(begins[i]);
		if (secret.len >= len && strncasecmp((const char *)secret.at, begins[i], len) == 0)
			return true;
	}
	return false;
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* The first algorithm= of "key=…,algorithm=…" that says one; empty: none does. */
static struct bytes algorithm_of(struct bytes settings)
{
	while (settings.len) {
		const uint8_t *comma = memchr(settings.at, ',', settings.len);
		size_t len = comma ? (size_t)(comma - settings.at) : settings.len;
		const uint8_t *equals = memchr(settings.at, '=', len);
		size_t key_len = equals ? (size_t)(equals - settings.at) : len;
		if (equals && bytes_equal(trimmed(bytes_make(settings.at, key_len)), bytes_of("algorithm"))) {
			struct bytes value = trimmed(bytes_make(equals + 1, len - key_len - 1));
			if (value.len)
				return value;
		}
		len += comma ? 1 : 0;
		settings = bytes_make(settings.at + len, settings.len - len);
	}
	return bytes_make(NULL, 0);
}

static const struct signature_provider *row_of_settings(const struct signature_provider *p, struct bytes headers,
							struct bytes *named)
{
	struct bytes name, value;
	/* When the field is there twice, the first that names an algorithm counts, as if both were joined. */
	for (size_t pos = 0; !named->len && headers_next(headers, &pos, &name, &value);)
		if (bytes_equal_nocase(name, p->settings_field))
			*named = algorithm_of(value);
	if (named->len == 0 || bytes_equal_nocase(*named, "HMAC_SHA1"))
		return p;
	return bytes_equal_nocase(*named, "HMAC_SHA256") ? signature_find_row(p->stronger) : NULL;
}

/* ---- which form is there ---- */

static bool has_signature(const struct signature_provider *row, const struct signature_input *in)
{
	struct bytes value;
	struct buffer text = { 0 };
	bool there = false;
	if (row->field)
		return signature_find_field(row, in->headers, &value);
	for (size_t i = 0; i < sizeof row->places / sizeof *row->places && row->places[i] && !there; i++)
		there = place_read(row->places[i], in, 0, &text);
	buffer_free(&text);
	return there;
}

bool signature_row_carried(const struct signature_provider *row, const struct signature_input *in)
{
	return has_signature(row, in) && (!row->when || place_holds(row->when, in));
}

static const struct signature_provider *next_form(const struct signature_provider *row)
{
	return row->also ? signature_find_row(row->also) : NULL;
}

/* The first form that is there; where none is, the one whose mark is; else the first. */
static const struct signature_provider *row_of_forms(const struct signature_provider *p,
						     const struct signature_input *in)
{
	for (const struct signature_provider *row = p; row; row = next_form(row))
		if (signature_row_carried(row, in))
			return row;
	for (const struct signature_provider *row = p; row; row = next_form(row))
		if (row->when && *row->when != '!' && place_holds(row->when, in))
			return row;
	return p;
}

const struct signature_provider *signature_row(const struct signature_provider *p, const struct signature_input *in,
					       struct bytes *named)
{
	*named = bytes_make(NULL, 0);
	if (p->settings_field)
		return row_of_settings(p, in->headers, named);
	if (!p->keyed)
		return p->also ? row_of_forms(p, in) : p;
	const struct signature_provider *other = signature_find_row(p->keyed);
	bool own_there = has_signature(p, in), other_there = has_signature(other, in);
	if (signature_row_is_signing_key(in->secret))
		return own_there && !other_there ? p : other;
	return !own_there && other_there ? other : p;
}
