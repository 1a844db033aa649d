/* Which theme is taken, and whether everything can be read in each. */
#include "tests/unit/tui/tui_golden.h"
#include "tui/terminal/theme.h"

static void test_choice(void **state)
{
	static const struct {
		struct theme_question q;
		enum theme theme;
	} cases[] = {
		{ { .colors = 256 }, THEME_DARK },
		{ { .colors = 8 }, THEME_SIXTEEN },
		{ { .colors = 0 }, THEME_MONO },
		{ { .theme = "light", .colors = 256 }, THEME_LIGHT },
		{ { .theme = "contrast", .colors = 256 }, THEME_CONTRAST },
		{ { .theme = "16", .colors = 256 }, THEME_SIXTEEN },
		{ { .theme = "16", .background_known = true, .background = 0xffffff, .colors = 256 },
		  THEME_SIXTEEN_LIGHT },
		{ { .colorfgbg = "0;15", .colors = 8 }, THEME_SIXTEEN_LIGHT },
		{ { .theme = "light", .colorfgbg = "15;0", .colors = 8 }, THEME_SIXTEEN },
		{ { .theme = "mono", .colors = 256 }, THEME_MONO },
		{ { .theme = "mono", .colors = 8 }, THEME_MONO },
		{ { .theme = "light", .colors = 8 }, THEME_SIXTEEN },
		{ { .theme = "light", .no_color = "1", .colors = 256 }, THEME_MONO },
		{ { .theme = "light", .no_color = "1", .color = "always", .colors = 256 }, THEME_LIGHT },
		{ { .no_color = "", .colors = 256 }, THEME_DARK },
		{ { .color = "never", .colors = 256 }, THEME_MONO },
		{ { .color = "always", .colors = 0 }, THEME_MONO },
		{ { .colorfgbg = "0;15", .colors = 256 }, THEME_LIGHT },
		{ { .colorfgbg = "0;default;7", .colors = 256 }, THEME_LIGHT },
		{ { .colorfgbg = "15;0", .colors = 256 }, THEME_DARK },
		{ { .colorfgbg = "15;default", .colors = 256 }, THEME_DARK },
		{ { .colorfgbg = "0;15", .background_known = true, .background = 0x1e1e1e, .colors = 256 },
		  THEME_DARK },
		{ { .background_known = true, .background = 0xfdf6e3, .colors = 256 }, THEME_LIGHT },
		{ { .background_known = true, .background = 0xffffff, .theme = "dark", .colors = 256 }, THEME_DARK },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (theme_choose(&cases[i].q) != cases[i].theme)
			fail_msg("case %zu gives theme %d", i, (int)theme_choose(&cases[i].q));
}

static void test_answers(void **state)
{
	static const struct {
		const char *text;
		uint32_t rgb;
	} good[] = {
		{ "11;rgb:1e1e/1e1e/1e1e", 0x1e1e1e },
		{ "11;rgb:ffff/FFFF/ffff", 0xffffff },
		{ "11;rgb:fd/f6/e3", 0xfdf6e3 },
		{ "11;rgb:f/0/8", 0xff0088 },
		{ "11;#282c34", 0x282c34 },
		{ "11;#28282c2c3434", 0x282c34 },
		{ "11;rgba:0000/0000/0000/ffff", 0 },
	};
	static const char *const bad[] = { "",     "11;",       "11;rgb:",         "10;rgb:0/0/0", "11;rgb:0/0",
					   "11;#", "11;#12345", "11;rgb:0/0/0;rm", "11;rgb:g/0/0", "11;rgb:00000/0/0",
					   "11;?", "11;red" };
	uint32_t rgb;
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		assert_true(theme_read_background(bytes_of(good[i].text), &rgb));
		assert_int_equal(rgb, good[i].rgb);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (theme_read_background(bytes_of(bad[i]), &rgb))
			fail_msg("\"%s\" is no background", bad[i]);
}

static void expect_readable(enum theme theme, int role, int ground, uint32_t own, double least)
{
	struct look look = theme_look(theme, (enum role)role, (enum ground)ground);
	if (look.foreground == THEME_OWN) { /* the terminal's own on its own */
		assert_int_equal(look.background, THEME_OWN);
		return;
	}
	uint32_t back = look.background == THEME_OWN ? own : theme_rgb(look.background);
	double contrast = theme_contrast(theme_rgb(look.foreground), back);
	if (contrast < least)
		fail_msg("theme %d, role %d on ground %d over %06x: %.2f", (int)theme, role, ground, (unsigned)own,
			 contrast);
}

/* Every pair that a view can draw, on the backgrounds that people have. */
static void test_contrast(void **state)
{
	static const struct {
		enum theme theme;
		uint32_t own;
		double least;
	} cases[] = { { THEME_DARK, 0x1e1e1e, 4.5 },   { THEME_DARK, 0x000000, 4.5 },
		      { THEME_DARK, 0x282c34, 4.5 },   { THEME_LIGHT, 0xffffff, 4.5 },
		      { THEME_LIGHT, 0xfdf6e3, 4.5 },  { THEME_CONTRAST, 0x000000, 7 },
		      { THEME_CONTRAST, 0xffffff, 7 }, { THEME_SIXTEEN_LIGHT, 0xffffff, 4.5 } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int role = 0; role < ROLE_COUNT; role++)
			for (int ground = 0; ground < GROUND_COUNT; ground++)
				expect_readable(cases[i].theme, role, ground, cases[i].own, cases[i].least);
	assert_true(theme_contrast(0x000000, 0xffffff) > 20.9 && theme_contrast(0x777777, 0x777777) < 1.01);
}

/* Bars and the selected row are of one ground from edge to edge, in every theme. */
static void test_grounds(void **state)
{
	(void)state;
	for (int theme = 0; theme < THEME_COUNT; theme++)
		for (int ground = GROUND_BAR; ground < GROUND_COUNT; ground++) {
			struct look first = theme_look((enum theme)theme, ROLE_NORMAL, (enum ground)ground);
			assert_true(first.background != THEME_OWN || first.reverse || first.underline);
			for (int role = 0; role < ROLE_COUNT; role++) {
				struct look look = theme_look((enum theme)theme, (enum role)role, (enum ground)ground);
				assert_int_equal(look.background, first.background);
				assert_true(look.reverse || !first.reverse);
			}
		}
	/* What must differ without colours does, and nothing there has one. */
	for (int role = 0; role < ROLE_COUNT; role++) {
		struct look mono = theme_look(THEME_MONO, (enum role)role, GROUND_DATA);
		assert_true(mono.foreground == THEME_OWN && mono.background == THEME_OWN);
		assert_true(theme_look(THEME_SIXTEEN, (enum role)role, GROUND_DATA).foreground < 8);
	}
	assert_true(theme_look(THEME_MONO, ROLE_5XX, GROUND_DATA).underline);
	assert_true(theme_look(THEME_MONO, ROLE_ESCAPE, GROUND_DATA).reverse);
	assert_int_equal(theme_look(THEME_SIXTEEN, ROLE_HIT, GROUND_DATA).background, 3);
	/* On a selected row a hit is still seen. */
	assert_true(theme_look(THEME_DARK, ROLE_HIT, GROUND_SELECTED).underline);
}

static void put_colour(struct buffer *out, short colour)
{
	assert_true(colour == THEME_OWN ? buffer_append_text(out, " own") : buffer_printf(out, "%4d", colour));
}

/* With the roles and grounds of the screens in tests/fixtures/tui these say what each cell looks like in each theme: a
 * line a role, in pairs of colours a ground, b u r d for bold, underlined, reverse and dim. */
static void test_looks(void **state)
{
	static const char *const names[THEME_COUNT] = { "dark", "light", "contrast", "16", "mono", "16-light" };
	static const char *const roles[ROLE_COUNT] = { "normal",    "dim",     "title",         "key",
						       "2xx",       "3xx",     "4xx",           "5xx",
						       "no answer", "pending", "bad signature", "good signature",
						       "hit",       "escape",  "added",         "removed",
						       "name",      "string",  "number",        "ours" };
	(void)state;
	for (int theme = 0; theme < THEME_COUNT; theme++) {
		struct buffer out = { 0 };
		char name[32];
		assert_true(buffer_append_text(&out, "                data          bar           head          tab   "
						     "        selected      elsewhere\n"));
		for (int role = 0; role < ROLE_COUNT; role++) {
			assert_true(buffer_printf(&out, "%-15s", roles[role]));
			for (int ground = 0; ground < GROUND_COUNT; ground++) {
				struct look look = theme_look((enum theme)theme, (enum role)role, (enum ground)ground);
				put_colour(&out, look.foreground);
				put_colour(&out, look.background);
				assert_true(buffer_printf(&out, " %c%c%c%c ", look.bold ? 'b' : '.',
							  look.underline ? 'u' : '.', look.reverse ? 'r' : '.',
							  look.dim ? 'd' : '.'));
			}
			out.len--;
			assert_true(buffer_put_u8(&out, '\n'));
		}
		snprintf(name, sizeof name, "looks-%s", names[theme]);
		golden_check_text(&out, name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choice), cmocka_unit_test(test_answers), cmocka_unit_test(test_contrast),
		cmocka_unit_test(test_looks),  cmocka_unit_test(test_grounds),
	};
	return RUN(tests);
}
