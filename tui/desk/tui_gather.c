/* Finds the deliveries an effect is about. All that match the filter take a while: what is to be done with them waits.
 */
#include <stdlib.h>
#include <string.h>

#include "tui/desk/tui_private.h"

#define GATHER_PAGE 1000
#define GATHER_MOST 100000

static bool keep_id(struct delivery_ids *ids, int64_t id)
{
	if (ids->count == ids->room) {
		size_t room = ids->room ? ids->room * 2 : 64;
		int64_t *more = realloc(ids->at, room * sizeof *more);
		if (!more)
			return false;
		ids->at = more;
		ids->room = room;
	}
	ids->at[ids->count++] = id;
	return true;
}

static void on_gathered(void *user, uint64_t generation, struct page *p);

static void gather_more(struct tui *t)
{
	const struct delivery_ids *ids = &t->ids;
	t->gathering.generation = ++t->next_generation;
	t->deps.source->page(t->deps.source_self, t->gathering.filter, ids->count ? ids->at[ids->count - 1] : 0, true,
			     GATHER_PAGE, t->gathering.generation, on_gathered, t);
}

/* Whether all of the page were taken; a sentence says why not. */
static bool take_page(struct tui *t, const struct page *p)
{
	struct delivery_ids *ids = &t->ids;
	bool fine = true;
	for (size_t i = 0; fine && i < p->count; i++)
		if (!ids->count || p->items[i].row.id > ids->at[ids->count - 1])
			fine = keep_id(ids, p->items[i].row.id);
	if (p->trouble)
		tui_warn(t, "%s", p->trouble);
	else if (!fine)
		tui_warn(t, "out of memory for %d deliveries", GATHER_MOST);
	else if (ids->count > GATHER_MOST)
		tui_warn(t, "more than %d match: narrow the filter first", GATHER_MOST);
	return fine && !p->trouble && ids->count <= GATHER_MOST;
}

static void go_on(struct tui *t, const struct effect *e, gather_then then)
{
	if (t->ids.count == 0)
		tui_warn(t, "there is no delivery to do that with");
	else
		then(t, e);
}

static void on_gathered(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct gathering *g = &t->gathering;
	if (generation != g->generation) {
		page_free(p);
		return;
	}
	if (!take_page(t, p)) {
		g->generation = 0;
	} else if (p->searched) {
		tui_say(t, "looking for all that match: %zu so far (Esc stops)", t->ids.count);
	} else if (p->more_after && p->count) {
		gather_more(t);
	} else {
		g->generation = 0;
		t->screen.ui.message[0] = '\0';
		go_on(t, &g->effect, g->then);
	}
	page_free(p);
	tui_draw_soon(t);
}

bool tui_gather_stop(struct tui *t)
{
	bool was = t->gathering.generation != 0;
	t->gathering.generation = 0; /* what still comes is dropped */
	if (was)
		tui_say(t, "stopped: nothing was done");
	return was;
}

static void gather_filtered(struct tui *t, const struct effect *e, gather_then then)
{
	struct gathering *g = &t->gathering;
	if (!t->screen.ui.filter[0]) {
		tui_warn(t, "there is no filter: f makes one, m marks");
		return;
	}
	g->effect = *e;
	g->then = then;
	memcpy(g->filter, t->screen.ui.filter, sizeof g->filter);
	tui_say(t, "looking for all that match (Esc stops)");
	gather_more(t);
}

static bool keep_marked(struct tui *t)
{
	const struct list_model *m = &t->screen.ui.list;
	const struct view *top = screen_top(&t->screen);
	int64_t current = top->ops->current ? top->ops->current(top, &t->screen.ui) : 0;
	if (!m->mark_count)
		return !current || keep_id(&t->ids, current);
	for (size_t i = 0; i < m->mark_count; i++)
		if (!keep_id(&t->ids, m->marks[i]))
			return false;
	return true;
}

void tui_gather(struct tui *t, const struct which *which, const struct effect *e, gather_then then)
{
	bool fine = true;
	t->gathering.generation = 0; /* an effect that still waited is dropped */
	if (which->kind != WHICH_ASKED)
		t->ids.count = 0;
	switch (which->kind) {
	case WHICH_ASKED:
		break;
	case WHICH_FILTERED:
		gather_filtered(t, e, then);
		return;
	case WHICH_MARKED:
		fine = keep_marked(t);
		break;
	case WHICH_ONE:
		fine = !which->id || keep_id(&t->ids, which->id);
		break;
	}
	if (fine)
		go_on(t, e, then);
	else
		tui_warn(t, "out of memory");
}

void tui_gather_end(struct tui *t)
{
	free(t->ids.at);
	t->ids = (struct delivery_ids){ 0 };
}
