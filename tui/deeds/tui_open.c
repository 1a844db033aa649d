/* Opens views over the list, and closes them. */
#include <stdio.h>
#include <string.h>

#include "tui/compare/view_diff.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/detail/view_detail.h"
#include "tui/overview/view_overview.h"
#include "tui/views/view_help.h"

static void push(struct tui *t, struct view *v)
{
	if (!v)
		tui_warn(t, "out of memory for another view");
	else if (t->screen.depth == SCREEN_DEPTH)
		tui_say(t, "too many views are open: Esc goes back");
	if (v)
		screen_push(&t->screen, v);
}

/* A field of the filter, exactly: as a regular expression, so that nothing in it means anything. */
static bool put_exact(char *out, size_t room, const char *field, struct bytes value)
{
	size_t n = (size_t)snprintf(out, room, "%s:/^", field);
	for (size_t i = 0; i < value.len && n + 16 < room; i++) {
		uint8_t c = value.at[i];
		if (c < 0x20 || c == 0x7f)
			c = '.';
		else if (c == ' ')
			out[n++] = '\\', c = 's';
		else if (strchr("\\^$.|?*+()[]{}/\"", c))
			out[n++] = '\\';
		out[n++] = (char)c;
	}
	snprintf(out + n, room - n, "$/");
	return value.len + 64 < room;
}

static const struct delivery_row *row_of(const struct tui *t, int64_t id)
{
	const struct item *chosen = list_chosen(&t->screen.ui.list);
	const struct view *top = screen_top(&t->screen);
	const struct delivery_row *row = top->context == CONTEXT_DETAIL ? view_detail_row(top) : NULL;
	if (row && row->id == id)
		return row;
	return chosen && chosen->row.id == id ? &chosen->row : NULL;
}

/* A filter that finds others of the row's kind. False when it would be too long. */
static bool filter_of_kind(const struct delivery_row *row, char *out, size_t room)
{
	char event[UI_FILTER_MAX / 2], source[UI_FILTER_MAX / 4] = "";
	bool typed = row->event_type.len > 0;
	bool fine = put_exact(event, sizeof event, typed ? "event" : "path", typed ? row->event_type : row->path) &&
		    (!row->provider.len || put_exact(source, sizeof source, "source", row->provider));
	snprintf(out, room, "%s %s", event, source);
	return fine;
}

void tui_open_diff(struct tui *t, const struct effect *e)
{
	char filter[UI_FILTER_MAX] = "";
	const struct delivery_row *row = row_of(t, e->diff.id);
	long long id = (long long)e->diff.id;
	if (!e->diff.other && !row)
		tui_say(t, "#%lld is not read yet", id);
	else if (!e->diff.other && !filter_of_kind(row, filter, sizeof filter))
		tui_warn(t, "the path of #%lld is too long to look for: mark two with m", id);
	else
		push(t, view_diff_new(e->diff.id, e->diff.other, filter));
}

void tui_open_delivery(struct tui *t, int64_t id)
{
	if (!id)
		return;
	list_pause(&t->screen.ui.list);
	push(t, view_detail_new(id));
}

void tui_open(struct tui *t, const struct effect *e)
{
	struct ui *ui = &t->screen.ui;
	const struct item *chosen = list_chosen(&ui->list);
	/* It is open beside the list. */
	bool beside = t->screen.depth == 1 && t->screen.panes[0] && ui->wide && !ui->below && !ui->focus;
	if (beside && chosen && chosen->row.id == e->id) {
		list_pause(&ui->list);
		ui->focus = 1;
	} else {
		tui_open_delivery(t, e->id);
	}
}

void tui_open_goto(struct tui *t, const struct effect *e)
{
	struct screen *s = &t->screen;
	list_goto(&s->ui.list, e->id);
	if (s->depth > 1 && screen_top(s)->context == CONTEXT_DETAIL)
		view_detail_show(screen_top(s), e->id);
}

void tui_open_help(struct tui *t, const struct effect *e)
{
	const struct view *top = screen_top(&t->screen);
	(void)e;
	push(t, view_help_new(top->context, view_have(top, &t->screen.ui)));
}

void tui_open_events(struct tui *t, const struct effect *e)
{
	(void)e;
	push(t, view_events_new());
}

void tui_open_back(struct tui *t, const struct effect *e)
{
	(void)e;
	screen_pop(&t->screen);
}

void tui_open_split(struct tui *t, const struct effect *e)
{
	(void)e;
	tui_panes_split(t);
}

void tui_open_overview(struct tui *t, const struct effect *e)
{
	(void)e;
	push(t, view_overview_new());
}

void tui_open_filtered(struct tui *t, const struct effect *e)
{
	while (t->screen.depth > 1)
		screen_pop(&t->screen);
	t->screen.ui.focus = 0;
	tui_load_filter(t, e);
}
