/* Redaction: what is planted is gone, JSON stays JSON, what is left is left alone the second time, header fields stay
 * well-formed. The first byte chooses how the body is said to be; {S} in it is where a secret is planted. */
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/json/json_tokens.h"
#include "shared/redact/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that is taken out or escaped on the way could make or hide it. */
static const char secret[] = "sk_live_0Planted1Planted2Planted3Planted4Pla";

static const char *const heads[] = {
	"",
	"Content-Type: application/json\r\n",
	"Content-Type: application/x-www-form-urlencoded\r\n",
	"Content-Type: multipart/form-data; boundary=b\r\n",
	"Content-Type: text/xml\r\n",
	"Content-Encoding: gzip\r\n",
	"Content-Encoding: br\r\n",
	"Content-Encoding: deflate\r\n",
	"Content-Type: text/csv\r\n",
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool is_json(struct bytes b)
{
	struct json_tokens t;
	struct json_error e;
	bool is = json_tokenize(b, true, &t, &e);
	if (is)
		json_tokens_free(&t);
	return is;
}

static bool has_secret(struct bytes b)
{
	return b.len && memmem(b.at, b.len, secret + 8, sizeof secret - 9);
}

static bool plant(struct bytes in, struct buffer *out)
{
	for (size_t i = 0; i < in.len; i++) {
		bool here = in.len - i >= 3 && memcmp(in.at + i, "{S}", 3) == 0;
		if (!(here ? buffer_append_text(out, secret) : buffer_put_u8(out, in.at[i])))
			return false;
		i += here ? 2 : 0;
	}
	return true;
}

static void try_body(const char *head, struct bytes in, const struct redact_names *names)
{
	struct redaction r = { .names = names };
	struct buffer out = { 0 };
	bool decoded, replaced;
	check(redact_body(&r, bytes_of(head), in, &out, &decoded, &replaced));
	check(!has_secret(buffer_view(&out)));
	check(r.total > 0 || bytes_equal(buffer_view(&out), in));
	check(decoded || replaced || !is_json(in) || is_json(buffer_view(&out)));
	buffer_free(&out);
}

static void try_fields(struct bytes in)
{
	struct redaction r = { 0 };
	struct buffer block = { 0 }, out = { 0 };
	struct bytes name = bytes_of("X-Any"), value = in;
	const uint8_t *colon = in.len ? memchr(in.at, ':', in.len) : NULL;
	if (colon && headers_name_valid(bytes_make(in.at, (size_t)(colon - in.at)))) {
		name = bytes_make(in.at, (size_t)(colon - in.at));
		value = bytes_make(colon + 1, in.len - name.len - 1);
	}
	if (headers_value_valid(value)) {
		check(headers_append(&block, name, value) && redact_headers(&r, buffer_view(&block), &out));
		check(headers_valid(buffer_view(&out)) &&
		      headers_count(buffer_view(&out)) == headers_count(buffer_view(&block)));
		check(!has_secret(buffer_view(&out)));
	}
	buffer_free(&block);
	buffer_free(&out);
}

static void try_url(struct bytes in)
{
	struct redaction r = { 0 };
	struct buffer out = { 0 };
	check(redact_url(&r, in, &out) && !has_secret(buffer_view(&out)));
	for (size_t i = 0; i < out.len; i++)
		check(out.at[i] > ' ' || memchr(in.at, out.at[i], in.len));
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redact_names names = { 0 };
	const char *added = "email,json:a.b,query:x";
	const struct option_values values = { &added, 1 };
	struct buffer text = { 0 };
	struct error e;
	/* Only as we plant it: the fuzzer finds its letters without what tells of it. */
	if (size == 0 || memmem(data, size, "Planted", 7))
		return 0;
	check(redact_names_read(&names, &values, &e) && plant(bytes_make(data + 1, size - 1), &text));
	try_body(heads[data[0] % (sizeof heads / sizeof *heads)], buffer_view(&text), &names);
	try_fields(buffer_view(&text));
	try_url(buffer_view(&text));
	redact_names_free(&names);
	buffer_free(&text);
	return 0;
}
