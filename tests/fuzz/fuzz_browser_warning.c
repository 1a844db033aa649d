/* A browser's request to a tunnel: a first line that is the target, then a header block. Whatever is shown leads back
 * to just that target, and neither the page nor a field holds a byte of it that means something there. */
#include <stdlib.h>
#include <string.h>

#include "relay/senders/browser_warning.h"
#include "relay/opening/location.h"
#include "shared/http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(struct bytes text, uint8_t c)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.at[i] == c;
	return n;
}

static bool is_target(struct bytes t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.at[i] <= 0x20 || t.at[i] == 0x7f)
			return false;
	return t.len > 0 && t.len <= 8192 && t.at[0] == '/';
}

/* The link of the page, without the prefix, its &amp; made & again. */
static void read_link(struct bytes page, struct buffer *out)
{
	const char *at = memmem(page.at, page.len, "href=\"/shop", 11), *end;
	if (!at || !(end = memchr(at + 11, '"', page.len - (size_t)((const uint8_t *)at - page.at) - 11)))
		abort();
	for (at += 11; at < end; at++) {
		if (!buffer_put_u8(out, (uint8_t)*at))
			abort();
		if (*at == '&')
			at += strlen("amp;");
	}
}

static void check(const struct browser_warning *w, struct warning_request *r)
{
	struct warning_answer shown = { 0 }, sent = { 0 };
	enum warning_verdict verdict;
	struct buffer link = { 0 }, want = { 0 };
	struct bytes location;
	if (!browser_warning_judge(w, r, &verdict, &shown) || verdict == WARNING_READ)
		abort();
	if (verdict == WARNING_SHOW) {
		/* A link with a pass that is none shows where it would have led. */
		bool odd = r->target.len > 10 && memcmp(r->target.at, "/_creel/co", 10) == 0;
		struct bytes target = r->target;
		if (count(buffer_view(&shown.page), '<') != 29 || !headers_valid(buffer_view(&shown.fields)))
			abort();
		read_link(buffer_view(&shown.page), &link);
		r->target = buffer_view(&link);
		if (!browser_warning_judge(w, r, &verdict, &sent) || !headers_valid(buffer_view(&sent.fields)))
			abort();
		if (verdict == WARNING_READ && is_target(target) && !odd &&
		    (!buffer_append_text(&want, "/shop") || !location_append_target(&want, target) ||
		     !headers_find(buffer_view(&sent.fields), "Location", &location) ||
		     !bytes_equal(location, buffer_view(&want))))
			abort();
	}
	buffer_free(&shown.fields);
	buffer_free(&shown.page);
	buffer_free(&sent.fields);
	buffer_free(&sent.page);
	buffer_free(&link);
	buffer_free(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
	size_t len = line ? (size_t)(line - data) : size, rest = line ? size - len - 1 : 0;
	uint8_t *exact = malloc(size + 2); /* so that ASan sees a read behind the end */
	struct browser_warning *w = browser_warning_new();
	if (!exact || !w)
		abort();
	memcpy(exact, data, len);
	memcpy(exact + len, data + (line ? len + 1 : 0), rest);
	struct bytes headers = bytes_make(exact + len, rest);
	struct warning_request r = {
		.method = bytes_of("GET"),
		.headers = headers_valid(headers) ? headers : bytes_of("Accept: text/html\r\n"),
		.tunnel = bytes_of("shop"),
		.prefix = bytes_of("/shop"),
		.target = bytes_make(exact, len),
		.address = bytes_of("0123456789abcdef"),
		.now_s = 1800000000,
	};
	if (is_target(r.target)) /* all else is refused before */
		check(w, &r);
	browser_warning_free(w);
	free(exact);
	return 0;
}
