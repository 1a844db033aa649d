/* What a role on a ground looks like: themes.def as a table, and the choice of the theme (tui/DESIGN.md §3.15). term.c
 * makes curses attributes of it. Pure. */
#pragma once

#include "tui/terminal/surface.h"

enum theme {
	THEME_DARK,
	THEME_LIGHT,
	THEME_CONTRAST,
	THEME_SIXTEEN,
	THEME_MONO,
	THEME_SIXTEEN_LIGHT, /* what "16" is on a light background */
	THEME_COUNT
};

#define THEME_OWN (-1) /* the terminal's own colour */

struct look {
	short foreground, background; /* of 256 colours, of the terminal's eight with 16; or THEME_OWN */
	bool bold, underline, reverse, dim;
};

/* A role keeps its foreground on a ground where it has at least 4.5:1 there; else the ground's own is taken. */
struct look theme_look(enum theme theme, enum role role, enum ground ground);

struct theme_question {
	const char *theme;     /* --theme: auto, dark, light, contrast, 16, mono; NULL is auto */
	const char *color;     /* --color: auto, always, never; NULL is auto */
	const char *no_color;  /* NO_COLOR, or NULL */
	const char *colorfgbg; /* COLORFGBG, "15;0", or NULL */
	int colors;            /* that the terminal has */
	bool background_known;
	uint32_t background; /* 0xRRGGBB, as the terminal answered */
};
/* --color=never and NO_COLOR first, then what the terminal can, then --theme, then the background. */
enum theme theme_choose(const struct theme_question *q);
/* Reads the answer to OSC 11, without its end: "11;rgb:1e1e/1e1e/1e1e", "11;#1e1e1e". False when it is not such an
 * answer. */
bool theme_read_background(struct bytes answer, uint32_t *rgb);

/* 0xRRGGBB of one of 256 colours, as xterm has them. */
uint32_t theme_rgb(int color);
/* Whether it takes the terminal's own eight colours, or none. */
bool theme_is_plain(enum theme theme);
/* The contrast of two colours, from 1 to 21, as WCAG 2 computes it. */
double theme_contrast(uint32_t a, uint32_t b);
