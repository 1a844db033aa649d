#include "shared/text/html.h"

#include "shared/text/text.h"

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

static bool put(struct buffer *out, struct bytes text, enum text_mode mode)
{
	struct buffer safe = { 0 };
	bool fine = text_sanitize(&safe, text, mode) && escape(out, buffer_view(&safe));
	buffer_free(&safe);
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
