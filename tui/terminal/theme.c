#include "tui/terminal/theme.h"

#include <math.h>
#include <string.h>

#define READABLE 4.5

/* A look in one number: the foreground, OWN above the last colour, and the background after it. */
#define OWN 0x100
#define BOLD 0x200
#define UNDERLINE 0x400
#define REVERSE 0x800
#define DIM 0x1000
#define ON(foreground, background) ((foreground) | ((background) + 1) << 16)
enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

static const int looks[ROLE_COUNT][THEME_COUNT] = {
#define THEME_ROW(id, ...) [ROLE_##id] = { __VA_ARGS__ },
#include "tui/terminal/themes.def"
#undef THEME_ROW
};
static const int grounds[GROUND_COUNT][THEME_COUNT] = {
#define GROUND_ROW(id, ...) [GROUND_##id] = { __VA_ARGS__ },
#include "tui/terminal/themes.def"
#undef GROUND_ROW
};

static struct look unpack(int packed)
{
	int background = packed >> 16;
	return (struct look){ .foreground = packed & OWN ? THEME_OWN : (short)(packed & 0xff),
			      .background = (short)(background - 1),
			      .bold = packed & BOLD,
			      .underline = packed & UNDERLINE,
			      .reverse = packed & REVERSE,
			      .dim = packed & DIM };
}

/* ---- contrast ---- */

uint32_t theme_rgb(int color)
{
	static const uint32_t first[16] = { 0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd,
					    0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
					    0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff };
	static const uint32_t levels[6] = { 0, 95, 135, 175, 215, 255 };
	if (color < 16)
		return first[color < 0 ? 0 : color];
	if (color > 231) {
		uint32_t grey = (uint32_t)(8 + (color - 232) * 10) & 0xff;
		return grey << 16 | grey << 8 | grey;
	}
	color -= 16;
	return levels[color / 36] << 16 | levels[color / 6 % 6] << 8 | levels[color % 6];
}

static double linear(uint32_t part)
{
	double c = (double)(part & 0xff) / 255;
	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t rgb)
{
	return 0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8) + 0.0722 * linear(rgb);
}

double theme_contrast(uint32_t a, uint32_t b)
{
	double x = luminance(a), y = luminance(b);
	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

bool theme_is_plain(enum theme theme)
{
	return theme >= THEME_SIXTEEN;
}

/* Of the terminal's own eight nobody knows what they look like. */
static bool readable_on(enum theme theme, int foreground, int background)
{
	double least = theme == THEME_CONTRAST ? 7 : READABLE;
	return !theme_is_plain(theme) && foreground != THEME_OWN &&
	       theme_contrast(theme_rgb(foreground), theme_rgb(background)) >= least;
}

struct look theme_look(enum theme theme, enum role role, enum ground ground)
{
	if ((unsigned)role >= ROLE_COUNT)
		role = ROLE_NORMAL;
	struct look look = unpack(looks[role][theme]), under = unpack(grounds[ground][theme]);
	bool plain = ground == GROUND_DATA;
	if (plain && theme != THEME_CONTRAST)
		return look;
	if (plain && look.background != THEME_OWN)
		return look;
	/* One ground from edge to edge: a hit is underlined there, and so is a key. Bold would do for a key, but to end
	 * it most terminals take thirty bytes, with both colours set again. */
	bool underline = look.background != THEME_OWN || role == ROLE_KEY;
	if (underline)
		look = (struct look){ .foreground = THEME_OWN, .underline = true };
	if (!readable_on(theme, look.foreground, under.background))
		look.foreground = under.foreground;
	look.background = under.background;
	look.bold = under.bold;
	look.underline = look.underline || under.underline;
	look.reverse = look.reverse || under.reverse;
	look.dim = look.dim && plain;
	return look;
}

/* ---- which theme ---- */

static enum theme theme_named(const char *name)
{
	static const char *const names[] = { "dark", "light", "contrast", "16", "mono" };
	for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum theme)i;
	return THEME_COUNT;
}

/* "15;0", "0;default;15": the last number is the background, one of 16 colours. */
static bool is_light(const struct theme_question *q)
{
	if (q->background_known) /* what is further from it than from the other end */
		return theme_contrast(q->background, 0x000000) > theme_contrast(q->background, 0xffffff);
	const char *last = q->colorfgbg ? strrchr(q->colorfgbg, ';') : NULL;
	return last && (strcmp(last, ";7") == 0 || strcmp(last, ";15") == 0);
}

enum theme theme_choose(const struct theme_question *q)
{
	bool always = q->color && strcmp(q->color, "always") == 0;
	bool never = q->color && strcmp(q->color, "never") == 0;
	enum theme named = theme_named(q->theme);
	if (never || (!always && q->no_color && *q->no_color) || q->colors < 8)
		return THEME_MONO;
	if (named == THEME_MONO)
		return THEME_MONO;
	if (named == THEME_SIXTEEN || q->colors < 256)
		return is_light(q) ? THEME_SIXTEEN_LIGHT : THEME_SIXTEEN;
	if (named != THEME_COUNT)
		return named;
	return is_light(q) ? THEME_LIGHT : THEME_DARK;
}

/* One to four hexadecimal digits as a number from 0 to 255. */
static bool read_part(struct bytes *rest, size_t most, uint32_t *part)
{
	uint32_t value = 0, top = 1;
	size_t n = 0;
	for (; n < most && n < rest->len; n++) {
		int digit = -1;
		char c = (char)(rest->at[n] | 0x20);
		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if (c >= 'a' && c <= 'f')
			digit = c - 'a' + 10;
		if (digit < 0)
			break;
		value = value << 4 | (uint32_t)digit;
		top <<= 4;
	}
	*rest = bytes_make(rest->at + n, rest->len - n);
	*part = n ? value * 255 / (top - 1) : 0;
	return n > 0;
}

static bool skip(struct bytes *rest, const char *text)
{
	size_t len = strlen(text);
	if (rest->len < len || memcmp(rest->at, text, len) != 0)
		return false;
	*rest = bytes_make(rest->at + len, rest->len - len);
	return true;
}

bool theme_read_background(struct bytes answer, uint32_t *rgb)
{
	uint32_t part[3];
	if (!skip(&answer, "11;"))
		return false;
	bool hash = skip(&answer, "#");
	if (!hash && !skip(&answer, "rgb:") && !skip(&answer, "rgba:"))
		return false;
	size_t most = hash ? answer.len / 3 : 4;
	if (most < 1 || most > 4)
		return false;
	for (int i = 0; i < 3; i++)
		if ((i && !hash && !skip(&answer, "/")) || !read_part(&answer, most, &part[i]))
			return false;
	*rgb = part[0] << 16 | part[1] << 8 | part[2];
	return answer.len == 0 || (!hash && answer.at[0] == '/');
}
