/* Takes over the terminal and gives it back; only the files term*.c use curses. Only the cells of a surface and a few
 * sequences of our own are written to it. One at a time in a process (curses knows one screen, and the handler for
 * crashes has to find what to restore). Loop thread. */
#pragma once

#include "shared/base/error.h"
#include "tui/terminal/key.h"
#include "tui/terminal/surface.h"

struct term;

struct term_options {
	const char *color;  /* auto, always, never; NULL is auto */
	const char *theme;  /* auto, dark, light, contrast, 16, mono; NULL is auto, which asks the terminal */
	const char *images; /* auto, kitty, sixel, blocks, off; NULL is auto, which asks as well */
	bool ascii, mouse;
};

/* NULL and *e (a sentence that names `creel list`) without a terminal, or on one that cannot move its cursor. */
struct term *term_open(const struct term_options *options, struct error *e);
/* Gives it back as it was. */
void term_close(struct term *t);
int term_fd(const struct term *t);
void term_size(const struct term *t, int *columns, int *rows);
/* After SIGWINCH: reads the size again. */
void term_resize(struct term *t);
void term_draw(struct term *t, const struct surface *s);
/* The next term_draw draws everything. */
void term_repaint(struct term *t);
/* Whether the line has 19,200 baud or less, so that drawing a screen takes seconds. */
bool term_slow(const struct term *t);
/* Whether the line has carried what was drawn last, as far as can be told. On a slow one the next drawing waits for
 * that, so that keys typed ahead are followed by one drawing and not by as many as there were keys. */
bool term_ready(const struct term *t);
/* The next key; false when none waits. Pasted text comes between TKEY_PASTE_BEGIN and TKEY_PASTE_END. */
bool term_key(struct term *t, struct key *out);
/* True when the terminal is gone. */
bool term_gone(const struct term *t);
/* For another program (an editor, a shell after C-z): term_leave puts the terminal back as it was, term_enter takes it
 * over again. */
void term_leave(struct term *t);
void term_enter(struct term *t);
/* Makes this process group the foreground again, after a program that may have left another one there. */
void term_own(void);
void term_mouse(struct term *t, bool on);
/* Copies the bytes to the clipboard, by OSC 52; false when they are too many, or the terminal is not known to
 * understand such sequences. */
bool term_clipboard(struct term *t, struct bytes b);

/* How a notice is given: BEL; OSC 9 (iTerm2, kitty, WezTerm, Windows Terminal, foot); OSC 777 (urxvt, foot, GNOME). */
enum term_notice { TERM_NOTICE_OFF, TERM_NOTICE_BELL, TERM_NOTICE_OSC9, TERM_NOTICE_OSC777 };
/* Gives notice of the text: printable ASCII without a ';'. A terminal that is not known to understand such sequences
 * gets a BEL. */
void term_notify(struct term *t, enum term_notice how, const char *text);

/* The version of ncurses, such as "6.4.20221231". Static. */
const char *term_library_version(void);
