/* Keys and the mouse: what each means at the moment, and what follows from it. */
#include <string.h>

#include "tui/deeds/tui_deeds.h"
#include "tui/inspector/tui_inspector.h"
#include "tui/views/bars.h"
#include "tui/views/columns.h"

static bool take_digit(struct tui *t, key_code c, enum context context)
{
	if (context != CONTEXT_LIST || c < '0' || c > '9' || (c == '0' && !t->count))
		return false;
	t->count = t->count < 100000 ? t->count * 10 + (int)(c - '0') : t->count;
	tui_say(t, "%d", t->count);
	return true;
}

static bool stands_on(const struct key *key, struct rect line)
{
	return line.height && key->y == line.y && key->x >= line.x && key->x < line.x + line.width;
}

/* The lines around the views: what looks like a button is one. */
static bool click_line(struct tui *t, const struct layout *l, const struct view *top, const struct key *key)
{
	const struct ui *ui = &t->screen.ui;
	unsigned have = view_have(top, ui);
	enum action a;
	if (stands_on(key, l->bar))
		a = bars_key_at(ui, top->context, have, l->bar.width, key->x);
	else if (stands_on(key, l->message) && top->context != CONTEXT_LIST && !ui->message[0])
		a = bars_hint_at(ui, top->context, top->ops->search ? ui->search : "", l->message, key->x);
	else if (stands_on(key, l->strip))
		a = bars_strip_at(ui, l->strip, key->x);
	else if (stands_on(key, l->filter) && t->screen.depth == 1)
		a = bars_filter_at(ui, l->filter, key->x);
	else
		return false;
	if (a != ACTION_NONE && action_enabled(a, top->context, have))
		tui_effects_act(t, a, 1);
	return true;
}

/* A column's head sorts by it; once more, the other way round. */
static bool click_head(struct tui *t, const struct layout *l, const struct key *key)
{
	struct effect sort;
	if (t->screen.depth > 1 || !stands_on(key, l->header))
		return false;
	enum column column = bars_head_at(&t->screen.ui, l->header, key->x);
	if (column == COLUMN_COUNT)
		return true;
	effect_sort(&sort, columns_order(column), SORT_AS_USUAL);
	tui_effects_carry_out(t, &sort);
	return true;
}

static void on_click(struct tui *t, const struct key *key)
{
	struct screen *s = &t->screen;
	struct layout l = screen_layout(s, t->surface.width, t->surface.height);
	struct view *top = screen_top(s);
	uint64_t now = uv_now(t->deps.loop);
	bool twice = key->x == t->click_x && key->y == t->click_y && now - t->click_at_ms < 400;
	struct effect out = { 0 };
	t->click_x = key->x;
	t->click_y = key->y;
	t->click_at_ms = twice ? 0 : now;
	/* "#42 -> #405 … (Enter opens it)" */
	if (stands_on(key, l.message) && s->ui.message[0] && !t->outcome.generation && tui_outcome_open(t))
		return;
	if (click_line(t, &l, top, key) || click_head(t, &l, key))
		return;
	if (s->depth == 1)
		screen_focus(s, &l, key->x, key->y);
	top = screen_top(s);
	struct rect area = screen_area(s, &l);
	if (!top->ops->click || key->y < area.y || key->y >= area.y + area.height || key->x < area.x ||
	    key->x >= area.x + area.width)
		return;
	struct view_click at = { key->x - area.x, key->y - area.y, area.width, twice };
	top->ops->click(top, &s->ui, &at, &out);
	tui_effects_carry_out(t, &out);
}

/* In the pane under the pointer; keys go where they went before. */
static void on_wheel(struct tui *t, const struct key *key)
{
	struct screen *s = &t->screen;
	struct layout l = screen_layout(s, t->surface.width, t->surface.height);
	int focus = s->ui.focus;
	if (s->depth == 1)
		screen_focus(s, &l, key->x, key->y);
	tui_effects_act(t, key->mouse == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN, 3);
	s->ui.focus = focus;
}

static void on_mouse(struct tui *t, const struct key *key)
{
	if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN)
		on_wheel(t, key);
	else if (key->mouse == MOUSE_CLICK)
		on_click(t, key);
}

#define TWICE_MS 700
#define STAY_MS 2000

/* The same key closes what is open and, in the list, leaves: pressed once too often it leaves a little later, and
 * another key takes it back. Nothing is asked where leaving asks anyway. */
static bool pressed_once_too_often(struct tui *t, enum action a, key_code c)
{
	uint64_t now = uv_now(t->deps.loop);
	bool again = t->back_key == c && now - t->back_at_ms < TWICE_MS;
	t->back_key = a == ACTION_BACK ? c : TKEY_NONE;
	t->back_at_ms = now;
	if (a != ACTION_LEAVE || !again || t->listening || t->screen.ui.strip.running)
		return false;
	char name[KEY_NAME_LEN];
	key_to_name(c, name);
	tui_say(t, "creel ends in %d s: %s ends it now, any other key stays", STAY_MS / 1000, name);
	t->leave_at_ms = now + STAY_MS;
	return true;
}

static void on_plain_key(struct tui *t, key_code c)
{
	struct screen *s = &t->screen;
	struct view *top = screen_top(s);
	if (take_digit(t, c, top->context))
		return;
	int count = t->count ? t->count : 1;
	t->count = 0;
	s->ui.message[0] = s->ui.hits[0] = '\0';
	if (!t->outcome.generation) {
		if (c == TKEY_ENTER && tui_outcome_open(t))
			return;
		t->outcome.replay = 0;
	}
	s->ui.hits_open = false;
	enum action a = keymap_find(&s->ui.keys, top->context, c);
	if (pressed_once_too_often(t, a, c))
		return;
	if (a == ACTION_NONE) {
		char name[KEY_NAME_LEN];
		key_to_name(c, name);
		tui_say(t, "%s does nothing here: ? shows the keys", name);
	} else if (!action_enabled(a, top->context, view_have(top, &s->ui))) {
		tui_say(t, "%s: %s", action_info(a)->name, action_lacks(a, view_have(top, &s->ui)));
	} else {
		tui_effects_act(t, a, count);
	}
}

/* What is done must be seen: where nothing can be shown one can only leave. */
static void on_key_too_small(struct tui *t, const struct key *key)
{
	enum action a = keymap_find(&t->screen.ui.keys, CONTEXT_LIST, key->code);
	if (a == ACTION_LEAVE)
		a = ACTION_QUIT;
	if (a == ACTION_QUIT || a == ACTION_INTERRUPT || a == ACTION_SUSPEND)
		tui_effects_act(t, a, 1);
}

/* Text pasted where nothing is typed is not taken as keys: an r in it would send a delivery again. C-c ends one whose
 * end was lost. */
static bool drop_pasted(struct tui *t, key_code c)
{
	struct screen *s = &t->screen;
	bool was = t->pasting;
	if (c == TKEY_PASTE_BEGIN && (s->sheet.shown || s->prompt.kind == PROMPT_NONE)) {
		t->pasting = true;
		return true;
	}
	if (was && (c == TKEY_PASTE_END || c == TKEY_CTRL('c'))) {
		t->pasting = false;
		tui_say(t, "pasted text does not count as keys: press / or : first");
	}
	return was;
}

static void on_key(struct tui *t, const struct key *key)
{
	struct screen *s = &t->screen;
	struct effect out = { 0 };
	tui_draw_soon(t);
	if (key->code == TKEY_RESIZE || key->code == TKEY_BACKGROUND || drop_pasted(t, key->code))
		return;
	t->leave_at_ms = 0;
	t->open_hit = false; /* any key or click takes back the Enter typed after a search */
	if (key->code == TKEY_CTRL('l')) {
		term_repaint(t->term);
		return;
	}
	bool asked = s->sheet.shown || (s->prompt.kind != PROMPT_NONE && !s->prompt.pasting);
	if (asked && key->code == TKEY_CTRL('z')) { /* which no keymap sees then */
		tui_effects_carry_out(t, &(struct effect){ .kind = EFFECT_SUSPEND });
		return;
	}
	if (screen_layout(s, t->surface.width, t->surface.height).too_small) {
		on_key_too_small(t, key);
	} else if (s->sheet.shown) {
		sheet_key(&s->sheet, key, &out);
		tui_effects_carry_out(t, &out);
	} else if (s->prompt.kind != PROMPT_NONE) {
		prompt_key(&s->prompt, &s->ui, key, &out);
		if (out.kind == EFFECT_FILTER)
			tui_narrow_keep(t);
		else
			tui_narrow_typed(t);
		tui_effects_carry_out(t, &out);
		t->resume_follow = s->prompt.kind != PROMPT_NONE && t->resume_follow;
	} else if (key->code == TKEY_MOUSE) {
		on_mouse(t, key);
	} else {
		on_plain_key(t, key->code);
	}
}

void tui_input_ready(uv_poll_t *handle, int status, int events)
{
	struct tui *t = handle->data;
	struct key key;
	bool any = false;
	(void)events;
	while (!t->ended && term_key(t->term, &key)) {
		any = true;
		on_key(t, &key);
	}
	if (!t->ended && (status < 0 || (!any && term_gone(t->term))))
		tui_leave(t, TUI_QUIT);
}
