#include "tui/views/view_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/documents/styled.h"
#include "tui/views/help_text.h"
#include "tui/views/view_pager.h"
#include "tui/state/words.h"

struct help_view {
	struct view view;
	bool events;
	enum context of;
	unsigned have;
	struct doc *doc;
	struct pager pager;
	/* What it was made of. */
	size_t event_count, event_next;
	enum time_mode time;
	int columns;
};

/* ---- events ---- */

static struct doc *make_events(const struct ui *ui)
{
	struct styled *s = styled_new();
	char clock[WORDS_LEN];
	for (size_t i = 0; i < ui->event_count; i++) {
		const struct event *e = &ui->events[(ui->event_next + UI_EVENTS - ui->event_count + i) % UI_EVENTS];
		if (!e->text)
			continue;
		words_clock(clock, ui, e->at_us);
		styled_print(s, ROLE_DIM, "%s  ", clock);
		styled_put(s, ROLE_NORMAL, bytes_of(e->text));
		styled_end(s, 0);
	}
	if (!ui->event_count) {
		styled_print(s, ROLE_DIM, "Nothing yet: troubles and changes of the connection are kept here.");
		styled_end(s, 0);
	}
	return styled_doc(s);
}

/* ---- both ---- */

static void prepare(struct help_view *h, const struct ui *ui, int columns)
{
	bool new_events =
	    h->events && (h->event_count != ui->event_count || h->event_next != ui->event_next || h->time != ui->time);
	if (h->doc && !new_events && (h->events || h->columns == columns))
		return;
	struct doc *doc = h->events ? make_events(ui) : help_text(h->of, h->have, ui, columns);
	if (!doc)
		return;
	bool at_end = !h->doc || pager_at_end(&h->pager);
	doc_free(h->doc);
	h->doc = doc;
	pager_replace(&h->pager, doc);
	if (h->events && at_end)
		pager_bottom(&h->pager);
	h->event_count = ui->event_count;
	h->event_next = ui->event_next;
	h->time = ui->time;
	h->columns = columns;
}

static void draw(struct view *v, const struct ui *ui, struct surface *s, struct rect area)
{
	static const char *const of[] = { [CONTEXT_LIST] = "the list",
					  [CONTEXT_DETAIL] = "a delivery",
					  [CONTEXT_DIFF] = "a comparison",
					  [CONTEXT_HELP] = "help and events",
					  [CONTEXT_OVERVIEW] = "the overview" };
	struct help_view *h = (struct help_view *)v;
	struct rect line = { area.x, area.y, area.width, 1 };
	struct rect rest = { area.x + 1, area.y + 1, area.width - 1, area.height - 1 };
	char right[64];
	h->pager.width = rest.width;
	h->pager.height = rest.height;
	prepare(h, ui, rest.width);
	if (h->events)
		surface_print(s, line, line.x, line.y, ROLE_TITLE, " creel  events");
	else
		surface_print(s, line, line.x, line.y, ROLE_TITLE, " creel  keys of %s", of[h->of]);
	pager_draw(&h->pager, s, rest, true);
	if (pager_at_end(&h->pager))
		snprintf(right, sizeof right, "end");
	else
		snprintf(right, sizeof right, "Space: more");
	surface_print(s, line, line.x + line.width - (int)strlen(right), line.y, ROLE_DIM, "%s", right);
	surface_ground(s, line, GROUND_BAR);
}

static void act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out)
{
	struct help_view *h = (struct help_view *)v;
	if (view_pager_act(&h->pager, a, count))
		return;
	if (a == ACTION_HIT_NEXT || a == ACTION_HIT_BACK)
		view_pager_search(&h->pager, ui, "", a == ACTION_HIT_BACK, out);
}

static void count_hits(struct view *v, struct ui *ui)
{
	view_pager_count(&((struct help_view *)v)->pager, ui);
}

static void search(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out)
{
	view_pager_search(&((struct help_view *)v)->pager, ui, text, backwards, out);
}

static void close_view(struct view *v)
{
	struct help_view *h = (struct help_view *)v;
	doc_free(h->doc);
	pager_free(&h->pager);
	free(h);
}

static const struct view_ops help_ops = {
	.draw = draw,
	.act = act,
	.close = close_view,
	.search = search,
	.count = count_hits,
};

static struct view *new_view(bool events, enum context of, unsigned have)
{
	struct help_view *h = calloc(1, sizeof *h);
	if (!h)
		return NULL;
	h->view = (struct view){ &help_ops, CONTEXT_HELP };
	h->events = events;
	h->of = of;
	h->have = have;
	h->pager.quiet = h->pager.wrap = true;
	return &h->view;
}

struct view *view_help_new(enum context of, unsigned have)
{
	return new_view(false, of, have);
}

struct view *view_events_new(void)
{
	return new_view(true, CONTEXT_HELP, 0);
}
