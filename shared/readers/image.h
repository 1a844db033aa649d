/* What an image's first bytes say of it: PNG (W3C PNG §11.2.2), GIF89a, JPEG (ITU T.81 annex B), WebP (RFC 9649),
 * BMP and AVIF. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

struct image {
	const char *format; /* "PNG" */
	uint32_t width, height;
};

/* False when it is none of these, or ends before it says how large it is. */
bool image_read(struct bytes in, struct image *out);
