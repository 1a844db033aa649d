#include "tui/views/view_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/documents/styled.h"
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

/* ---- help ---- */

/* Two columns, the right one broken between words. */
struct columns {
	struct styled *s;
	int width, left; /* of all, of the left one */
};

static void put_row(const struct columns *c, enum role key, enum role role, const char *left, const char *right)
{
	size_t room = c->width > c->left + 10 ? (size_t)(c->width - c->left) : 10;
	styled_print(c->s, key, "%s", left);
	if ((int)strlen(left) >= c->left)
		styled_end(c->s, 0);
	do {
		size_t len = strlen(right);
		if (len > room)
			for (len = room; len > 1 && right[len] != ' '; len--)
				;
		styled_to(c->s, c->left);
		styled_print(c->s, role, "%.*s", (int)len, right);
		styled_end(c->s, 0);
		right += len + (right[len] == ' ');
	} while (*right);
}

static void put_action(const struct columns *c, const struct ui *ui, const struct help_view *h, enum action a)
{
	char keys[80], name[60];
	const struct action_info *info = action_info(a);
	bool enabled = action_enabled(a, h->of, h->have);
	keymap_keys(&ui->keys, h->of, a, keys, sizeof keys);
	snprintf(name, sizeof name, ":%s", info->name);
	put_row(c, enabled ? ROLE_KEY : ROLE_DIM, enabled ? ROLE_NORMAL : ROLE_DIM, keys[0] ? keys : name, info->help);
}

static void put_heading(struct styled *s, const char *text)
{
	styled_print(s, ROLE_TITLE, "%s", text);
	styled_end(s, 0);
}

static void put_signs(const struct columns *c)
{
	static const char *const signs[][2] = {
		{ ">", "the delivery that is chosen" },
		{ "*", "marked" },
		{ "R", "a replay" },
		{ "+ ! -", "signature valid, not valid, not verified" },
		{ "wait send", "recorded and not sent, on its way" },
		{ "ERR TIME", "no whole answer of the app, or not in time" },
		{ "HELD", "kept until the app is back" },
	};
	styled_break(c->s);
	put_heading(c->s, "Signs of the list");
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		put_row(c, ROLE_KEY, ROLE_NORMAL, signs[i][0], signs[i][1]);
}

static void put_commands(const struct columns *c)
{
	static const char *const commands[][2] = {
		{ ":filter F", "as `creel list --filter F`" },
		{ ":goto N", "to delivery #N" },
		{ ":export FORMAT FILE", "curl, har, ndjson, http, postman, insomnia or body" },
		{ ":set mouse on", "also split, order, time" },
	};
	styled_break(c->s);
	put_heading(c->s, "Commands");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		put_row(c, ROLE_KEY, ROLE_NORMAL, commands[i][0], commands[i][1]);
}

static struct doc *make_help(const struct help_view *h, const struct ui *ui, int columns)
{
	struct columns c = { styled_new(), columns, columns < 60 ? 12 : 20 };
	for (int bound = 1; bound >= 0; bound--) { /* what has a key first */
		for (int a = 1; a < ACTION_COUNT; a++) {
			bool has = keymap_key(&ui->keys, h->of, (enum action)a, false) != TKEY_NONE;
			if ((action_info((enum action)a)->contexts & h->of) && has == (bound == 1))
				put_action(&c, ui, h, (enum action)a);
		}
	}
	put_commands(&c);
	if (h->of == CONTEXT_LIST)
		put_signs(&c);
	return styled_doc(c.s);
}

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
	struct doc *doc = h->events ? make_events(ui) : make_help(h, ui, columns);
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
