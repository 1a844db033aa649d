#include "shared/text.h"

#include <stdio.h>
#include <time.h>
#include <utf8proc.h>

static bool is_invisible(utf8proc_int32_t c)
{
	return c == 0x00AD || c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
	       (c >= 0xE0000 && c <= 0xE007F) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

static bool is_mark(utf8proc_int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME;
}

static bool put_char(struct buffer *out, utf8proc_int32_t c, const uint8_t *at, size_t len, enum text_mode mode,
		     int *marks)
{
	if (c < 0x20 || c == 0x7f) {
		*marks = 2;
		if (mode == TEXT_BODY && (c == '\n' || c == '\t'))
			return buffer_put_u8(out, (uint8_t)c);
		return buffer_put_u8(out, '^') && buffer_put_u8(out, (uint8_t)(c ^ 0x40));
	}
	if (c < 0x7f) {
		*marks = 0;
		return buffer_put_u8(out, (uint8_t)c);
	}
	if ((c >= 0x80 && c <= 0x9f) || is_invisible(c)) {
		*marks = 2;
		return buffer_printf(out, "<%02x>", (unsigned)c);
	}
	if (c == 0xFE0F || c == 0xFE0E) /* variation selectors would make widths unpredictable */
		return true;
	if (is_mark(c)) {
		if (*marks >= 2)
			return buffer_printf(out, "<%04x>", (unsigned)c);
		++*marks;
		return buffer_append(out, at, len);
	}
	*marks = 0;
	utf8proc_category_t category = utf8proc_category(c);
	if (category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CS)
		return buffer_append_text(out, "\xef\xbf\xbd");
	return buffer_append(out, at, len);
}

bool text_sanitize(struct buffer *out, struct bytes in, enum text_mode mode)
{
	int marks = 2; /* a mark with no base before it is escaped */
	if (!buffer_reserve(out, in.len))
		return false;
	for (size_t i = 0; i < in.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(in.at + i, (utf8proc_ssize_t)(in.len - i), &c);
		if (len <= 0) {
			marks = 2;
			if (!buffer_printf(out, "<%02x>", in.at[i]))
				return false;
			i++;
			continue;
		}
		if (!put_char(out, c, in.at + i, (size_t)len, mode, &marks))
			return false;
		i += (size_t)len;
	}
	return true;
}

bool text_is_utf8(struct bytes in)
{
	for (size_t i = 0; i < in.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(in.at + i, (utf8proc_ssize_t)(in.len - i), &c);
		if (len <= 0)
			return false;
		i += (size_t)len;
	}
	return true;
}

size_t text_width(struct bytes in)
{
	size_t width = 0;
	for (size_t i = 0; i < in.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(in.at + i, (utf8proc_ssize_t)(in.len - i), &c);
		if (len <= 0) {
			width++;
			i++;
			continue;
		}
		int columns = utf8proc_charwidth(c);
		width += columns > 0 ? (size_t)columns : 0;
		i += (size_t)len;
	}
	return width;
}

void text_format_time(char out[TEXT_TIME_LEN], uint64_t at_us)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm utc;
	/* Years beyond 9999 (a hostile timestamp) would not fit RFC 3339. */
	if (at_us / 1000000 > 253402300799u || !gmtime_r(&seconds, &utc)) {
		snprintf(out, TEXT_TIME_LEN, "9999-12-31T23:59:59.999999Z");
		return;
	}
	char date[24];
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out, TEXT_TIME_LEN, "%s.%06uZ", date, (unsigned)(at_us % 1000000));
}
