/* What a body is, by its first bytes and its Content-Type. */
#include <string.h>

#include "shared/text/text.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

#define LOOK_AT ((size_t)64 << 10)

/* Valid UTF-8 with few exceptions, so that Latin-1 is read as well; a cut character at the end of the look is one. */
bool doc_is_text(struct bytes body)
{
	size_t odd = 0, len = body.len < LOOK_AT ? body.len : LOOK_AT;
	for (size_t i = 0; i < len;) {
		uint8_t c = body.at[i];
		size_t n = c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
		if (c == 0)
			return false;
		if (c >= 0x80 && !text_is_utf8(bytes_make(body.at + i, n < body.len - i ? n : body.len - i))) {
			odd++;
			n = 1;
		} else if ((c < 0x20 && !strchr("\t\n\r\f\x1b", c)) || c == 0x7f) {
			odd++;
		}
		i += n;
	}
	return odd * 10 <= len;
}

/* Without a byte order mark and blanks. */
struct bytes doc_begin(struct bytes body)
{
	size_t i = body.len >= 3 && memcmp(body.at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	while (i < body.len && body.at[i] && strchr(" \t\r\n", body.at[i]))
		i++;
	return bytes_make(body.at + i, body.len - i);
}
