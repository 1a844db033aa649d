/* Roles to looks (tui/DESIGN.md §3.3): 256 colours, 8, or none. What term.c makes curses attributes of. Pure. */
#pragma once

#include "tui/terminal/surface.h"

enum theme_depth { THEME_MONO, THEME_8, THEME_256 };

struct look {
	short foreground, background; /* -1: the terminal's own */
	bool bold, underline, reverse, dim;
};

struct look theme_look(enum theme_depth depth, enum role role);
/* --color (auto, always, never; NULL is auto) before NO_COLOR before what the terminal can. */
enum theme_depth theme_depth_of(const char *color, const char *no_color, int terminal_colors);
