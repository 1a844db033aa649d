/* What a terminal shows of the sequences of TERM=linux that ncurses uses: for tui-bench. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define COLUMNS_MOST 240
#define ROWS_MOST 80

struct screen {
	int columns, rows;
	char cell[ROWS_MOST][COLUMNS_MOST];
	int x, y, top, bottom;
	bool wrap;
	char sequence[64]; /* behind ESC */
	size_t length;     /* of it; SIZE_MAX: none */
	char last;
};

/* At most COLUMNS_MOST and ROWS_MOST. */
void screen_init(struct screen *s, int columns, int rows);
void screen_draw(struct screen *s, const char *text, size_t len);
