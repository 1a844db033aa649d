#include "shared/text/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

static bool is_invisible(utf8proc_int32_t c)
{
	return c == 0x00AD || c == 0x061C || (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
	       (c >= 0xE0000 && c <= 0xE007F) || (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
}

static struct text_unit escaped(size_t len, int digits, unsigned value, int *marks)
{
	struct text_unit u = { .kind = TEXT_ESCAPED, .len = len };
	if (digits)
		snprintf(u.name, sizeof u.name, "<%0*x>", digits, value & 0xffffff);
	else
		snprintf(u.name, sizeof u.name, "^%c", (int)(value ^ 0x40));
	u.width = (int)strlen(u.name);
	*marks = TEXT_NO_BASE;
	return u;
}

static struct text_unit take_control(uint32_t c, enum text_mode mode, int *marks)
{
	if (mode == TEXT_BODY && (c == '\n' || c == '\t')) {
		*marks = TEXT_NO_BASE;
		return (struct text_unit){ .kind = c == '\n' ? TEXT_NEWLINE : TEXT_TAB, .code = c, .len = 1 };
	}
	return escaped(1, 0, c, marks);
}

struct text_unit text_next(struct bytes in, enum text_mode mode, int *marks)
{
	struct text_unit u = { .kind = TEXT_PLAIN, .width = 1, .len = 1, .code = in.at[0] };
	if (u.code < 0x20 || u.code == 0x7f)
		return take_control(u.code, mode, marks);
	if (u.code < 0x7f) {
		*marks = 0;
		return u;
	}
	utf8proc_int32_t c;
	utf8proc_ssize_t len = utf8proc_iterate(in.at, (utf8proc_ssize_t)in.len, &c);
	if (len <= 0)
		return escaped(1, 2, in.at[0], marks);
	u.len = (size_t)len;
	u.code = (uint32_t)c;
	if (c <= 0x9f || is_invisible(c))
		return escaped(u.len, 2, u.code, marks);
	if (c == 0xFE0F || c == 0xFE0E) { /* variation selectors would make widths unpredictable */
		u.kind = TEXT_DROPPED;
		return u;
	}
	utf8proc_category_t category = utf8proc_category(c);
	if (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME) {
		if (*marks >= 2)
			return escaped(u.len, 4, u.code, marks);
		++*marks;
		u.kind = TEXT_MARK;
		u.width = 0;
		return u;
	}
	*marks = 0;
	if (category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CS) {
		u.code = 0xFFFD;
		return u;
	}
	/* utf8proc gives spacing marks no width; terminals give them a column. Nothing else may be without one. */
	int width = utf8proc_charwidth(c);
	if (width <= 0 && category != UTF8PROC_CATEGORY_MC)
		return escaped(u.len, 4, u.code, marks);
	u.width = width > 1 ? width : 1;
	return u;
}

bool text_sanitize(struct buffer *out, struct bytes in, enum text_mode mode)
{
	int marks = TEXT_NO_BASE;
	if (!buffer_reserve(out, in.len))
		return false;
	for (size_t i = 0; i < in.len;) {
		struct text_unit u = text_next(bytes_make(in.at + i, in.len - i), mode, &marks);
		bool fine = true;
		if (u.kind == TEXT_ESCAPED)
			fine = buffer_append_text(out, u.name);
		else if (u.code == 0xFFFD)
			fine = buffer_append_text(out, "\xef\xbf\xbd");
		else if (u.kind != TEXT_DROPPED)
			fine = buffer_append(out, in.at + i, u.len);
		if (!fine)
			return false;
		i += u.len;
	}
	return true;
}

static bool put_escape(struct buffer *out, uint32_t c)
{
	if (c <= 0xffff)
		return buffer_printf(out, "\\u%04x", c);
	c -= 0x10000;
	return buffer_printf(out, "\\u%04x\\u%04x", 0xd800 + (c >> 10), 0xdc00 + (c & 0x3ff));
}

bool text_guard_json(struct buffer *out, struct bytes json)
{
	int marks = TEXT_NO_BASE;
	bool fine = buffer_reserve(out, json.len);
	for (size_t i = 0; fine && i < json.len;) {
		struct bytes rest = bytes_make(json.at + i, json.len - i);
		struct text_unit u = text_next(rest, TEXT_BODY, &marks);
		utf8proc_int32_t c;
		if (u.kind != TEXT_ESCAPED && u.kind != TEXT_DROPPED && u.code != 0xFFFD)
			fine = buffer_append(out, rest.at, u.len);
		else
			fine = put_escape(
			    out, utf8proc_iterate(rest.at, (utf8proc_ssize_t)rest.len, &c) > 0 ? (uint32_t)c : 0xFFFD);
		i += u.len;
	}
	return fine;
}

size_t text_ascii_len(struct bytes in)
{
	size_t i = 0;
	for (uint64_t eight; in.len - i >= sizeof eight; i += sizeof eight) {
		memcpy(&eight, in.at + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < in.len && in.at[i] < 0x80)
		i++;
	return i;
}

bool text_is_utf8(struct bytes in)
{
	for (size_t i = text_ascii_len(in); i < in.len; i += text_ascii_len(bytes_make(in.at + i, in.len - i))) {
		utf8proc_int32_t c;
		utf8proc_ssize_t len = utf8proc_iterate(in.at + i, (utf8proc_ssize_t)(in.len - i), &c);
		if (len <= 0)
			return false;
		i += (size_t)len;
	}
	return true;
}

struct bytes text_start(struct bytes in, size_t most)
{
	if (in.len > most)
		for (in.len = most; in.len && (in.at[in.len] & 0xc0) == 0x80;)
			in.len--;
	return in;
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
