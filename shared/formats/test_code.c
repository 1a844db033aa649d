#include "shared/formats/test_code.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/formats/test_code_texts.h"
#include "shared/http/headers.h"
#include "shared/http/hop_by_hop.h"
#include "shared/text/base64.h"

#define PIECE 16000 /* of base64 in one literal: Java has room for 65,535 bytes */

/* Between double quotes, as all four languages read it. */
static bool put_literal(enum test_framework f, struct bytes b, struct buffer *out)
{
	bool fine = buffer_put_u8(out, '"');
	for (size_t i = 0; fine && i < b.len; i++) {
		uint8_t c = b.at[i];
		if (c == '"' || c == '\\')
			fine = buffer_put_u8(out, '\\') && buffer_put_u8(out, c);
		else if (c >= 0x20 && c < 0x7f)
			fine = buffer_put_u8(out, c);
		else
			fine = f == TEST_JUNIT ? buffer_printf(out, "\\%03o", c) : buffer_printf(out, "\\x%02x", c);
	}
	return fine && buffer_put_u8(out, '"');
}

/* A text with \1 for the base as a literal, \2 for the name, \3 for the package. */
static bool put_text(const struct test_code *t, const char *text, struct buffer *out)
{
	bool fine = true;
	for (; fine && *text; text++) {
		if (*text == '\1')
			fine = put_literal(t->framework, t->base, out);
		else if (*text == '\2')
			fine = buffer_append_text(out, t->name);
		else if (*text == '\3')
			fine = buffer_append_text(out, t->package);
		else
			fine = buffer_put_u8(out, (uint8_t)*text);
	}
	return fine;
}

bool test_code_begin(const struct test_code *t, struct buffer *out)
{
	return put_text(t, test_code_texts[t->framework].begin, out);
}

bool test_code_end(const struct test_code *t, struct buffer *out)
{
	return put_text(t, test_code_texts[t->framework].end, out);
}

static bool put_field(const struct test_code *t, struct bytes name, struct bytes value, struct buffer *out)
{
	const struct test_code_text *text = &test_code_texts[t->framework];
	return buffer_append_text(out, text->field_open) && put_literal(t->framework, name, out) &&
	       buffer_append_text(out, ", ") && put_literal(t->framework, value, out) &&
	       buffer_append_text(out, text->field_close);
}

/* All but those of one connection; Content-Length is there where a body is. */
static bool put_fields(const struct test_code *t, const struct transcript *x, struct buffer *out)
{
	struct bytes block = buffer_view(&x->request.headers), name, value;
	struct hop_by_hop hops = { 0 };
	char length[24];
	bool has_length = !x->has_body, fine = hop_by_hop_find(&hops, block);
	snprintf(length, sizeof length, "%zu", x->request.body.len);
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);) {
		if (hop_by_hop_has(&hops, name))
			continue;
		has_length = has_length || bytes_equal_nocase(name, "content-length");
		fine = put_field(t, name, value, out);
	}
	hop_by_hop_free(&hops);
	return fine && (has_length || put_field(t, bytes_of("Content-Length"), bytes_of(length), out));
}

static bool put_base64(const struct test_code *t, struct bytes body, struct buffer *out)
{
	const struct test_code_text *text = &test_code_texts[t->framework];
	struct buffer encoded = { 0 };
	bool fine = base64_encode(&encoded, body, 0) && put_text(t, text->base64_open, out);
	for (size_t at = 0; fine && (at < encoded.len || at == 0); at += PIECE) {
		size_t len = encoded.len - at < PIECE ? encoded.len - at : PIECE;
		fine = (at == 0 || buffer_append_text(out, text->base64_between)) &&
		       put_literal(t->framework, bytes_make(encoded.at + at, len), out);
	}
	buffer_free(&encoded);
	return fine && buffer_append_text(out, text->base64_close);
}

static bool put_body(const struct test_code *t, const struct transcript *x, const char *body_file, struct buffer *out)
{
	const struct test_code_text *text = &test_code_texts[t->framework];
	if (!x->has_body)
		return put_text(t, text->no_body, out);
	if (!body_file)
		return put_base64(t, buffer_view(&x->request.body), out);
	return put_text(t, text->file_open, out) && put_literal(t->framework, bytes_of(body_file), out) &&
	       buffer_append_text(out, text->file_close);
}

/* The texts of a case have \1 for its name, \2 for the method, \3 for the target, \4 for the fields, \5 for the body,
 * \6 for the status or what stands for none, \7 for the delivery's number. */
bool test_code_put(const struct test_code *t, const struct transcript *x, const char *body_file, struct buffer *out)
{
	struct buffer name = { 0 };
	bool fine = buffer_printf(&name, "%" PRId64 " ", x->id) &&
		    buffer_append_bytes(&name, buffer_view(&x->method)) && buffer_put_u8(&name, ' ') &&
		    buffer_append_bytes(&name, bytes_until(buffer_view(&x->target), '?'));
	for (const char *text = test_code_texts[t->framework].one; fine && *text; text++) {
		if (*text == '\1')
			fine = put_literal(t->framework, buffer_view(&name), out);
		else if (*text == '\2')
			fine = put_literal(t->framework, buffer_view(&x->method), out);
		else if (*text == '\3')
			fine = put_literal(t->framework, buffer_view(&x->target), out);
		else if (*text == '\4')
			fine = put_fields(t, x, out);
		else if (*text == '\5')
			fine = put_body(t, x, body_file, out);
		else if (*text == '\6')
			fine = x->called && x->status
				   ? buffer_printf(out, "%d", x->status)
				   : buffer_append_text(out, test_code_texts[t->framework].no_status);
		else if (*text == '\7')
			fine = buffer_printf(out, "%" PRId64, x->id);
		else
			fine = buffer_put_u8(out, (uint8_t)*text);
	}
	buffer_free(&name);
	return fine;
}

/* ---- names ---- */

static bool ends_as(struct bytes text, const char *end)
{
	size_t len = strlen(end);
	return text.len > len && memcmp(text.at + text.len - len, end, len) == 0;
}

static bool is_identifier(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!isalnum(b.at[i]) && b.at[i] != '_')
			return false;
	return b.len > 0 && !isdigit(b.at[0]);
}

/* "stripe_hooks" as "StripeHooks". */
static void put_camel(struct bytes stem, char name[100])
{
	size_t len = 0;
	bool upper = true;
	for (size_t i = 0; i < stem.len && len < 90; i++) {
		if (isalnum(stem.at[i]))
			name[len++] = (char)(upper ? toupper(stem.at[i]) : stem.at[i]);
		upper = !isalnum(stem.at[i]);
	}
	name[len] = 0;
}

bool test_code_name(enum test_framework f, const char *path, char name[100], const char **want)
{
	static const char *const wants[] = { "test_NAME.py or NAME_test.py", "NAME.test.js or NAME.spec.js",
					     "NAMETest.java, NAME of letters and digits", "NAME_test.go" };
	const char *slash = strrchr(path, '/');
	struct bytes file = bytes_of(slash ? slash + 1 : path);
	name[0] = 0;
	*want = wants[f];
	switch (f) {
	case TEST_PYTEST:
		return ends_as(file, ".py") &&
		       (strncmp((const char *)file.at, "test_", 5) == 0 || ends_as(file, "_test.py"));
	case TEST_JEST:
		return ends_as(file, ".test.js") || ends_as(file, ".spec.js") || ends_as(file, ".test.cjs");
	case TEST_JUNIT: {
		struct bytes stem = ends_as(file, ".java") ? bytes_make(file.at, file.len - 5) : file;
		if (stem.len == file.len || stem.len >= 100 || !is_identifier(stem))
			return false;
		snprintf(name, 100, "%.*s", (int)stem.len, (const char *)stem.at);
		return true;
	}
	case TEST_GO:
		if (!ends_as(file, "_test.go"))
			return false;
		put_camel(bytes_make(file.at, file.len - strlen("_test.go")), name);
		return name[0] != 0;
	}
	return false;
}
