/* Between term.c and term_input.c. */
#pragma once

#include "tui/terminal/term.h"

/* NULL when TERM names a terminal that can show screens, else why not. */
const char *term_unfit(void);

/* Key codes of sequences curses has no name for. */
enum { CODE_PASTE_BEGIN = 0x2000, CODE_PASTE_END, CODE_FIRST_OWN = CODE_PASTE_BEGIN };

void term_input_init(void);
/* Takes what the terminal answered about itself (the text of an OSC). True when everything has to be drawn again. */
bool term_take_answer(struct term *t, struct bytes answer);
