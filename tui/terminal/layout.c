#include "tui/terminal/layout.h"

/* How wide each is, and from how many columns on it is shown. */
static const struct {
	int width, from;
} fixed[COLUMN_COUNT] = {
	[COLUMN_FLAGS] = { 3, 0 },   [COLUMN_TIME] = { 8, 0 },    [COLUMN_STATUS] = { 4, 0 },
	[COLUMN_METHOD] = { 6, 64 }, [COLUMN_SOURCE] = { 8, 72 }, [COLUMN_ATTEMPTS] = { 3, 56 },
	[COLUMN_TOOK] = { 6, 52 },   [COLUMN_SIZE] = { 5, 76 },   [COLUMN_ID] = { 9, 0 },
	[COLUMN_TUNNEL] = { 12, 0 }, [COLUMN_PEER] = { 15, 0 },   [COLUMN_REPLAY_OF] = { 9, 0 },
	[COLUMN_HOST] = { 12, 0 },   [COLUMN_TAG] = { 6, 0 },
};

/* EVENT, with PATH, takes what is left between those before it and those after it. */
static const uint8_t usual[COLUMN_COUNT] = {
	COLUMN_FLAGS,     COLUMN_ID,       COLUMN_TIME, COLUMN_STATUS, COLUMN_METHOD, COLUMN_SOURCE,
	COLUMN_TUNNEL,    COLUMN_PEER,     COLUMN_HOST, COLUMN_TAG,    COLUMN_EVENT,  COLUMN_PATH,
	COLUMN_REPLAY_OF, COLUMN_ATTEMPTS, COLUMN_TOOK, COLUMN_SIZE,
};

const uint8_t *layout_usual_order(void)
{
	return usual;
}

#define FLEX_LEAST 24 /* what EVENT and PATH keep beside a column that was chosen */
#define SOURCE_MOST 14
#define HOST_MOST 30
#define TAGS_MOST 24

static int within(int wished, int least, int most)
{
	return wished > most ? most : wished > least ? wished : least;
}

static int width_of(enum column column, int columns, const struct column_wish *wish)
{
	int least = fixed[column].width;
	if (column == COLUMN_TIME && columns < 60)
		return 5;
	if (column == COLUMN_SOURCE && columns >= 90)
		return within(wish->source, least, SOURCE_MOST);
	if (column == COLUMN_HOST)
		return within(wish->host, least, HOST_MOST);
	if (column == COLUMN_TAG)
		return within(wish->tags, least, TAGS_MOST);
	return least;
}

static bool is_shown(enum column column, int columns, const struct column_wish *wish)
{
	const unsigned always = COLUMN_BIT(COLUMN_FLAGS) | COLUMN_BIT(COLUMN_TIME) | COLUMN_BIT(COLUMN_STATUS);
	return columns >= fixed[column].from && ((wish->shown | always) & COLUMN_BIT(column));
}

struct placing { /* what is free is between these */
	int left, right, columns;
};

static void place(struct placing *p, enum column column, bool from_right, const struct column_wish *wish,
		  struct column_plan *plan)
{
	int width = width_of(column, p->columns, wish);
	/* The usual ones to the right come later. */
	int later = from_right ? 0 : 17;
	if (!is_shown(column, p->columns, wish) ||
	    (column >= COLUMN_ID && p->right - p->left - width - 1 - later < FLEX_LEAST))
		return;
	p->right -= from_right ? width : 0;
	plan->at[column].x = from_right ? p->right : p->left;
	plan->at[column].width = width;
	p->right -= from_right ? 1 : 0;
	p->left += from_right ? 0 : width + 1;
}

struct column_plan layout_columns(int columns, const struct column_wish *wish)
{
	struct column_plan plan = { 0 };
	struct placing p = { 0, columns, columns };
	const uint8_t *order = wish->order && (wish->order[0] || wish->order[1]) ? wish->order : usual;
	size_t middle = 0;
	while (middle < COLUMN_COUNT - 1 && order[middle] != COLUMN_EVENT)
		middle++;
	for (size_t i = 0; i < middle; i++)
		if (order[i] != COLUMN_PATH)
			place(&p, (enum column)order[i], false, wish, &plan);
	for (size_t i = COLUMN_COUNT - 1; i > middle; i--)
		if (order[i] != COLUMN_PATH)
			place(&p, (enum column)order[i], true, wish, &plan);
	int flex = p.right - p.left;
	int event = flex;
	if (columns >= 110 && flex >= 44 && (wish->shown & COLUMN_BIT(COLUMN_PATH))) {
		event = 31 + (columns > 120 ? (columns - 120) / 3 : 0);
		event = event > 48 ? 48 : event;
		event = event > flex - 13 ? flex - 13 : event;
		plan.at[COLUMN_PATH].x = p.left + event + 1;
		plan.at[COLUMN_PATH].width = flex - event - 1;
	}
	plan.at[COLUMN_EVENT].x = p.left;
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
