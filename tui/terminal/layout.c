#include "tui/terminal/layout.h"

/* From the left, then from the right; between them EVENT and PATH share what is left. */
static const struct {
	enum column column;
	int width, from; /* shown from so many columns on */
	bool right;
} fixed[] = {
	{ COLUMN_FLAGS, 3, 0, false },    { COLUMN_ID, 9, 0, false },       { COLUMN_TIME, 8, 0, false },
	{ COLUMN_STATUS, 4, 0, false },   { COLUMN_METHOD, 6, 64, false },  { COLUMN_SOURCE, 8, 72, false },
	{ COLUMN_TUNNEL, 12, 0, false },  { COLUMN_PEER, 15, 0, false },    { COLUMN_HOST, 12, 0, false },
	{ COLUMN_TAG, 6, 0, false },      { COLUMN_SIZE, 5, 76, true },     { COLUMN_TOOK, 6, 52, true },
	{ COLUMN_ATTEMPTS, 3, 56, true }, { COLUMN_REPLAY_OF, 9, 0, true },
};

#define FLEX_LEAST 24 /* what EVENT and PATH keep beside a column that was chosen */
#define SOURCE_MOST 14
#define HOST_MOST 30
#define TAGS_MOST 24

static int within(int wished, int usual, int most)
{
	return wished > most ? most : wished > usual ? wished : usual;
}

static int width_of(enum column column, int usual, int columns, const struct column_wish *wish)
{
	if (column == COLUMN_TIME && columns < 60)
		return 5;
	if (column == COLUMN_SOURCE && columns >= 90)
		return within(wish->source, usual, SOURCE_MOST);
	if (column == COLUMN_HOST)
		return within(wish->host, usual, HOST_MOST);
	if (column == COLUMN_TAG)
		return within(wish->tags, usual, TAGS_MOST);
	return usual;
}

static bool is_shown(enum column column, int from, int columns, const struct column_wish *wish)
{
	const unsigned always = COLUMN_BIT(COLUMN_FLAGS) | COLUMN_BIT(COLUMN_TIME) | COLUMN_BIT(COLUMN_STATUS);
	return columns >= from && ((wish->shown | always) & COLUMN_BIT(column));
}

struct column_plan layout_columns(int columns, const struct column_wish *wish)
{
	struct column_plan plan = { 0 };
	int left = 0, right = columns;
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		int width = width_of(fixed[i].column, fixed[i].width, columns, wish);
		if (!is_shown(fixed[i].column, fixed[i].from, columns, wish))
			continue;
		/* The usual ones to the right come later. */
		int later = fixed[i].right ? 0 : 17;
		if (fixed[i].column >= COLUMN_ID && right - left - width - 1 - later < FLEX_LEAST)
			continue;
		if (fixed[i].right)
			right -= width;
		plan.at[fixed[i].column].x = fixed[i].right ? right : left;
		plan.at[fixed[i].column].width = width;
		if (fixed[i].right)
			right--;
		else
			left += width + 1;
	}
	int flex = right - left;
	int event = flex;
	if (columns >= 110 && flex >= 44 && (wish->shown & COLUMN_BIT(COLUMN_PATH))) {
		event = 31 + (columns > 120 ? (columns - 120) / 3 : 0);
		event = event > 48 ? 48 : event;
		event = event > flex - 13 ? flex - 13 : event;
		plan.at[COLUMN_PATH].x = left + event + 1;
		plan.at[COLUMN_PATH].width = flex - event - 1;
	}
	plan.at[COLUMN_EVENT].x = left;
	plan.at[COLUMN_EVENT].width = event;
	return plan;
}

int layout_room(int columns, int rows, bool below)
{
	if (columns >= LAYOUT_SIDE_COLUMNS && !below)
		return columns >= LAYOUT_THREE_COLUMNS ? 2 : 1;
	return columns >= 110 && rows >= 30 ? 1 : 0;
}

static struct rect take_top(struct rect *rest, int rows)
{
	struct rect r = { rest->x, rest->y, rest->width, rows };
	rest->y += rows;
	rest->height -= rows;
	return r;
}

static struct rect take_bottom(struct rect *rest, int rows)
{
	rest->height -= rows;
	return (struct rect){ rest->x, rest->y + rest->height, rest->width, rows };
}

#define LIST_LEAST 64 /* columns beside a delivery */

/* The list to the left, with its heads; then the panes, of the same width. */
static void put_beside(struct layout *l, struct rect rest, int share)
{
	int list = rest.width * (share ? share : 40) / 100, count = layout_room(rest.width, rest.height, false);
	struct rect left = rest;
	left.width = list < LIST_LEAST ? LIST_LEAST : list;
	int x = left.width;
	l->pane_count = count;
	for (int i = 0; i < count; i++) {
		int width = (rest.width - x - (count - i)) / (count - i);
		l->gaps[i] = (struct rect){ x, rest.y, 1, rest.height };
		l->panes[i] = (struct rect){ x + 1, rest.y, width, rest.height };
		x += 1 + width;
	}
	l->header = take_top(&left, 1);
	l->body = left;
}

struct layout layout_make(int columns, int rows, struct layout_wish wish)
{
	struct layout l = { .all = { 0, 0, columns, rows } };
	if (columns < LAYOUT_MIN_COLUMNS || rows < LAYOUT_MIN_ROWS) {
		l.too_small = true;
		return l;
	}
	struct rect rest = l.all;
	l.split = wish.split && layout_room(columns, rows, wish.below) > 0;
	bool beside = l.split && columns >= LAYOUT_SIDE_COLUMNS && !wish.below;
	l.title = take_top(&rest, 1);
	/* Below 14 rows the filter and FOLLOW stand in the title. */
	if (rows >= 14)
		l.filter = take_top(&rest, 1);
	if (!beside)
		l.header = take_top(&rest, 1);
	l.bar = take_bottom(&rest, 1);
	l.message = take_bottom(&rest, 1);
	if (wish.prompt)
		l.prompt = rows >= 30 ? take_bottom(&rest, 1) : l.message;
	if (wish.strip)
		l.strip = take_bottom(&rest, 1);
	l.whole = (struct rect){ 0, l.title.y, columns, rest.y + rest.height - l.title.y };
	if (beside) {
		put_beside(&l, rest, wish.share);
		return l;
	}
	if (l.split) {
		int list = rest.height / 3;
		l.panes[0] = take_bottom(&rest, rest.height - list);
		l.pane_count = 1;
	}
	l.body = rest;
	return l;
}
