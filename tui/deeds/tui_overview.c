/* Has the figures of an overview counted, again whenever the record changes, and stops when nobody looks at it. */
#include "tui/deeds/tui_deeds.h"
#include "tui/overview/view_overview.h"

#define AGAIN_MS 1000
#define REST 10 /* times as long as counting took */

static struct view *overview_of(const struct screen *s)
{
	for (size_t i = s->depth; i-- > 1;)
		if (s->stack[i]->context == CONTEXT_OVERVIEW)
			return s->stack[i];
	return NULL;
}

static void on_stats(void *user, uint64_t generation, struct stats_result *r)
{
	struct tui *t = user;
	struct view *v = overview_of(&t->screen);
	bool over = r->trouble || r->searched >= r->total;
	if (over && generation == t->stats_generation) {
		uint64_t now = uv_now(t->deps.loop);
		t->stats_again_ms = now + AGAIN_MS + REST * (now - t->stats_asked_ms);
		t->stats_generation = 0;
	}
	if (!v || !view_overview_receive(v, generation, r))
		stats_result_free(r);
	tui_draw_soon(t);
}

static void cancel(struct tui *t)
{
	if (t->stats_generation)
		t->deps.source->cancel_stats(t->deps.source_self, t->stats_generation);
	t->stats_generation = 0;
}

void tui_overview_wants(struct tui *t)
{
	struct view *v = overview_of(&t->screen);
	struct stats_wish wish;
	if (!v) {
		cancel(t);
		return;
	}
	if (!view_overview_wants(v, t->next_generation + 1, &wish))
		return;
	cancel(t);
	t->stats_generation = ++t->next_generation;
	t->stats_asked_ms = uv_now(t->deps.loop);
	t->deps.source->stats(t->deps.source_self, t->screen.ui.filter, &wish, t->stats_generation, on_stats, t);
}

void tui_overview_tick(struct tui *t, bool changed, uint64_t now_ms)
{
	struct view *v = overview_of(&t->screen);
	t->stats_stale = v && (t->stats_stale || changed);
	if (!t->stats_stale || t->stats_generation || now_ms < t->stats_again_ms)
		return;
	t->stats_stale = false;
	view_overview_changed(v);
}

bool tui_overview_stop(struct tui *t)
{
	struct view *v = overview_of(&t->screen);
	if (!v || screen_top(&t->screen) != v || !view_overview_stop(v))
		return false;
	cancel(t);
	tui_say(t, "stopped counting: [ ] and Tab count again");
	return true;
}
