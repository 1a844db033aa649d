/* Kitty's graphics: pixels as RGBA, deflated and in base64, in pieces of 4,096 characters. q=2 keeps the terminal from
 * answering. */
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

#include "shared/text/base64.h"
#include "tui/graphics/graphics.h"

#define IDS_FROM 0x63720000u /* other programs in the same terminal begin at 1 */
#define PIECE 4096

static uint8_t *rgba_of(const struct pixels *p, size_t *len)
{
	size_t count = (size_t)p->width * (size_t)p->height;
	uint8_t *out = malloc(count * 4), *to = out;
	for (size_t i = 0; out && i < count; i++) {
		uint32_t c = p->at[i];
		bool seen = c != PIXEL_NONE;
		*to++ = (uint8_t)(seen ? c >> 16 : 0);
		*to++ = (uint8_t)(seen ? c >> 8 : 0);
		*to++ = (uint8_t)(seen ? c : 0);
		*to++ = seen ? 255 : 0;
	}
	*len = count * 4;
	return out;
}

static bool deflate_rgba(const struct pixels *p, struct buffer *out)
{
	size_t len;
	uint8_t *rgba = rgba_of(p, &len);
	uLongf packed = compressBound((uLong)len);
	bool fine =
	    rgba && buffer_reserve(out, packed) && compress2(out->at + out->len, &packed, rgba, (uLong)len, 6) == Z_OK;
	if (fine)
		out->len += packed;
	free(rgba);
	return fine;
}

bool graphics_put_kitty(struct buffer *out, const struct pixels *p, uint32_t id)
{
	struct buffer packed = { 0 }, text = { 0 };
	bool fine = deflate_rgba(p, &packed) && base64_encode(&text, buffer_view(&packed), 0);
	for (size_t at = 0; fine && at < text.len; at += PIECE) {
		size_t len = text.len - at < PIECE ? text.len - at : PIECE;
		if (at == 0)
			fine = buffer_printf(out, "\x1b_Ga=t,q=2,f=32,o=z,s=%d,v=%d,i=%" PRIu32 ",", p->width,
					     p->height, IDS_FROM + id);
		else
			fine = buffer_append_text(out, "\x1b_Gq=2,");
		fine = fine && buffer_printf(out, "m=%d;", at + len < text.len) &&
		       buffer_append(out, text.at + at, len) && buffer_append_text(out, "\x1b\\");
	}
	buffer_free(&packed);
	buffer_free(&text);
	return fine;
}

bool graphics_place_kitty(struct buffer *out, uint32_t id, struct graphics_part part)
{
	return buffer_printf(out, "\x1b_Ga=p,q=2,i=%" PRIu32 ",p=1,x=%d,y=%d,w=%d,h=%d,C=1\x1b\\", IDS_FROM + id,
			     part.x, part.y, part.width, part.height);
}

bool graphics_hide_kitty(struct buffer *out, uint32_t id)
{
	return buffer_printf(out, "\x1b_Ga=d,q=2,d=i,i=%" PRIu32 "\x1b\\", IDS_FROM + id);
}

bool graphics_forget_kitty(struct buffer *out, uint32_t id)
{
	return buffer_printf(out, "\x1b_Ga=d,q=2,d=I,i=%" PRIu32 "\x1b\\", IDS_FROM + id);
}
