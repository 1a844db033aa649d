#include "tui/compare/view_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/compare/doc_diff.h"
#include "tui/documents/pager.h"
#include "tui/terminal/text.h"
#include "tui/views/view_pager.h"
#include "tui/state/words.h"

#define BODY_MOST ((uint64_t)2 << 20) /* as much as is compared */
#define SIDE_BY_SIDE 110

struct diff_view {
	struct view view;
	int64_t id[2]; /* the older, or what it is compared with, first; [0] 0: not known yet */
	char filter[UI_FILTER_MAX];
	struct document document[2];
	char summary[2][64];
	bool have[2], none, no_memory;
	uint64_t asked;
	int asked_side;
	struct doc_diff_options options;
	struct doc *doc;
	struct pager pager;
};

static const int contexts[] = { 3, 10 };

static void drop_doc(struct diff_view *d)
{
	pager_replace(&d->pager, NULL);
	doc_free(d->doc);
	d->doc = NULL;
}

/* ---- asking ---- */

static bool wants(struct view *v, const struct ui *ui, uint64_t generation, struct view_want *out)
{
	struct diff_view *d = (struct diff_view *)v;
	int side = d->have[1] ? 0 : 1;
	(void)ui;
	if (d->asked || d->none || (d->have[0] && d->have[1]))
		return false;
	*out = (struct view_want){ .id = d->id[side], .before = d->id[1], .most = BODY_MOST };
	snprintf(out->filter, sizeof out->filter, "%s", d->filter);
	d->asked = generation;
	d->asked_side = side;
	return true;
}

static bool receive(struct view *v, uint64_t generation, struct document *fresh, int64_t found)
{
	struct diff_view *d = (struct diff_view *)v;
	int side = d->asked_side;
	if (!d->asked || generation != d->asked)
		return false;
	d->asked = 0;
	if (side == 0 && !d->id[0]) { /* which one it is */
		d->id[0] = found;
		d->none = found == 0;
		document_free(fresh);
		return true;
	}
	d->document[side] = *fresh;
	d->have[side] = true;
	return true;
}

/* ---- the document ---- */

static void summarize(struct diff_view *d, int side)
{
	char status[8], took[8], size[8];
	const struct delivery_row *row = &d->document[side].item.row;
	words_status(status, row);
	text_took(took, row->took_us);
	text_size(size, row->request_bytes);
	snprintf(d->summary[side], sizeof d->summary[side], "#%lld  %s  %s  %s", (long long)row->id, status, took,
		 size);
}

static bool ready(const struct diff_view *d)
{
	return d->have[0] && d->have[1] && !d->document[0].trouble && !d->document[1].trouble;
}

static void prepare(struct diff_view *d, int columns)
{
	struct doc_diff_side side[2];
	if (!ready(d) || d->no_memory || (d->doc && d->options.columns == columns))
		return;
	d->options.columns = columns;
	d->options.side_by_side = columns + 1 >= SIDE_BY_SIDE;
	for (int i = 0; i < 2; i++) {
		summarize(d, i);
		side[i] = (struct doc_diff_side){ .summary = bytes_of(d->summary[i]),
						  .headers = buffer_view(&d->document[i].headers),
						  .body = buffer_view(&d->document[i].body),
						  .total = d->document[i].body_size };
	}
	drop_doc(d);
	d->doc = doc_diff(&side[0], &side[1], &d->options);
	d->no_memory = !d->doc;
	pager_replace(&d->pager, d->doc);
}

/* ---- drawing ---- */

static void draw_title(const struct diff_view *d, struct surface *s, struct rect line)
{
	char right[120], context[24];
	const struct doc_diff_options *o = &d->options;
	const char *order = o->key_order ? "key order counts" : "key order ignored";
	snprintf(context, sizeof context, o->all_context ? "all" : "%d lines", o->context);
	if (line.width >= 100)
		snprintf(right, sizeof right, "  %s around each  %s  dates and ids %s ", context, order,
			 o->volatile_too ? "shown" : "hidden");
	else if (line.width >= 60)
		snprintf(right, sizeof right, "  %s%s  dates, ids %s ", context, o->key_order ? "  order counts" : "",
			 o->volatile_too ? "shown" : "hidden");
	else
		snprintf(right, sizeof right, "  %s%s%s ", o->all_context ? "all" : context,
			 o->key_order ? " order" : "", o->volatile_too ? " volatile" : "");
	int x = line.x + line.width - (int)strlen(right);
	surface_print(s, line, x, line.y, ROLE_DIM, "%s", right);
	line.width = x - line.x;
	if (!d->id[0]) {
		surface_print(s, line, line.x, line.y, ROLE_TITLE, " creel  diff #%lld", (long long)d->id[1]);
		return;
	}
	x = surface_print(s, line, line.x, line.y, ROLE_TITLE, " creel  diff #%lld -> #%lld", (long long)d->id[0],
			  (long long)d->id[1]);
	if (d->doc)
		surface_print(s, line, x, line.y, ROLE_NORMAL, "  %s", d->doc->about);
}

static void draw_trouble(const struct diff_view *d, struct surface *s, struct rect area)
{
	int y = area.y + (area.height > 2);
	for (int i = 0; i < 2; i++)
		if (d->document[i].trouble)
			surface_print(s, area, area.x, y++, ROLE_5XX, "#%lld: %s", (long long)d->id[i],
				      d->document[i].trouble);
	if (d->no_memory)
		surface_print(s, area, area.x, y, ROLE_5XX, "out of memory for this comparison");
	if (!d->none) {
		if (!ready(d) && d->asked)
			surface_print(s, area, area.x, y, ROLE_DIM, "reading...");
		return;
	}
	surface_print(s, area, area.x, y, ROLE_NORMAL, "Nothing of its kind came before #%lld.", (long long)d->id[1]);
	surface_print(s, area, area.x, y + 1, ROLE_DIM, "Mark two with m: d compares them.");
}

static void draw(struct view *v, const struct ui *ui, struct surface *s, struct rect area)
{
	struct diff_view *d = (struct diff_view *)v;
	struct rect line = { area.x, area.y, area.width, 1 };
	struct rect rest = { area.x + 1, area.y + 1, area.width - 1, area.height - 1 };
	(void)ui;
	prepare(d, rest.width);
	draw_title(d, s, line);
	surface_ground(s, line, GROUND_BAR);
	s->cursor_x = rest.x;
	s->cursor_y = rest.y;
	if (d->doc)
		pager_draw(&d->pager, s, rest, true);
	else
		draw_trouble(d, s, rest);
}

/* ---- keys ---- */

static void next_context(struct diff_view *d)
{
	struct doc_diff_options *o = &d->options;
	if (o->all_context) {
		o->all_context = false;
		o->context = contexts[0];
	} else if (o->context == contexts[0]) {
		o->context = contexts[1];
	} else {
		o->all_context = true;
	}
}

static void hunk(struct diff_view *d, bool backwards, struct effect *out)
{
	if (!d->doc)
		return;
	size_t line = doc_diff_hunk(d->doc, d->pager.line, backwards);
	if (line == d->pager.line)
		effect_say(out, "no difference %s this one", backwards ? "before" : "after");
	else
		pager_goto(&d->pager, line);
}

static void act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out)
{
	struct diff_view *d = (struct diff_view *)v;
	(void)ui;
	if (view_pager_act(&d->pager, a, count))
		return;
	switch (a) {
	case ACTION_HIT_NEXT:
	case ACTION_HIT_BACK:
		hunk(d, a == ACTION_HIT_BACK, out);
		return;
	case ACTION_CONTEXT:
		next_context(d);
		break;
	case ACTION_KEY_ORDER:
		d->options.key_order = !d->options.key_order;
		break;
	case ACTION_VOLATILE:
		d->options.volatile_too = !d->options.volatile_too;
		break;
	default:
		return;
	}
	drop_doc(d);
}

static void search(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out)
{
	view_pager_search(&((struct diff_view *)v)->pager, ui, text, backwards, out);
}

static void count_hits(struct view *v, struct ui *ui)
{
	view_pager_count(&((struct diff_view *)v)->pager, ui);
}

static void click(struct view *v, struct ui *ui, const struct view_click *at, struct effect *out)
{
	(void)ui;
	(void)out;
	if (at->y > 0)
		pager_click(&((struct diff_view *)v)->pager, at->x, at->y - 1);
}

static void close_view(struct view *v)
{
	struct diff_view *d = (struct diff_view *)v;
	drop_doc(d);
	document_free(&d->document[0]);
	document_free(&d->document[1]);
	pager_free(&d->pager);
	free(d);
}

static const struct view_ops diff_ops = {
	.draw = draw,
	.act = act,
	.click = click,
	.close = close_view,
	.search = search,
	.count = count_hits,
	.wants = wants,
	.receive = receive,
};

struct view *view_diff_new(int64_t id, int64_t other, const char *filter)
{
	struct diff_view *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->view = (struct view){ &diff_ops, CONTEXT_DIFF };
	d->id[0] = other;
	d->id[1] = id;
	d->options.context = contexts[0];
	snprintf(d->filter, sizeof d->filter, "%s", filter);
	return &d->view;
}
