/* An image: what it is, above its bytes. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/readers/image.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

struct doc *doc_image(struct bytes body, uint64_t total, int columns)
{
	struct image image;
	char note[160], size[32];
	const char *why = NULL;
	if (!image_read(body, &image))
		return NULL;
	struct doc *picture = body.len == total ? doc_picture(body, columns, &why) : NULL;
	doc_amount(size, total);
	snprintf(note, sizeof note, "%s image, %" PRIu32 " x %" PRIu32 " pixels, %s%s%s", image.format, image.width,
		 image.height, size, why ? ", " : "", why ? why : "");
	struct doc *parts[] = { picture, doc_hex(body, total, columns) };
	struct doc *d = doc_under_note(note, picture ? doc_join(parts, 2) : parts[1]);
	if (d)
		snprintf(d->about, sizeof d->about, "%s image, %" PRIu32 " x %" PRIu32, image.format, image.width,
			 image.height);
	return d;
}
