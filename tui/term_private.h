/* Between term.c and input.c. */
#pragma once

/* curses.h is told that bool is C's. */
#include <stdbool.h>
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include "tui/term.h"

/* Key codes of sequences curses has no name for. */
enum { CODE_PASTE_BEGIN = 0x2000, CODE_PASTE_END, CODE_FIRST_OWN = CODE_PASTE_BEGIN };

void input_init(void);
