/* What every view is made of. Views are pure: they draw what `struct ui` and their own state say, and answer an action
 * with effects, which tui.c alone carries out. */
#pragma once

#include "tui/terminal/layout.h"
#include "tui/terminal/surface.h"
#include "tui/state/effect.h"
#include "tui/state/ui.h"

/* A document a view is to be given. */
struct view_want {
	int64_t id; /* 0: the newest of `filter` before `before`, whose id is then wanted alone */
	int64_t before;
	char filter[UI_FILTER_MAX];
	enum source_part part;
	int attempt;
	uint64_t most;
};

struct view;
struct view_ops {
	void (*draw)(struct view *v, const struct ui *ui, struct surface *s, struct rect area);
	/* `count`: the number typed before, 1 without. */
	void (*act)(struct view *v, struct ui *ui, enum action a, int count, struct effect *out);
	/* The delivery actions are about; 0 for none. */
	int64_t (*current)(const struct view *v, const struct ui *ui);
	/* NULL: does nothing. A click on a row of its area. */
	void (*click)(struct view *v, struct ui *ui, int x, int y, bool twice, struct effect *out);
	void (*close)(struct view *v);
	/* NULL: the list is searched. Empty: what was searched last. */
	void (*search)(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out);
	/* Counts on what was found, a little: while ui->hits_open. */
	void (*count)(struct view *v, struct ui *ui);
	void (*offset)(struct view *v, struct ui *ui, const char *text, struct effect *out);
	/* True when a document is wanted; it then counts as asked for by that generation. */
	bool (*wants)(struct view *v, const struct ui *ui, uint64_t generation, struct view_want *out);
	/* The answer, which it takes; false when that is not what it waits for (any more). `found`: of a want by
	 * filter, the id, 0 for none; *d is then empty but for its trouble. */
	bool (*receive)(struct view *v, uint64_t generation, struct document *d, int64_t found);
};
struct view { /* the first member of each */
	const struct view_ops *ops;
	enum context context;
};

/* Actions that mean the same wherever they are enabled; false when it is the view's own. */
bool view_act_common(struct view *v, struct ui *ui, enum action a, struct effect *out);
unsigned view_have(const struct view *v, const struct ui *ui);
