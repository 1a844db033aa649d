/* The gates between untrusted bytes and a terminal: whatever comes, a cell holds a character that may be shown and its
 * width, no more cells are made than there is room for, every byte is taken, and lines hold no control byte. */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tui/terminal/text.h"

#define MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_shown(uint32_t code, bool mark)
{
	utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)code);
	bool is_mark = c == UTF8PROC_CATEGORY_MN || c == UTF8PROC_CATEGORY_ME || c == UTF8PROC_CATEGORY_MC;
	if (c == UTF8PROC_CATEGORY_CC || c == UTF8PROC_CATEGORY_CF || c == UTF8PROC_CATEGORY_CS ||
	    c == UTF8PROC_CATEGORY_CO || c == UTF8PROC_CATEGORY_CN || c == UTF8PROC_CATEGORY_ZL ||
	    c == UTF8PROC_CATEGORY_ZP || (mark && !is_mark))
		abort();
}

static void check_cells(const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct cell *c = &cells[i];
		if (c->base == 0) {
			if (i == 0 || cells[i - 1].width != 2 || c->width != 0)
				abort();
			continue;
		}
		if (c->width < 1 || c->width > 2 || c->role >= ROLE_COUNT)
			abort();
		check_shown(c->base, false);
		for (size_t k = 0; k < 2; k++)
			if (c->mark[k])
				check_shown(c->mark[k], true);
	}
}

static void through_cells(struct bytes in, enum text_mode mode, size_t most)
{
	int column = 0;
	size_t total = 0;
	for (size_t at = 0; at < in.len;) {
		struct cell cells[MOST];
		size_t used, count = text_cells(bytes_make(in.at + at, in.len - at), mode, ROLE_NORMAL, column, cells,
						most, &used);
		if (count > most || used > in.len - at)
			abort();
		check_cells(cells, count);
		total += count;
		column += (int)count;
		at += used;
		if (used == 0) {
			if (mode == TEXT_BODY && in.at[at] == '\n')
				at++, column = 0;
			else if (most >= 16) /* the longest name has 8, a TAB 8 */
				abort();
			else
				return;
		}
	}
	if (mode == TEXT_LINE && most == MOST && total < (size_t)text_columns(in, mode))
		abort();
}

static void through_lines(struct bytes in, enum text_mode mode)
{
	struct buffer out = { 0 };
	if (!text_sanitize(&out, in, mode) || !text_is_utf8(buffer_view(&out)))
		abort();
	for (size_t i = 0; i < out.len; i++)
		if ((out.at[i] < 0x20 && !(mode == TEXT_BODY && (out.at[i] == '\n' || out.at[i] == '\t'))) ||
		    out.at[i] == 0x7f)
			abort();
	/* What has passed passes again as it is. */
	struct buffer again = { 0 };
	if (!text_sanitize(&again, buffer_view(&out), mode) || !bytes_equal(buffer_view(&out), buffer_view(&again)))
		abort();
	buffer_free(&again);
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	struct bytes in = bytes_make(data + 1, size - 1);
	enum text_mode mode = data[0] & 1 ? TEXT_BODY : TEXT_LINE;
	through_cells(in, mode, MOST);
	through_cells(in, mode, (size_t)(data[0] >> 1) % MOST + 1);
	through_lines(in, mode);
	return 0;
}
