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
	enum pixels_result result = pixels_read(read_image(name, room, sizeof room), 100, 100, &p);
	if (result == PIXELS_LEFT_OUT)
		return;
	assert_int_equal(result, PIXELS_READ);
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
	expect_same("lossless.webp", false, false);
	expect_same("clear.webp", false, true);
	expect_same("moving.webp", false, false);
}

static int apart(uint32_t a, uint32_t b)
{
	int most = 0;
	for (int shift = 0; shift < 24; shift += 8) {
		int d = abs((int)(a >> shift & 0xff) - (int)(b >> shift & 0xff));
		most = d > most ? d : most;
	}
	return most;
}

/* Formats that lose something: the mean of how far each pixel is off. */
static void expect_near(const char *name, int most)
{
	uint8_t room[8192];
	struct pixels p;
	enum pixels_result result = pixels_read(read_image(name, room, sizeof room), 100, 100, &p);
	if (result == PIXELS_LEFT_OUT)
		return;
	assert_int_equal(result, PIXELS_READ);
	assert_int_equal(p.width, WIDTH);
	assert_int_equal(p.height, HEIGHT);
	int sum = 0;
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			sum += apart(p.at[y * WIDTH + x], at(x, y));
	if (sum > most * WIDTH * HEIGHT)
		fail_msg("%s is off by %d", name, sum / WIDTH / HEIGHT);
	pixels_free(&p);
}

static void test_kinds_that_lose(void **state)
{
	(void)state;
	expect_near("baseline.jpg", 8);
	expect_near("progressive.jpg", 8);
	expect_near("cmyk.jpg", 16);
	expect_near("lossy.webp", 60); /* half the colours, at this size */
}

/* What is read at an eighth of its size. */
static void test_scaled_as_it_is_read(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	enum pixels_result result = pixels_read(read_image("large.jpg", room, sizeof room), 40, 40, &p);
	if (result == PIXELS_LEFT_OUT)
		return;
	assert_int_equal(result, PIXELS_READ);
	assert_int_equal(p.width, 40);
	assert_int_equal(p.height, 20);
	assert_true(apart(p.at[5 * 40 + 5], 0xff0000) < 8);
	assert_true(apart(p.at[15 * 40 + 35], 0x0000ff) < 8);
	pixels_free(&p);
}

static void test_shrunk(void **state)
{
	uint32_t at[] = { 0xff0000, 0xff0000, 0x0000ff, PIXEL_NONE, 0x100000, 0x300000, PIXEL_NONE, PIXEL_NONE };
	struct pixels p = { 4, 2, at }, small;
	(void)state;
	assert_true(pixels_shrink(&p, 2, 2, &small));
	assert_int_equal(small.at[0], 0xff0000);
	assert_int_equal(small.at[1], 0x0000ff);
	assert_int_equal(small.at[2], 0x200000);
	assert_int_equal(small.at[3], PIXEL_NONE);
	pixels_free(&small);
}

static void test_one_bit(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	assert_int_equal(pixels_read(read_image("grey1.png", room, sizeof room), 100, 100, &p), PIXELS_READ);
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
	assert_int_equal(pixels_read(image, 3, 100, &p), PIXELS_READ);
	assert_int_equal(p.width, 3);
	assert_int_equal(p.height, 2);
	assert_int_equal(p.at[0],
			 28 << 16 | 50 << 8 | 7); /* the mean of nine: (0+28+56)/3, (0+50+100)/3, 7*(0+1+2)*(0+1+2)/9 */
	pixels_free(&p);
	assert_int_equal(pixels_read(image, 100, 1, &p), PIXELS_READ);
	assert_int_equal(p.width, 1);
	assert_int_equal(p.height, 1);
	pixels_free(&p);
	assert_int_equal(pixels_read(image, 0, 1, &p), PIXELS_OTHER);
}

/* Each beginning is read as far as it goes, or not at all. */
static void test_cut_short(void **state)
{
	static const char *const names[] = { "rgb.png",       "adam7.png",    "rgba16.png",      "flat.gif",
					     "laced.gif",     "baseline.jpg", "progressive.jpg", "cmyk.jpg",
					     "lossless.webp", "lossy.webp",   "moving.webp" };
	(void)state;
	for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
		uint8_t room[8192];
		struct bytes image = read_image(names[n], room, sizeof room);
		for (size_t len = 0; len < image.len; len++) {
			struct pixels p;
			uint8_t *copy = malloc(len ? len : 1);
			assert_non_null(copy);
			memcpy(copy, image.at, len);
			if (pixels_read(bytes_make(copy, len), 5, 5, &p) == PIXELS_READ)
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
	assert_int_equal(pixels_read(image, 100, 100, &p), PIXELS_TOO_LARGE);
	image = read_image("baseline.jpg", room, sizeof room);
	uint8_t *frame = memmem(room, image.len, "\xff\xc0", 2);
	assert_non_null(frame);
	memcpy(frame + 5, "\x3a\x98\x3a\x98", 4);
	enum pixels_result result = pixels_read(image, 100, 100, &p);
	assert_true(result == PIXELS_TOO_LARGE || result == PIXELS_LEFT_OUT);
	/* Of a progressive one all is kept while it is read. */
	image = read_image("progressive.jpg", room, sizeof room);
	frame = memmem(room, image.len, "\xff\xc2", 2);
	assert_non_null(frame);
	memcpy(frame + 5, "\x13\x88\x13\x88", 4);
	result = pixels_read(image, 100, 100, &p);
	assert_true(result == PIXELS_TOO_LARGE || result == PIXELS_LEFT_OUT);
}

static void test_damaged(void **state)
{
	uint8_t room[8192];
	struct pixels p;
	(void)state;
	struct bytes image = read_image("lossless.webp", room, sizeof room);
	memset(room + 25, 0xff, image.len - 25);
	enum pixels_result result = pixels_read(image, 100, 100, &p);
	assert_true(result == PIXELS_DAMAGED || result == PIXELS_LEFT_OUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_one_bit),
		cmocka_unit_test(test_made_smaller),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_kinds_that_lose),
		cmocka_unit_test(test_scaled_as_it_is_read),
		cmocka_unit_test(test_shrunk),
		cmocka_unit_test(test_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
