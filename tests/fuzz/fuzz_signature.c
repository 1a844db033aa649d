/* Signatures over any fields, body, URL and secret: both ways of asking agree, what is said is one printable sentence,
 * what is recognised is named, and what is signed holds. Input: provider u8, then secret, URL and fields each as u16
 * length and bytes, the rest is the body. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/base/reader.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/providers/signature_sign.h"
#include "shared/providers/signature_verify.h"
#include "shared/signature/signature_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AT 1764000000

static void check_text(const struct signature_result *r)
{
	size_t len = strlen(r->text);
	if (len == 0 || len >= sizeof r->text - 1)
		abort();
	for (size_t i = 0; i < len; i++)
		if (r->text[i] < 0x20 || r->text[i] == 0x7f)
			abort();
}

/* Without what the provider sets. */
static void keep_others(struct bytes headers, struct bytes set, struct buffer *out)
{
	struct bytes name, value, n, v;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &value);) {
		bool replaced = false;
		for (size_t at = 0; headers_next(set, &at, &n, &v);)
			replaced |=
			    n.len == name.len && strncasecmp((const char *)n.at, (const char *)name.at, n.len) == 0;
		if (!replaced && !headers_append(out, name, value))
			abort();
	}
	if (!buffer_append_bytes(out, set))
		abort();
}

static void check_sign(const struct signature_provider *p, struct signature_input in)
{
	struct signature_sign_out out;
	struct signature_result result;
	struct buffer headers = { 0 };
	struct error e;
	bool fine = signature_sign(p, &in, &out, &e);
	if (fine) {
		struct buffer copy = { 0 };
		if (out.has_body) {
			copy = out.body;
			out.body = (struct buffer){ 0 };
			in.body = buffer_view(&copy);
		}
		if (out.headers.len && !headers_valid(buffer_view(&out.headers)) && headers_value_valid(in.secret))
			abort();
		keep_others(in.headers, buffer_view(&out.headers), &headers);
		in.headers = buffer_view(&headers);
		signature_verify(p, &in, &result);
		/* A private key is none to check with, unless it is PEM. A token may have blanks at its end. */
		struct bytes named;
		const struct signature_provider *row = signature_row(p, &in, &named);
		bool symmetric = row && row->secret != SECRET_PUBLIC_KEY && row->algorithm != SIGN_TOKEN;
		bool is_pair = in.secret.len > 5 && (memcmp(in.secret.at, "whpk_", 5) == 0 ||
						     memcmp(in.secret.at, "whsk_", 5) == 0 || in.secret.at[0] == '-');
		if (symmetric && !is_pair && result.verdict != SIGNATURE_VALID)
			abort();
		buffer_free(&copy);
	} else if (!*e.text) {
		abort();
	}
	signature_sign_free(&out);
	buffer_free(&headers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_of(bytes_make(data, size));
	size_t count = 0;
	while (signature_at(count))
		count++;
	const struct signature_provider *p = signature_at(reader_u8(&r) % count);
	struct signature_input in = {
		.secret = reader_bytes16(&r),
		.url = reader_bytes16(&r),
		.headers = reader_bytes16(&r),
		.method = bytes_of("POST"),
		.at = AT,
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
	in.body = reader_rest(&r);
	if (r.bad || !headers_valid(in.headers))
		return 0;
	struct signature_result result;
	struct signature_origin origin;
	signature_verify(p, &in, &result);
	check_text(&result);
	if (signature_check(p, &in) != result.verdict)
		abort();
	if (!signature_recognise(in.headers, in.body, &origin) || origin.event.len > 200 ||
	    (origin.signature && !origin.provider))
		abort();
	buffer_free(&origin.event);
	struct buffer id = { 0 };
	if (signature_event_id(bytes_of(origin.provider), in.headers, in.body, &id) != (id.len > 0) || id.len > 200)
		abort();
	buffer_free(&id);
	check_sign(p, in);
	return 0;
}
