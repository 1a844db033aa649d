/* Sizes to rectangles and columns (tui/DESIGN.md §3.1, §3.2). Pure. */
#pragma once

#include "tui/terminal/surface.h"

#define LAYOUT_MIN_COLUMNS 40
#define LAYOUT_MIN_ROWS 10

enum column {
	COLUMN_FLAGS,
	COLUMN_TIME,
	COLUMN_STATUS,
	COLUMN_METHOD,
	COLUMN_SOURCE,
	COLUMN_EVENT, /* the event, or the path where there is none */
	COLUMN_PATH,  /* beside it, from 110 columns on */
	COLUMN_ATTEMPTS,
	COLUMN_TOOK,
	COLUMN_SIZE,
	COLUMN_COUNT,
};

struct column_plan {
	struct {
		int x, width; /* width 0: not shown */
	} at[COLUMN_COUNT];
};
struct column_plan layout_columns(int columns);

struct layout_wish {
	bool split;  /* the chosen delivery below the list, where there is room */
	bool strip;  /* the progress of a replay */
	bool prompt; /* has a row of its own where there is room; else it takes the message's */
};

struct layout { /* height 0: not shown */
	bool too_small, split;
	struct rect all, title, filter, header, body, pane, strip, prompt, message, bar;
};
struct layout layout_make(int columns, int rows, struct layout_wish wish);
bool layout_can_split(int columns, int rows);
