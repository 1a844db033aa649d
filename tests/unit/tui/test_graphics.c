/* Answers of terminals, and pictures as what is sent to them. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tui/graphics/graphics.h"
#include "tui/graphics/pictures.h"
#include "tui/terminal/term_private.h"

static enum graphics_said said(uint32_t kind, const char *text, int *width, int *height)
{
	return graphics_read_answer(kind, bytes_of(text), width, height);
}

static void test_answers(void **state)
{
	static const struct {
		uint32_t kind;
		const char *text;
		enum graphics_said said;
	} cases[] = {
		{ '_', "Gi=31;OK", GRAPHICS_SAID_KITTY },   { '_', "Gi=31;ENOENT", GRAPHICS_SAID_OTHER },
		{ '_', "", GRAPHICS_SAID_OTHER },           { '[', "?62;4;22c", GRAPHICS_SAID_SIXEL },
		{ '[', "?63;1;2;4c", GRAPHICS_SAID_SIXEL }, { '[', "?1;2c", GRAPHICS_SAID_NO_SIXEL },
		{ '[', "?4c", GRAPHICS_SAID_NO_SIXEL }, /* the first says what terminal it is */
		{ '[', "?62;44c", GRAPHICS_SAID_NO_SIXEL }, { '[', "?62;4", GRAPHICS_SAID_OTHER },
		{ '[', "?62;4;1u", GRAPHICS_SAID_OTHER },   { '[', "62;4c", GRAPHICS_SAID_OTHER },
		{ '[', "6;20;10t", GRAPHICS_SAID_CELL },    { '[', "4;20;10t", GRAPHICS_SAID_OTHER },
		{ '[', "6;20t", GRAPHICS_SAID_OTHER },      { '[', "", GRAPHICS_SAID_OTHER },
		{ ']', "?62;4c", GRAPHICS_SAID_OTHER },
	};
	int width = 0, height = 0;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (said(cases[i].kind, cases[i].text, &width, &height) != cases[i].said)
			fail_msg("%c%s", (char)cases[i].kind, cases[i].text);
	assert_int_equal(width, 10);
	assert_int_equal(height, 20);
}

static void expect(struct buffer *out, const char *text)
{
	assert_true(buffer_put_u8(out, 0));
	assert_string_equal((char *)out->at, text);
	buffer_free(out);
}

static void test_sixels(void **state)
{
	/* Red and blue, seven rows, one pixel that is clear: two bands. */
	uint32_t at[5 * 7];
	struct pixels p = { 5, 7, at };
	struct buffer out = { 0 };
	(void)state;
	for (size_t i = 0; i < 5 * 7; i++)
		at[i] = i % 5 < 4 ? 0xff0000 : 0x0000ff;
	at[5 * 6] = PIXEL_NONE;
	assert_true(graphics_put_sixel(&out, &p, (struct graphics_part){ 0, 0, 5, 7 }));
	expect(&out, "\x1bP0;1;0q\"1;1;5;7#5;2;0;0;100#210;2;100;0;0#5!4?~$#210!4~$-#5!4?@$#210?@@@$\x1b\\");
	assert_true(graphics_put_sixel(&out, &p, (struct graphics_part){ 3, 5, 2, 1 }));
	expect(&out, "\x1bP0;1;0q\"1;1;2;1#5;2;0;0;100#210;2;100;0;0#5?@$#210@$\x1b\\");
}

static void test_kitty(void **state)
{
	struct pixels p = { 40, 40, calloc(1600, sizeof(uint32_t)) };
	struct buffer out = { 0 };
	(void)state;
	assert_non_null(p.at);
	for (uint32_t i = 0; i < 1600; i++)
		p.at[i] = i * 2654435761u >> 8;
	assert_true(graphics_put_kitty(&out, &p, 3));
	static const char head[] = "\x1b_Ga=t,q=2,f=32,o=z,s=40,v=40,i=1668415491,m=1;";
	assert_memory_equal(out.at, head, sizeof head - 1);
	/* The second piece begins where 4,096 characters end. */
	assert_memory_equal(out.at + sizeof head - 1 + 4096, "\x1b\\\x1b_Gq=2,m=", 11);
	buffer_free(&out);
	assert_true(graphics_place_kitty(&out, 3, (struct graphics_part){ 1, 2, 3, 4 }));
	assert_true(graphics_hide_kitty(&out, 3) && graphics_forget_kitty(&out, 3));
	expect(&out, "\x1b_Ga=p,q=2,i=1668415491,p=1,x=1,y=2,w=3,h=4,C=1\x1b\\\x1b_Ga=d,q=2,d=i,i=1668415491\x1b\\"
		     "\x1b_Ga=d,q=2,d=I,i=1668415491\x1b\\");
	pixels_free(&p);
}

static struct bytes red_and_blue(uint8_t *room, size_t size)
{
	FILE *f = fopen("tests/fixtures/images/large.jpg", "rb");
	assert_non_null(f);
	size_t len = fread(room, 1, size, f);
	fclose(f);
	return bytes_make(room, len);
}

static void test_pictures(void **state)
{
	uint8_t room[4096];
	uint32_t id, other;
	(void)state;
	struct bytes image = red_and_blue(room, sizeof room);
	enum pixels_result result = pictures_add(image, 40, &id);
	if (result == PIXELS_LEFT_OUT)
		return;
	/* Half blocks: a pixel a column, two a row. */
	assert_int_equal(result, PIXELS_READ);
	const struct picture *p = pictures_find(id);
	assert_non_null(p);
	assert_int_equal(p->columns, 40);
	assert_int_equal(p->rows, 10);
	/* On a terminal with graphics: as large as it is, in cells of 10 x 20. */
	pictures_set_cell(10, 20);
	assert_int_equal(pictures_add(image, 100, &other), PIXELS_READ);
	assert_int_not_equal(other, id);
	p = pictures_find(other);
	assert_int_equal(p->columns, 40);
	assert_int_equal(p->rows, 10);
	assert_int_equal(p->fine.width, 400);
	assert_int_equal(p->coarse.width, 40);
	assert_int_equal(p->coarse.height, 20);
	assert_true((pictures_half(p, 1, 1) >> 16) > 0xf0);
	assert_true((pictures_half(p, 39, 19) & 0xff) > 0xf0);
	assert_int_equal(pictures_half(p, 40, 0), PIXEL_NONE);
	pictures_remove(other);
	pictures_remove(other);
	assert_null(pictures_find(other));
	assert_non_null(pictures_find(id));
	pictures_remove(id);
	pictures_set_cell(0, 0);
	assert_int_equal(pictures_add(image, 40, &id), PIXELS_READ);
	assert_int_equal(pictures_find(id)->cell_height, 2);
	pictures_remove(id);
}

/* A menu, a sheet: whatever stands over a picture, its rest is a graphic only where it is one rectangle. */
static void test_covered(void **state)
{
	static const struct {
		struct rect over;
		bool placed;
		struct rect rest; /* of the picture's cells, where it is placed */
	} cases[] = {
		{ { 0, 0, 0, 0 }, true, { 0, 0, 40, 10 } },
		{ { 10, 3, 12, 4 }, false, { 0 } },
		{ { 20, 5, 1, 1 }, false, { 0 } },
		{ { 0, 4, 40, 2 }, false, { 0 } },
		{ { 15, 0, 2, 10 }, false, { 0 } },
		{ { 0, 0, 1, 1 }, false, { 0 } },
		{ { 39, 9, 1, 1 }, false, { 0 } },
		{ { 0, 7, 40, 3 }, true, { 0, 0, 40, 7 } },
		{ { 0, 0, 40, 3 }, true, { 0, 3, 40, 7 } },
		{ { 30, 0, 10, 10 }, true, { 0, 0, 30, 10 } },
		{ { 0, 0, 10, 10 }, true, { 10, 0, 30, 10 } },
		{ { 0, 0, 40, 10 }, false, { 0 } },
	};
	struct term_graphics g = { .how = GRAPHICS_KITTY, .cell_width = 10, .cell_height = 20 };
	struct surface s = { 0 };
	uint8_t room[4096];
	uint32_t id;
	(void)state;
	pictures_set_cell(10, 20);
	enum pixels_result result = pictures_add(red_and_blue(room, sizeof room), 100, &id);
	if (result == PIXELS_LEFT_OUT)
		return;
	assert_int_equal(result, PIXELS_READ);
	assert_true(surface_resize(&s, 60, 20));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct rect *over = &cases[i].over, *rest = &cases[i].rest;
		for (uint32_t row = 0; row < 10; row++)
			for (uint32_t column = 0; column < 40; column++) {
				struct cell *c = &s.cells[(row + 2) * 60 + column + 5];
				c->base = SURFACE_PIXELS;
				c->mark[0] = id;
				c->mark[1] = row << 16 | column;
			}
		surface_fill(&s, (struct rect){ over->x + 5, over->y + 2, over->width, over->height }, ' ',
			     ROLE_NORMAL);
		(void)term_graphics_plan(&g, &s, false);
		assert_int_equal(term_graphics_has(&g, id), cases[i].placed);
		if (!cases[i].placed)
			continue;
		assert_int_equal(g.placed[0].column, rest->x);
		assert_int_equal(g.placed[0].row, rest->y);
		assert_int_equal(g.placed[0].at.x, rest->x + 5);
		assert_int_equal(g.placed[0].at.y, rest->y + 2);
		assert_int_equal(g.placed[0].at.width, rest->width);
		assert_int_equal(g.placed[0].at.height, rest->height);
	}
	surface_free(&s);
	pictures_remove(id);
	pictures_set_cell(0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),  cmocka_unit_test(test_sixels),  cmocka_unit_test(test_kitty),
		cmocka_unit_test(test_pictures), cmocka_unit_test(test_covered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
