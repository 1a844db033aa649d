#include "tui/graphics/pictures.h"

#include <stdlib.h>

struct entry {
	struct picture picture;
	struct entry *next;
};

static struct {
	struct entry *first;
	uint32_t last_id;
	int cell_width, cell_height;
	bool off;
} table = { .cell_width = 1, .cell_height = 2 };

void pictures_draw(bool drawn)
{
	table.off = !drawn;
}

void pictures_set_cell(int width, int height)
{
	bool fine = width > 0 && height > 0;
	table.cell_width = fine ? width : 1;
	table.cell_height = fine ? height : 2;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static bool is_coarse(const struct picture *p)
{
	return p->cell_width == 1 && p->cell_height == 2;
}

static bool make_coarse(struct picture *p)
{
	int width = p->fine.width / p->cell_width, height = p->fine.height * 2 / p->cell_height;
	return is_coarse(p) ||
	       pixels_shrink(&p->fine, width ? width : 1, height ? least(height, p->fine.height) : 1, &p->coarse);
}

static enum pixels_result fill(struct picture *p, struct bytes image, int columns)
{
	int width = least(columns, PICTURE_COLUMNS_MOST) * p->cell_width;
	width = least(width, PICTURE_WIDTH_MOST);
	/* As wide as it may be, a picture is three quarters of that in height: of half blocks, which are square, too.
	 */
	int height = least(width * 3 / 4, PICTURE_HEIGHT_MOST);
	enum pixels_result result = pixels_read(image, width, height, &p->fine);
	if (result != PIXELS_READ)
		return result;
	p->columns = (p->fine.width + p->cell_width - 1) / p->cell_width;
	p->rows = (p->fine.height + p->cell_height - 1) / p->cell_height;
	if (make_coarse(p))
		return PIXELS_READ;
	pixels_free(&p->fine);
	return PIXELS_NO_MEMORY;
}

enum pixels_result pictures_add(struct bytes image, int columns, uint32_t *id)
{
	if (table.off)
		return PIXELS_OTHER;
	struct entry *e = calloc(1, sizeof *e);
	if (!e)
		return PIXELS_NO_MEMORY;
	e->picture.cell_width = table.cell_width;
	e->picture.cell_height = table.cell_height;
	enum pixels_result result = fill(&e->picture, image, columns);
	if (result != PIXELS_READ) {
		free(e);
		return result;
	}
	*id = e->picture.id = ++table.last_id;
	e->next = table.first;
	table.first = e;
	return PIXELS_READ;
}

const struct picture *pictures_find(uint32_t id)
{
	for (const struct entry *e = table.first; e; e = e->next)
		if (e->picture.id == id)
			return &e->picture;
	return NULL;
}

void pictures_remove(uint32_t id)
{
	for (struct entry **at = &table.first; *at; at = &(*at)->next) {
		struct entry *e = *at;
		if (e->picture.id != id)
			continue;
		*at = e->next;
		pixels_free(&e->picture.fine);
		pixels_free(&e->picture.coarse);
		free(e);
		return;
	}
}

uint32_t pictures_half(const struct picture *p, int column, int row)
{
	const struct pixels *from = p->coarse.at ? &p->coarse : &p->fine;
	if (column < 0 || row < 0 || column >= from->width || row >= from->height)
		return PIXEL_NONE;
	return from->at[(size_t)row * (size_t)from->width + (size_t)column];
}
