/* A grid of cells, drawn by views and written to the terminal by term.c: the only way to the screen. Text from outside
 * enters as cells through text.h alone, so that nothing untrusted reaches the terminal (tui/DESIGN.md §3.11). Pure. */
#pragma once

#include "shared/base/buffer.h"

/* What a cell means; themes.def says how that looks (tui/DESIGN.md §3.15). */
enum role {
	ROLE_NORMAL,
	ROLE_DIM,
	ROLE_TITLE,
	ROLE_KEY, /* of the key bar */
	ROLE_2XX,
	ROLE_3XX,
	ROLE_4XX,
	ROLE_5XX,
	ROLE_NO_ANSWER, /* ERR, TIME */
	ROLE_PENDING,   /* wait, send */
	ROLE_BAD_SIGNATURE,
	ROLE_GOOD_SIGNATURE,
	ROLE_HIT,    /* of a search */
	ROLE_ESCAPE, /* ^[ <9b>: a byte shown by its name */
	ROLE_ADDED,
	ROLE_REMOVED,
	ROLE_NAME, /* a header's name, a JSON key */
	ROLE_STRING,
	ROLE_NUMBER,
	ROLE_OURS, /* our own words inside a document: "shown 1.0 of 96 MiB" */
	ROLE_COUNT,
};

/* What a cell stands on. Data has the terminal's own background, or the theme's. */
enum ground {
	GROUND_DATA,
	GROUND_BAR,  /* title and key bar */
	GROUND_HEAD, /* heads of columns, tabs, the line between two panes */
	GROUND_TAB,  /* the one that is open */
	GROUND_SELECTED,
	GROUND_SELECTED_ELSEWHERE, /* in the pane that keys do not go to */
	GROUND_COUNT,
};

struct cell {
	uint32_t base;    /* 0: the right half of the wide one before it */
	uint32_t mark[2]; /* combining marks, 0 for none */
	uint8_t width;    /* 1 or 2; 0 with base 0 */
	uint8_t role;     /* enum role */
	uint8_t ground;   /* enum ground */
};

struct rect {
	int x, y, width, height;
};

struct surface {
	int width, height;
	struct cell *cells;     /* row by row */
	int cursor_x, cursor_y; /* where the terminal's cursor is put: the selected row, or the prompt */
	bool cursor_shown;      /* as a bar in a prompt; else it stands there unseen for screen readers */
};

/* Sets the size and clears all cells. False when out of memory (the old size stays). */
MUST_CHECK bool surface_resize(struct surface *s, int width, int height);
void surface_free(struct surface *s);
void surface_clear(struct surface *s);
/* Each writes only inside `clip`, cut at its right edge, never half of a wide character; gives the next column. */
int surface_cells(struct surface *s, struct rect clip, int x, int y, const struct cell *cells, size_t count);
/* Untrusted text, through text_cells with TEXT_LINE. */
int surface_text(struct surface *s, struct rect clip, int x, int y, struct bytes text, enum role role);
/* Our own words. */
int surface_print(struct surface *s, struct rect clip, int x, int y, enum role role, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* A horizontal line for surface_fill: "-" where the terminal is not UTF-8, and with --ascii. */
#define SURFACE_LINE 0x110000u /* no character */
#define SURFACE_BAR 0x110001u  /* a vertical one: "|" there */
/* Triangles that point up and down: "^" and "v" there. */
#define SURFACE_UP 0x110003u
#define SURFACE_DOWN 0x110004u
/* A cell of a picture: its id in mark[0] (tui/graphics/pictures.h), its row << 16 | its column there in mark[1]. */
#define SURFACE_PIXELS 0x110002u
/* Bars: from the bottom, and from the left, + 1 to 8 eighths of a cell; of ASCII there. */
#define SURFACE_LEVEL 0x110010u
#define SURFACE_METER 0x110020u
void surface_fill(struct surface *s, struct rect area, uint32_t base, enum role role);
/* Puts what is drawn in the area on this ground; what is drawn over it later is not on it. */
void surface_ground(struct surface *s, struct rect area, enum ground ground);
