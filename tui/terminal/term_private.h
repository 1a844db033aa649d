/* Between the files term*.c. */
#pragma once

#include <sys/ioctl.h>

#include "tui/graphics/graphics.h"
#include "tui/terminal/term.h"

/* NULL when TERM names a terminal that can show screens, else why not. */
const char *term_unfit(void);

/* Key codes of sequences curses has no name for. */
enum { CODE_PASTE_BEGIN = 0x2000, CODE_PASTE_END, CODE_FIRST_OWN = CODE_PASTE_BEGIN };

/* What a terminal said of itself: `kind` is the character after the ESC, the text what follows as far as there is
 * room. */
struct term_answer {
	uint32_t kind;
	uint8_t text[64];
	size_t len;
};

void term_input_init(void);
/* True when everything has to be drawn again. */
bool term_take_answer(struct term *t, const struct term_answer *answer);

/* ---- graphics (term_graphics.c) ---- */

#define TERM_PLACED_MOST 8 /* pictures on a screen; more are drawn as half blocks */

struct placement { /* a part of a picture on the screen, from column and row of its cells on */
	uint32_t id;
	struct rect at;
	int column, row;
};

struct term_graphics {
	enum graphics how;
	bool asked;                  /* no answer came yet that ends the question */
	int cell_width, cell_height; /* 0: not known */
	struct placement placed[TERM_PLACED_MOST], before[TERM_PLACED_MOST];
	int count, before_count;
	bool changed;
	uint32_t sent[TERM_PLACED_MOST]; /* kitty has them */
	int sent_count;
};

/* What to ask the terminal, perhaps nothing. `images` is auto, kitty, sixel, blocks or off, NULL is auto; `able`:
 * whether the terminal may be sent sequences of ours, and shows colours. */
const char *term_graphics_begin(struct term_graphics *g, const char *images, bool able);
void term_graphics_resize(struct term_graphics *g, const struct winsize *size);
/* What comes of it is for pictures that are opened from now on. */
void term_graphics_answer(struct term_graphics *g, const struct term_answer *answer);
/* Before a surface is drawn: works out which pictures are graphics. `cleared`: nothing is on the screen. True when that
 * differs from what is there: lines of g->before are to be drawn again. */
bool term_graphics_plan(struct term_graphics *g, const struct surface *s, bool cleared);
/* Whether a picture's cells are left blank. */
bool term_graphics_has(const struct term_graphics *g, uint32_t id);
/* After it was drawn: appends what puts the pictures there and the cursor where it was. False when out of memory. */
MUST_CHECK bool term_graphics_put(struct term_graphics *g, int cursor_x, int cursor_y, struct buffer *out);
/* Appends what takes all of them out of the terminal. */
MUST_CHECK bool term_graphics_leave(struct term_graphics *g, struct buffer *out);
