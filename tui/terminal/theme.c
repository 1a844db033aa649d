#include "tui/terminal/theme.h"

#include <string.h>

#define OWN (-1)
enum { RED = 1, GREEN = 2, YELLOW = 3, MAGENTA = 5, CYAN = 6, WHITE = 7, BLACK = 0 };

/* Not every terminal has dim; 245 is a grey that reads on black and on white. Nothing here is bare white or
 * bright yellow: the background is unknown. */
static const struct {
	struct look many, eight, none;
} looks[ROLE_COUNT] = {
	[ROLE_NORMAL] = { { .foreground = OWN }, { .foreground = OWN }, { .foreground = OWN } },
	[ROLE_DIM] = { { .foreground = 245 }, { .foreground = OWN, .dim = true }, { .dim = true } },
	[ROLE_TITLE] = { { .foreground = OWN, .bold = true }, { .foreground = OWN, .bold = true }, { .bold = true } },
	[ROLE_KEY] = { { .foreground = OWN, .bold = true }, { .foreground = OWN, .bold = true }, { .bold = true } },
	[ROLE_2XX] = { { .foreground = 71 }, { .foreground = GREEN }, { 0 } },
	[ROLE_3XX] = { { .foreground = 73 }, { .foreground = CYAN }, { 0 } },
	[ROLE_4XX] = { { .foreground = 179 }, { .foreground = YELLOW }, { .bold = true } },
	[ROLE_5XX] = { { .foreground = 167, .bold = true },
		       { .foreground = RED, .bold = true },
		       { .bold = true, .underline = true } },
	[ROLE_NO_ANSWER] = { { .foreground = 231, .background = 124 },
			     { .foreground = WHITE, .background = RED },
			     { .reverse = true } },
	[ROLE_PENDING] = { { .foreground = 245 }, { .foreground = OWN, .dim = true }, { .dim = true } },
	[ROLE_BAD_SIGNATURE] = { { .foreground = 179, .bold = true },
				 { .foreground = YELLOW, .bold = true },
				 { .bold = true } },
	[ROLE_GOOD_SIGNATURE] = { { .foreground = 71 }, { .foreground = GREEN }, { 0 } },
	[ROLE_HIT] = { { .foreground = 16, .background = 221 },
		       { .foreground = BLACK, .background = YELLOW },
		       { .underline = true, .bold = true } },
	[ROLE_ESCAPE] = { { .foreground = 139 }, { .foreground = MAGENTA }, { .reverse = true } },
	[ROLE_ADDED] = { { .foreground = 71, .bold = true }, { .foreground = GREEN, .bold = true }, { .bold = true } },
	[ROLE_REMOVED] = { { .foreground = 167 }, { .foreground = RED }, { .dim = true } },
	[ROLE_NAME] = { { .foreground = 67 }, { .foreground = CYAN }, { 0 } },
	[ROLE_STRING] = { { .foreground = 107 }, { .foreground = GREEN }, { 0 } },
	[ROLE_NUMBER] = { { .foreground = 137 }, { .foreground = YELLOW }, { 0 } },
	[ROLE_OURS] = { { .foreground = 245 }, { .foreground = OWN, .dim = true }, { .dim = true } },
};

struct look theme_look(enum theme_depth depth, enum role role)
{
	if ((unsigned)role >= ROLE_COUNT)
		role = ROLE_NORMAL;
	if (depth == THEME_MONO) {
		struct look look = looks[role].none;
		look.foreground = look.background = OWN;
		return look;
	}
	struct look look = depth == THEME_256 ? looks[role].many : looks[role].eight;
	/* Only these two stand on a colour of their own; 0 is black, so that it cannot mean "not given". */
	if (role != ROLE_NO_ANSWER && role != ROLE_HIT)
		look.background = OWN;
	return look;
}

enum theme_depth theme_depth_of(const char *color, const char *no_color, int terminal_colors)
{
	bool always = color && strcmp(color, "always") == 0;
	if (color && strcmp(color, "never") == 0)
		return THEME_MONO;
	if (!always && no_color && *no_color)
		return THEME_MONO;
	if (terminal_colors >= 256)
		return THEME_256;
	return terminal_colors >= 8 ? THEME_8 : THEME_MONO;
}
