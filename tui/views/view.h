/* What every view is made of. A view draws what `struct ui` and its own state say, and answers an action with an
 * effect, which tui/inspector carries out. Pure. */
#pragma once

#include "tui/terminal/layout.h"
#include "tui/terminal/surface.h"
#include "tui/state/effect.h"
#include "tui/state/ui.h"

/* A document that a view asks for. */
struct view_want {
	int64_t id; /* 0: only the id is wanted, of the newest delivery before `before` that matches `filter` */
	int64_t before;
	char filter[UI_FILTER_MAX];
	enum source_part part;
	int attempt;
	uint64_t most;
};

struct view_click {
	int x, y, width; /* of the area, which is so wide */
	bool twice;
};

struct view;
struct view_ops {
	void (*draw)(struct view *v, const struct ui *ui, struct surface *s, struct rect area);
	/* `count`: the number typed before, 1 without. */
	void (*act)(struct view *v, struct ui *ui, enum action a, int count, struct effect *out);
	/* The delivery that actions are about; 0 for none. */
	int64_t (*current)(const struct view *v, const struct ui *ui);
	/* A click at a column and row of its area. NULL: does nothing. */
	void (*click)(struct view *v, struct ui *ui, const struct view_click *click, struct effect *out);
	void (*close)(struct view *v);
	/* An empty text: what was searched last. NULL: the list is searched instead. */
	void (*search)(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out);
	/* Goes on counting hits for a few milliseconds; called while ui->hits_open. */
	void (*count)(struct view *v, struct ui *ui);
	void (*offset)(struct view *v, struct ui *ui, const char *text, struct effect *out);
	/* True when a document is wanted, which the caller must then ask for with this generation. */
	bool (*wants)(struct view *v, const struct ui *ui, uint64_t generation, struct view_want *out);
	/* Takes the answer; false, and nothing taken, when it does not wait for that (any more). After a want by filter
	 * `found` is the id, 0 for none, and *d is empty but for its trouble. */
	bool (*receive)(struct view *v, uint64_t generation, struct document *d, int64_t found);
};
struct view { /* the first member of each */
	const struct view_ops *ops;
	enum context context;
};

/* Handles an action that means the same in all views; false when the view itself must. */
bool view_act_common(struct view *v, struct ui *ui, enum action a, struct effect *out);
/* What actions can rely on now, bits of enum have. */
unsigned view_have(const struct view *v, const struct ui *ui);
