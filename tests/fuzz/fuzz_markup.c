/* XML and HTML laid out: nothing but blanks and line breaks comes or goes, it stays within its bound, what is laid out
 * stays as it is when laid out again, and an error lies within. Input: html u8, then the text. */
#include <stdlib.h>
#include <string.h>

#include "shared/syntax/markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST ((size_t)1 << 20)

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static size_t skip(struct bytes b, size_t i)
{
	while (i < b.len && is_blank(b.at[i]))
		i++;
	return i;
}

static void compare(struct bytes a, struct bytes b)
{
	size_t i = skip(a, 0), k = skip(b, 0);
	while (i < a.len && k < b.len && a.at[i] == b.at[k]) {
		i = skip(a, i + 1);
		k = skip(b, k + 1);
	}
	if (i < a.len || k < b.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct bytes in = bytes_make(data + 1, size - 1);
	bool html = data[0] & 1;
	struct buffer out = { 0 }, again = { 0 };
	struct markup_error e;
	if (markup_lay_out(in, html, MOST, &out, &e)) {
		compare(in, buffer_view(&out));
		if (!markup_lay_out(buffer_view(&out), html, 2 * MOST, &again, &e) ||
		    !bytes_equal(buffer_view(&out), buffer_view(&again)))
			abort();
	} else if (e.at > in.len || e.line < 1 || e.column < 1 || !e.what || (html && out.len < MOST)) {
		abort();
	}
	buffer_free(&out);
	buffer_free(&again);
	return 0;
}
