/* What is on the screen: the views, one over the other, and the lines around them. Pure. */
#pragma once

#include "tui/views/view.h"
#include "tui/questions/prompt.h"
#include "tui/questions/sheet.h"

#define SCREEN_DEPTH 8

struct screen {
	struct ui ui;
	struct view list;
	struct view *stack[SCREEN_DEPTH]; /* [0] is the list */
	size_t depth;
	struct view *panes[LAYOUT_PANES]; /* the delivery beside or below the list; NULL: not there */
	struct prompt prompt;
	struct sheet sheet;
};

MUST_CHECK bool screen_init(struct screen *s);
void screen_free(struct screen *s);
/* The view that keys go to. */
struct view *screen_top(const struct screen *s);
/* Takes the view; when there are too many, closes it. */
void screen_push(struct screen *s, struct view *v);
void screen_pop(struct screen *s);
struct layout screen_layout(struct screen *s, int columns, int rows);
/* The area of the top view. */
struct rect screen_area(const struct screen *s, const struct layout *l);
/* From now on keys go to the list or to the pane that has this cell. */
void screen_focus(struct screen *s, const struct layout *l, int x, int y);
void screen_draw(struct screen *s, struct surface *surface);
