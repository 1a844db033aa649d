#include "tui/desk/screen.h"

#include <stdlib.h>

#include "tui/views/bars.h"
#include "tui/views/message.h"
#include "tui/views/view_list.h"

bool screen_init(struct screen *s)
{
	*s = (struct screen){ .list = { &view_list_ops, CONTEXT_LIST }, .depth = 1 };
	s->stack[0] = &s->list;
	list_init(&s->ui.list);
	return keymap_init(&s->ui.keys);
}

static void close_view(struct view *v)
{
	if (v && v->ops->close)
		v->ops->close(v);
}

void screen_free(struct screen *s)
{
	while (s->depth > 1)
		screen_pop(s);
	for (int i = 0; i < LAYOUT_PANES; i++) {
		close_view(s->panes[i]);
		s->panes[i] = NULL;
	}
	list_free(&s->ui.list);
	keymap_free(&s->ui.keys);
	preview_free(&s->ui.preview);
	prompt_free(&s->prompt);
	for (size_t i = 0; i < UI_EVENTS; i++)
		free(s->ui.events[i].text);
}

struct view *screen_top(const struct screen *s)
{
	struct view *pane = s->ui.focus ? s->panes[s->ui.focus - 1] : NULL;
	if (s->depth == 1 && pane)
		return pane;
	return s->stack[s->depth - 1];
}

void screen_push(struct screen *s, struct view *v)
{
	if (s->depth == SCREEN_DEPTH)
		close_view(v);
	else
		s->stack[s->depth++] = v;
}

void screen_pop(struct screen *s)
{
	if (s->depth > 1)
		close_view(s->stack[--s->depth]);
	else
		s->ui.focus = 0;
}

struct layout screen_layout(struct screen *s, int columns, int rows)
{
	struct ui *ui = &s->ui;
	struct layout_wish wish = {
		.split = ui->split && s->panes[0] && s->depth == 1,
		.strip = ui->strip.shown,
		.prompt = s->prompt.kind != PROMPT_NONE,
		.below = ui->below,
		.share = ui->share,
	};
	struct layout l = layout_make(columns, rows, wish);
	ui->room = layout_room(columns, rows, ui->below);
	ui->wide = columns >= LAYOUT_SIDE_COLUMNS;
	if (ui->focus > l.pane_count && s->depth == 1)
		ui->focus = 0;
	return l;
}

struct rect screen_area(const struct screen *s, const struct layout *l)
{
	if (s->depth > 1)
		return l->whole;
	return s->ui.focus && s->panes[s->ui.focus - 1] ? l->panes[s->ui.focus - 1] : l->body;
}

void screen_focus(struct screen *s, const struct layout *l, int x, int y)
{
	s->ui.focus = 0;
	for (int i = 0; i < l->pane_count && s->depth == 1; i++) {
		const struct rect *r = &l->panes[i];
		if (s->panes[i] && x >= r->x && x < r->x + r->width && y >= r->y && y < r->y + r->height)
			s->ui.focus = i + 1;
	}
}

static void draw_top(struct screen *s, const struct layout *l, struct surface *surface)
{
	struct ui *ui = &s->ui;
	struct view *top = s->stack[s->depth - 1];
	if (s->depth > 1) {
		top->ops->draw(top, ui, surface, l->whole);
		return;
	}
	list_set_height(&ui->list, l->body.height);
	bars_draw_title(ui, surface, l->title, l->filter.height == 0);
	if (l->filter.height)
		bars_draw_filter(ui, surface, l->filter);
	bars_draw_header(ui, surface, l->header);
	top->ops->draw(top, ui, surface, l->body);
	for (int i = 0; i < l->pane_count; i++) {
		surface_fill(surface, l->gaps[i], SURFACE_BAR, ROLE_DIM);
		if (s->panes[i])
			s->panes[i]->ops->draw(s->panes[i], ui, surface, l->panes[i]);
	}
}

void screen_draw(struct screen *s, struct surface *surface)
{
	struct layout l = screen_layout(s, surface->width, surface->height);
	struct view *top = screen_top(s);
	surface_clear(surface);
	if (l.too_small) {
		bars_draw_too_small(surface);
		return;
	}
	draw_top(s, &l, surface);
	int rows = 1;
	if (top->context == CONTEXT_LIST || s->ui.message[0])
		rows = message_draw(&s->ui, surface, l.message);
	else
		bars_draw_hint(&s->ui, top->context, top->ops->search ? s->ui.search : "", surface, l.message);
	if (l.strip.height) {
		l.strip.y -= rows > 1 ? rows - 1 : 0; /* above a message of several rows, not below it */
		surface_fill(surface, l.strip, ' ', ROLE_NORMAL);
		bars_draw_strip(&s->ui, surface, l.strip);
	}
	bars_draw_keys(&s->ui, top->context, view_have(top, &s->ui), surface, l.bar);
	if (s->sheet.shown)
		sheet_draw(&s->sheet, surface, l.whole);
	else if (s->prompt.kind != PROMPT_NONE)
		prompt_draw(&s->prompt, &s->ui, surface, l.prompt, l.whole);
}
