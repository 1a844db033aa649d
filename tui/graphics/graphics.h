/* What terminals understand that draw pictures: the sequences that ask, and how a picture is sent. Every byte that goes
 * to the terminal is made here of pixels; nothing of an image is passed on. Pure. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/readers/pixels.h"

enum graphics {
	GRAPHICS_NONE,  /* half blocks */
	GRAPHICS_SIXEL, /* DEC's, as the VT340 has them */
	GRAPHICS_KITTY, /* https://sw.kovidgoyal.net/kitty/graphics-protocol */
};

/* A part of a picture, in its pixels. */
struct graphics_part {
	int x, y, width, height;
};

/* Asks for kitty's graphics, for what a cell measures, and for the terminal's attributes (DA1), which all answer. */
#define GRAPHICS_ASK_KITTY "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
#define GRAPHICS_ASK_CELL "\x1b[16t"
#define GRAPHICS_ASK_ATTRIBUTES "\x1b[c"

enum graphics_said {
	GRAPHICS_SAID_OTHER,
	GRAPHICS_SAID_KITTY,
	GRAPHICS_SAID_SIXEL,    /* among its attributes */
	GRAPHICS_SAID_NO_SIXEL, /* its attributes, without it */
	GRAPHICS_SAID_CELL,     /* what a cell measures */
};

/* Reads an answer: `kind` is the character after its ESC ("_" or "["), `text` what follows, with the last letter of a
 * control sequence and without the end of a string. */
enum graphics_said graphics_read_answer(uint32_t kind, struct bytes text, int *cell_width, int *cell_height);

/* Each appends; false when out of memory. A part lies within the picture. */
MUST_CHECK bool graphics_put_sixel(struct buffer *out, const struct pixels *p, struct graphics_part part);
/* Sends a picture without showing it, under a number of this program. */
MUST_CHECK bool graphics_put_kitty(struct buffer *out, const struct pixels *p, uint32_t id);
/* Shows a part of it where the cursor is, which stays there; a second time it is moved. */
MUST_CHECK bool graphics_place_kitty(struct buffer *out, uint32_t id, struct graphics_part part);
/* Takes it off the screen. */
MUST_CHECK bool graphics_hide_kitty(struct buffer *out, uint32_t id);
/* And out of the terminal's memory. */
MUST_CHECK bool graphics_forget_kitty(struct buffer *out, uint32_t id);
