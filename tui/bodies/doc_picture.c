/* What an image shows: two pixels a cell, one above the other (SURFACE_PIXELS). */
#include <stdlib.h>

#include "shared/readers/pixels.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"

#define COLUMNS_MOST 160

struct picture {
	struct doc doc;
	struct pixels pixels;
};

static size_t picture_count(struct doc *d)
{
	return ((size_t)((struct picture *)d)->pixels.height + 1) / 2;
}

static size_t picture_line(struct doc *d, size_t i, struct cell *out, size_t most)
{
	const struct pixels *p = &((struct picture *)d)->pixels;
	size_t width = (size_t)p->width, count = width < most ? width : most;
	for (size_t x = 0; x < count; x++) {
		uint32_t top = p->at[2 * i * width + x];
		uint32_t bottom = 2 * i + 1 < (size_t)p->height ? p->at[(2 * i + 1) * width + x] : PIXEL_NONE;
		out[x] = (struct cell){ .base = SURFACE_PIXELS, .mark = { top, bottom }, .width = 1 };
	}
	return count;
}

static bool picture_find(struct doc *d, struct doc_place from, bool backwards, struct bytes needle,
			 struct doc_place *out)
{
	(void)d;
	(void)from;
	(void)backwards;
	(void)needle;
	(void)out;
	return false;
}

static bool picture_value(struct doc *d, size_t i, bool path, struct buffer *out)
{
	(void)d;
	(void)i;
	(void)path;
	(void)out;
	return false;
}

static void picture_free(struct doc *d)
{
	pixels_free(&((struct picture *)d)->pixels);
	free(d);
}

static const struct doc_ops ops = {
	picture_count, picture_line, doc_fold_nothing, picture_find, doc_partner_nothing, picture_value, picture_free,
};

struct doc *doc_picture(struct bytes image, int columns, const char **why)
{
	static const char *const reasons[] = {
		[PIXELS_READ] = NULL,
		[PIXELS_OTHER] = NULL,
		[PIXELS_LEFT_OUT] = "not drawn, as this creel was built without its library",
		[PIXELS_TOO_LARGE] = "too large to be drawn",
		[PIXELS_DAMAGED] = "damaged, so not drawn",
		[PIXELS_NO_MEMORY] = "not drawn: out of memory",
	};
	int width = columns < COLUMNS_MOST ? columns : COLUMNS_MOST;
	struct pixels pixels;
	enum pixels_result result = pixels_read(image, width, width * 3 / 4, &pixels);
	*why = reasons[result];
	if (result != PIXELS_READ)
		return NULL;
	struct picture *p = calloc(1, sizeof *p);
	if (!p) {
		pixels_free(&pixels);
		return NULL;
	}
	*p = (struct picture){ .doc.ops = &ops, .pixels = pixels };
	return &p->doc;
}
