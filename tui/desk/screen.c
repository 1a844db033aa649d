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
	close_view(s->pane);
	s->pane = NULL;
	list_free(&s->ui.list);
	keymap_free(&s->ui.keys);
	preview_free(&s->ui.preview);
	prompt_free(&s->prompt);
	for (size_t i = 0; i < UI_EVENTS; i++)
		free(s->ui.events[i].text);
}

struct view *screen_top(const struct screen *s)
{
	if (s->depth == 1 && s->pane && s->ui.pane_focused)
		return s->pane;
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
		s->ui.pane_focused = false;
}

struct layout screen_layout(struct screen *s, int columns, int rows)
{
	struct layout_wish wish = {
		.split = s->ui.split && s->pane && s->depth == 1,
		.strip = s->ui.strip.shown,
		.prompt = s->prompt.kind != PROMPT_NONE,
	};
	struct layout l = layout_make(columns, rows, wish);
	s->ui.can_split = layout_can_split(columns, rows);
	if (!l.split)
		s->ui.pane_focused = false;
	return l;
}

/* A view over the list has all above the lines below, and a title of its own. */
static struct rect whole_area(const struct layout *l)
{
	struct rect r = l->body;
	r.y = l->title.y;
	r.height = l->body.y + l->body.height + (l->split ? l->pane.height : 0) - r.y;
	return r;
}

struct rect screen_area(const struct screen *s, const struct layout *l)
{
	if (s->depth > 1)
		return whole_area(l);
	return s->pane && s->ui.pane_focused ? l->pane : l->body;
}

static void draw_top(struct screen *s, const struct layout *l, struct surface *surface)
{
	struct ui *ui = &s->ui;
	struct view *top = s->stack[s->depth - 1];
	if (s->depth > 1) {
		top->ops->draw(top, ui, surface, whole_area(l));
		return;
	}
	list_set_height(&ui->list, l->body.height);
	bars_draw_title(ui, surface, l->title, l->filter.height == 0);
	if (l->filter.height)
		bars_draw_filter(ui, surface, l->filter);
	bars_draw_header(surface, l->header);
	top->ops->draw(top, ui, surface, l->body);
	if (l->split)
		s->pane->ops->draw(s->pane, ui, surface, l->pane);
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
	if (l.strip.height)
		bars_draw_strip(&s->ui, surface, l.strip);
	if (top->context == CONTEXT_LIST || s->ui.message[0])
		message_draw(&s->ui, surface, l.message);
	else
		bars_draw_hint(&s->ui, top->context, top->ops->search ? s->ui.search : "", surface, l.message);
	bars_draw_keys(&s->ui, top->context, view_have(top, &s->ui), surface, l.bar);
	if (s->sheet.shown)
		sheet_draw(&s->sheet, surface, whole_area(&l));
	else if (s->prompt.kind != PROMPT_NONE)
		prompt_draw(&s->prompt, &s->ui, surface, l.prompt, whole_area(&l));
}
