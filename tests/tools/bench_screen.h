/* What a terminal shows of the sequences of TERM=linux that ncurses uses: for tui-bench. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define COLUMNS 80
#define ROWS 24

struct screen {
	char cell[ROWS][COLUMNS];
	int x, y, top, bottom;
	bool wrap;
	char sequence[64]; /* behind ESC */
	size_t length;     /* of it; SIZE_MAX: none */
	char last;
};

void screen_init(struct screen *s);
void screen_draw(struct screen *s, const char *text, size_t len);
