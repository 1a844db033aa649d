/* Computes from the terminal's size where everything on the screen is (tui/DESIGN.md §3.1, §3.2). Pure. */
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
	COLUMN_ID, /* from here on only when chosen */
	COLUMN_TUNNEL,
	COLUMN_PEER,
	COLUMN_REPLAY_OF,
	COLUMN_HOST,
	COLUMN_TAG,
	COLUMN_COUNT,
};
#define COLUMN_BIT(column) (1u << (column))
#define COLUMNS_USUAL (COLUMN_BIT(COLUMN_ID) - 1)

struct column_wish {
	unsigned shown;         /* COLUMN_BIT of each that is wanted; flags, TIME, STAT and EVENT are there anyway */
	const uint8_t *order;   /* COLUMN_COUNT columns, each once; NULL or all 0: the usual order */
	int source, host, tags; /* the longest that SOURCE, HOST and TAG have on the screen */
};

struct column_plan {
	struct {
		int x, width; /* width 0: not shown */
	} at[COLUMN_COUNT];
};
/* The usual order of the columns, COLUMN_COUNT of them. */
const uint8_t *layout_usual_order(void);
struct column_plan layout_columns(int columns, const struct column_wish *wish);

#define LAYOUT_SIDE_COLUMNS 140  /* from here on the delivery stands beside the list */
#define LAYOUT_THREE_COLUMNS 200 /* and its answer beside its request */
#define LAYOUT_PANES 2

struct layout_wish {
	bool split;  /* the chosen delivery beside or below the list, where there is room */
	bool strip;  /* the progress of a replay */
	bool prompt; /* has a row of its own where there is room; else it takes the message's */
	bool below;  /* below, even where there is room beside the list */
	int share;   /* of the list, in percent, beside the delivery; 0: 40 */
};

struct layout { /* height 0: not shown */
	bool too_small, split;
	int pane_count;
	struct rect all, title, filter, header, body, strip, prompt, message, bar;
	struct rect panes[LAYOUT_PANES], gaps[LAYOUT_PANES]; /* a gap is left of its pane; none where it is below */
	struct rect whole; /* of a view over the list: from the title down to the lines at the bottom */
};
struct layout layout_make(int columns, int rows, struct layout_wish wish);
/* How many panes there is room for besides the list. */
int layout_room(int columns, int rows, bool below);
