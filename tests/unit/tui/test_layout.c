#include "tests/unit/unit.h"
#include "tui/terminal/layout.h"
#include "tui/views/columns.h"

#include <string.h>

static const struct column_wish usual = { .shown = COLUMNS_USUAL, .source = 8 };

/* Whatever is chosen, columns do not touch each other, and what happened stays readable. */
static void test_chosen(void **state)
{
	(void)state;
	for (int columns = 40; columns <= 240; columns++)
		for (unsigned shown = 0; shown < COLUMN_BIT(COLUMN_COUNT); shown += 37) {
			struct column_wish wish = {
				.shown = shown, .source = (int)(shown % 20), .host = 20, .tags = (int)(shown % 30)
			};
			struct column_plan plan = layout_columns(columns, &wish);
			static unsigned char seen[240];
			memset(seen, 0, sizeof seen);
			for (int i = 0; i < COLUMN_COUNT; i++)
				for (int x = plan.at[i].x; x < plan.at[i].x + plan.at[i].width; x++) {
					assert_true(x >= 0 && x < columns);
					assert_int_equal(seen[x]++, 0);
				}
			assert_true(plan.at[COLUMN_EVENT].width >= 12);
			assert_true(plan.at[COLUMN_STATUS].width == 4);
		}
	struct column_wish wish = { .shown = COLUMNS_USUAL | COLUMN_BIT(COLUMN_ID) | COLUMN_BIT(COLUMN_PEER),
				    .source = 12 };
	struct column_plan wide = layout_columns(160, &wish), narrow = layout_columns(64, &wish);
	assert_int_equal(wide.at[COLUMN_SOURCE].width, 12);
	assert_int_equal(wide.at[COLUMN_ID].width, 9);
	assert_int_equal(wide.at[COLUMN_PEER].width, 15);
	assert_int_equal(narrow.at[COLUMN_PEER].width, 0);
	wish.shown = 0;
	assert_int_equal(layout_columns(120, &wish).at[COLUMN_SOURCE].width, 0);
}

static void test_every_width(void **state)
{
	static const int from[COLUMN_COUNT] = { [COLUMN_METHOD] = 64,   [COLUMN_SOURCE] = 72, [COLUMN_PATH] = 110,
						[COLUMN_ATTEMPTS] = 56, [COLUMN_TOOK] = 52,   [COLUMN_SIZE] = 76 };
	static const int widths[COLUMN_COUNT] = {
		[COLUMN_FLAGS] = 3,    [COLUMN_STATUS] = 4, [COLUMN_METHOD] = 6, [COLUMN_SOURCE] = 8,
		[COLUMN_ATTEMPTS] = 3, [COLUMN_TOOK] = 6,   [COLUMN_SIZE] = 5
	};
	(void)state;
	for (int columns = 40; columns <= 200; columns++) {
		struct column_plan plan = layout_columns(columns, &usual);
		int behind = -1, used = 0;
		for (int i = 0; i <= COLUMN_SIZE; i++) {
			int x = plan.at[i].x, width = plan.at[i].width;
			assert_int_equal(width > 0, columns >= from[i]);
			if (!width)
				continue;
			assert_int_equal(x, behind + 1); /* one blank between two, none lost */
			behind = x + width;
			used += width + 1;
			if (widths[i])
				assert_int_equal(width, widths[i]);
		}
		assert_int_equal(behind, columns);
		assert_int_equal(used, columns + 1);
		assert_int_equal(plan.at[COLUMN_TIME].width, columns < 60 ? 5 : 8);
		assert_true(plan.at[COLUMN_EVENT].width >= 12);
		if (columns >= 110)
			assert_true(plan.at[COLUMN_PATH].width >= 12);
	}
	assert_int_equal(layout_columns(80, &usual).at[COLUMN_EVENT].x, 34);
	assert_int_equal(layout_columns(80, &usual).at[COLUMN_SIZE].x, 75);
	assert_int_equal(layout_columns(120, &usual).at[COLUMN_PATH].x, 66);
	assert_int_equal(layout_columns(40, &usual).at[COLUMN_EVENT].x, 15);
}

static void mark_cells(unsigned char *seen, struct rect r, int columns, int rows)
{
	assert_true(r.x >= 0 && r.y >= 0 && r.x + r.width <= columns && r.y + r.height <= rows);
	for (int y = r.y; y < r.y + r.height; y++)
		for (int x = r.x; x < r.x + r.width; x++)
			seen[y * columns + x]++;
}

static void check_size(int columns, int rows, struct layout_wish wish)
{
	struct layout l = layout_make(columns, rows, wish);
	static unsigned char seen[240 * 60];
	memset(seen, 0, sizeof seen);
	const struct rect parts[] = { l.title,    l.filter,   l.header,  l.body,    l.strip, l.message,
				      l.panes[0], l.panes[1], l.gaps[0], l.gaps[1], l.bar };
	assert_false(l.too_small);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		mark_cells(seen, parts[i], columns, rows);
	if (wish.prompt && l.prompt.y != l.message.y)
		mark_cells(seen, l.prompt, columns, rows);
	for (int i = 0; i < columns * rows; i++)
		assert_int_equal(seen[i], 1);
	assert_true(l.body.height >= 4);
	bool beside = columns >= 140 && !wish.below;
	assert_int_equal(l.split, wish.split && (beside || (columns >= 110 && rows >= 30)));
	assert_int_equal(l.pane_count, !l.split ? 0 : beside && columns >= 200 ? 2 : 1);
	if (l.split && beside)
		assert_true(l.body.width >= 64 && l.panes[0].width >= 38);
	else if (l.split)
		assert_true(l.panes[0].height >= 12);
}

/* Every cell of the screen belongs to exactly one part, at every size and with every wish. */
static void test_every_size(void **state)
{
	(void)state;
	for (int columns = 40; columns <= 240; columns += columns < 138 || columns > 202 ? 3 : 1)
		for (int rows = 10; rows <= 60; rows += rows < 32 ? 1 : 7)
			for (int w = 0; w < 16; w++)
				for (int share = 40; share <= 60; share += 10)
					check_size(columns, rows,
						   (struct layout_wish){ w & 1, w & 2, w & 4, w & 8, share });
	assert_int_equal(layout_make(80, 24, (struct layout_wish){ 0 }).body.height, 19);
	assert_int_equal(layout_make(40, 10, (struct layout_wish){ 0 }).body.height, 6);
	assert_true(layout_make(39, 10, (struct layout_wish){ 0 }).too_small);
	assert_true(layout_make(40, 9, (struct layout_wish){ 0 }).too_small);
}

/* What stands before EVENT goes to the left, what stands after it to the right. */
static void test_order(void **state)
{
	struct ui ui = { .columns = 0 };
	struct error e;
	(void)state;
	assert_true(columns_read("took tag event, id size", &ui.columns, ui.column_order, &e));
	struct column_plan p = columns_plan(&ui, 120);
	assert_int_equal(p.at[COLUMN_FLAGS].x, 0);
	assert_true(p.at[COLUMN_STATUS].x < p.at[COLUMN_TOOK].x && p.at[COLUMN_TOOK].x < p.at[COLUMN_TAG].x);
	assert_true(p.at[COLUMN_TAG].x < p.at[COLUMN_EVENT].x && p.at[COLUMN_EVENT].x < p.at[COLUMN_ID].x);
	assert_int_equal(p.at[COLUMN_SIZE].x + p.at[COLUMN_SIZE].width, 120);
	assert_int_equal(p.at[COLUMN_METHOD].width, 0);
	assert_true(columns_read("status stat", &ui.columns, ui.column_order, &e) == false);
	assert_non_null(strstr(e.text, "no column is called \"status\""));
	assert_true(columns_read("replay-of size", &ui.columns, ui.column_order, &e));
	p = columns_plan(&ui, 200);
	assert_true(p.at[COLUMN_REPLAY_OF].width && p.at[COLUMN_SIZE].x < p.at[COLUMN_EVENT].x);
	assert_int_equal(p.at[COLUMN_EVENT].x + p.at[COLUMN_EVENT].width, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_width),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_order),
	};
	return RUN(tests);
}
