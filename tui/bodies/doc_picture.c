/* What an image shows, in cells that refer to its picture (SURFACE_PIXELS). */
#include <stdlib.h>

#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"
#include "tui/graphics/pictures.h"

struct picture_doc {
	struct doc doc;
	uint32_t id;
	int columns, rows;
};

static size_t picture_count(struct doc *d)
{
	return (size_t)((struct picture_doc *)d)->rows;
}

static size_t picture_line(struct doc *d, size_t i, struct cell *out, size_t most)
{
	const struct picture_doc *p = (struct picture_doc *)d;
	size_t width = (size_t)p->columns, count = width < most ? width : most;
	for (size_t x = 0; x < count; x++)
		out[x] =
		    (struct cell){ .base = SURFACE_PIXELS, .mark = { p->id, (uint32_t)(i << 16 | x) }, .width = 1 };
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
	pictures_remove(((struct picture_doc *)d)->id);
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
	uint32_t id;
	enum pixels_result result = pictures_add(image, columns, &id);
	*why = reasons[result];
	if (result != PIXELS_READ)
		return NULL;
	const struct picture *picture = pictures_find(id);
	struct picture_doc *p = calloc(1, sizeof *p);
	if (!p || !picture) {
		pictures_remove(id);
		free(p);
		return NULL;
	}
	*p = (struct picture_doc){ { .ops = &ops }, id, picture->columns, picture->rows };
	return &p->doc;
}
