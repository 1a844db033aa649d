/* Requests to sign and to check, of the tests of signatures. */
#pragma once

#include "shared/http/headers.h"
#include "tests/unit/unit.h"
#include "shared/providers/signature_sign.h"

#include <jansson.h>
#include <openssl/evp.h>

#define AT 1764000000

struct request {
	struct buffer headers, body;
	const char *method, *url;
};

static inline void field(struct buffer *block, const char *name, const char *value)
{
	assert_true(headers_append(block, bytes_of(name), bytes_of(value)));
}

static inline struct signature_input input(const struct request *r, const char *secret)
{
	return (struct signature_input){
		.headers = buffer_view(&r->headers),
		.body = buffer_view(&r->body),
		.method = bytes_of(r->method ? r->method : "POST"),
		.url = bytes_of(r->url),
		.secret = bytes_of(secret),
		.at = AT,
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
}

static inline void request_free(struct request *r)
{
	buffer_free(&r->headers);
	buffer_free(&r->body);
}

/* Requests with their verdicts: the usual form of each provider, and in the second file all forms. */
static inline json_t *vectors(void)
{
	json_error_t je;
	json_t *all = json_load_file("tests/fixtures/signature-vectors.json", 0, &je);
	json_t *more = json_load_file("tests/fixtures/signature-vectors-2.json", 0, &je);
	assert_non_null(all);
	assert_non_null(more);
	assert_true(json_array_size(all) >= 152 && json_array_size(more) >= 269);
	assert_int_equal(json_array_extend(all, more), 0);
	json_decref(more);
	return all;
}

static inline void decode_base64(const char *text, struct buffer *out)
{
	size_t len = strlen(text);
	assert_true(buffer_reserve(out, len + 4));
	int n = len ? EVP_DecodeBlock(out->at, (const uint8_t *)text, (int)len) : 0;
	assert_true(n >= 0);
	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		n--;
	out->len = (size_t)n;
}

static inline void read_vector(const json_t *v, struct request *r)
{
	size_t i;
	json_t *pair;
	memset(r, 0, sizeof *r);
	r->method = json_string_value(json_object_get(v, "method"));
	r->url = json_string_value(json_object_get(v, "url"));
	decode_base64(json_string_value(json_object_get(v, "body_base64")), &r->body);
	json_array_foreach(json_object_get(v, "headers"), i, pair)
	    field(&r->headers, json_string_value(json_array_get(pair, 0)), json_string_value(json_array_get(pair, 1)));
}

static inline void set_fields(struct request *r, const struct signature_sign_out *out)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&out->headers), &pos, &name, &value);)
		assert_true(headers_append(&r->headers, name, value));
	if (out->has_body) {
		r->body.len = 0;
		assert_true(buffer_append_bytes(&r->body, buffer_view(&out->body)));
	}
}

/* What the provider would send with this secret, at AT: sets the request's fields, and its body where that is signed
 * within. */
static inline void sign(struct request *r, const char *provider, const struct signature_input *in)
{
	struct signature_sign_out out;
	struct error e;
	if (!signature_sign(signature_find(provider), in, &out, &e))
		fail_msg("%s: %s", provider, e.text);
	set_fields(r, &out);
	signature_sign_free(&out);
}
