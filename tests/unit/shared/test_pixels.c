#include "shared/readers/pixels.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH 9
#define HEIGHT 6

static struct bytes read_image(const char *name, uint8_t *room, size_t size)
{
	char path[100];
	snprintf(path, sizeof path, "tests/fixtures/images/%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t len = fread(room, 1, size, f);
	fclose(f);
	return bytes_make(room, len);
}

/* What all of the images show. */
static uint32_t at(int x, int y)
{
	return (uint32_t)(x * 28 % 256) << 16 | (uint32_t)(y * 50 % 256) << 8 | (uint32_t)(x * y * 7 % 256);
}

static void expect_same(const char *name, bool clear_corner, bool clear_edge)
{
	uint8_t room[8192];
	struct pixels p;
	assert_true(pixels_read(read_image(name, room, sizeof room), 100, 100, &p));
	assert_int_equal(p.width, WIDTH);
	assert_int_equal(p.height, HEIGHT);
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			bool clear = (clear_corner && x == 0 && y == 0) || (clear_edge && x == 0);
			uint32_t wanted = clear ? PIXEL_NONE : at(x, y);
			if (p.at[y * WIDTH + x] != wanted)
				fail_msg("%s at %d, %d: %x, not %x", name, x, y, p.at[y * WIDTH + x], wanted);
		}
	pixels_free(&p);
}

static void test_every_kind(void **state)
{
	(void)state;
	expect_same("rgb.png", false, false);
	expect_same("adam7.png", false, false);
	expect_same("palette.png", true, false);
	expect_same("rgba16.png", false, true);
	expect_same("flat.gif", false, false);
	expect_same("laced.gif", false, false);
}

static void test_one_bit(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	assert_true(pixels_read(read_image("grey1.png", room, sizeof room), 100, 100, &p));
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			assert_int_equal(p.at[y * WIDTH + x], (x + y) % 2 ? 0xffffff : PIXEL_NONE);
	pixels_free(&p);
}

static void test_made_smaller(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	struct bytes image = read_image("rgb.png", room, sizeof room);
	assert_true(pixels_read(image, 3, 100, &p));
	assert_int_equal(p.width, 3);
	assert_int_equal(p.height, 2);
	assert_int_equal(p.at[0],
			 28 << 16 | 50 << 8 | 7); /* the mean of nine: (0+28+56)/3, (0+50+100)/3, 7*(0+1+2)*(0+1+2)/9 */
	pixels_free(&p);
	assert_true(pixels_read(image, 100, 1, &p));
	assert_int_equal(p.width, 1);
	assert_int_equal(p.height, 1);
	pixels_free(&p);
	assert_false(pixels_read(image, 0, 1, &p));
}

/* Each beginning is read as far as it goes, or not at all. */
static void test_cut_short(void **state)
{
	static const char *const names[] = { "rgb.png", "adam7.png", "rgba16.png", "flat.gif", "laced.gif" };
	(void)state;
	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		uint8_t room[8192];
		struct bytes image = read_image(names[n], room, sizeof room);
		for (size_t len = 0; len < image.len; len++) {
			struct pixels p;
			uint8_t *copy = malloc(len ? len : 1);
			assert_non_null(copy);
			memcpy(copy, image.at, len);
			if (pixels_read(bytes_make(copy, len), 5, 5, &p))
				pixels_free(&p);
			free(copy);
		}
	}
}

static void test_too_large(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	struct bytes image = read_image("rgb.png", room, sizeof room);
	memcpy(room + 16, "\0\0\xff\xff\0\0\xff\xff", 8);
	assert_false(pixels_read(image, 100, 100, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),   cmocka_unit_test(test_one_bit),
		cmocka_unit_test(test_made_smaller), cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_too_large),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
