#include "shared/text/html.h"

#include "shared/text/text.h"

#define LEFT_TO_RIGHT_MARK "\xe2\x80\x8e"

static bool escape(struct buffer *out, struct bytes text)
{
	bool fine = true;
	for (size_t i = 0; fine && i < text.len; i++) {
		switch (text.at[i]) {
		case '&':
			fine = buffer_append_text(out, "&amp;");
			break;
		case '<':
			fine = buffer_append_text(out, "&lt;");
			break;
		case '>':
			fine = buffer_append_text(out, "&gt;");
			break;
		case '"':
			fine = buffer_append_text(out, "&quot;");
			break;
		case '\'':
			fine = buffer_append_text(out, "&#39;");
			break;
		default:
			fine = buffer_put_u8(out, text.at[i]);
		}
	}
	return fine;
}

static bool is_right_to_left(uint32_t c)
{
	return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) || (c >= 0xfe70 && c <= 0xfeff) ||
	       (c >= 0x10800 && c <= 0x10fff) || (c >= 0x1e800 && c <= 0x1efff);
}

static bool put(struct buffer *out, struct bytes text, enum text_mode mode)
{
	int marks = TEXT_NO_BASE;
	bool turned = false, fine = true;
	for (size_t i = 0; fine && i < text.len;) {
		struct bytes rest = bytes_make(text.at + i, text.len - i);
		struct text_unit u = text_next(rest, mode, &marks);
		turned = turned || is_right_to_left(u.code);
		/* Behind Hebrew and the like a browser would lay out the parts of a name from right to left. */
		if (u.kind == TEXT_ESCAPED)
			fine = (!turned || buffer_append_text(out, LEFT_TO_RIGHT_MARK)) &&
			       escape(out, bytes_of(u.name)) &&
			       (!turned || buffer_append_text(out, LEFT_TO_RIGHT_MARK));
		else if (u.code == 0xFFFD)
			fine = buffer_append_text(out, "\xef\xbf\xbd");
		else if (u.kind != TEXT_DROPPED)
			fine = escape(out, bytes_make(rest.at, u.len));
		i += u.len;
	}
	return fine;
}

bool html_text(struct buffer *out, struct bytes text)
{
	return put(out, text, TEXT_LINE);
}

bool html_body(struct buffer *out, struct bytes text)
{
	return put(out, text, TEXT_BODY);
}
