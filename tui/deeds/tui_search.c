/* The search in the list: a filter of its own, one hit at a time. */
#include <stdio.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"
#include "tui/state/words.h"

static void tell_looking(struct tui *t, const struct page *p)
{
	char done[WORDS_LEN], all[WORDS_LEN];
	words_rough(done, p->searched);
	words_rough(all, p->total);
	tui_say(t, "looking for \"%s\": searched %s of %s (Esc stops)", t->screen.ui.search, done,
		p->total ? all : "?");
}

static void on_hit(void *user, uint64_t generation, struct page *p);

bool tui_search_stop(struct tui *t)
{
	if (!t->search_generation)
		return false;
	t->deps.source->cancel(t->deps.source_self, on_hit);
	t->search_generation = 0;
	t->open_hit = false;
	tui_say(t, "stopped looking for \"%s\"", t->screen.ui.search);
	return true;
}

static bool ask_hit(struct tui *t);

/* Once round, as in a document, and no further than where it began. */
static bool begin_again(struct tui *t)
{
	if (t->search_around)
		return false;
	t->search_around = true;
	return ask_hit(t);
}

static void tell_found(struct tui *t)
{
	tui_say(t, "found %s%s", t->screen.ui.search,
		!t->search_around ? ""
		: t->search_back  ? ", begun again at the oldest"
				  : ", begun again at the newest");
}

static void on_hit(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	bool current = generation == t->search_generation, ended = p->trouble || p->count || !p->searched;
	bool goes_on = current && ended && !p->trouble && !p->count && begin_again(t);
	bool open = current && p->count && t->open_hit;
	if (current && ended && !goes_on) {
		t->search_generation = 0;
		t->open_hit = false;
	}
	if (current && p->trouble)
		tui_warn(t, "%s", p->trouble);
	else if (current && p->count) {
		list_goto(&t->screen.ui.list, p->items[0].row.id);
		tell_found(t);
	} else if (current && ended && !goes_on) {
		tui_say(t, "nothing in the list has \"%s\"", t->screen.ui.search);
	} else if (current && !goes_on && !t->open_hit) { /* else the line says what Enter will do */
		tell_looking(t, p);
	}
	if (open)
		tui_open_delivery(t, p->items[0].row.id);
	page_free(p);
	tui_draw_soon(t);
}

/* In quotes, as a regular expression would be: only letters that mean nothing to the filter pass as they are. */
static bool search_filter(const struct ui *ui, const char *text, struct buffer *out)
{
	static const char *const fields[] = { "event", "target", "id" };
	struct buffer pattern = { 0 };
	bool fine = true, digits = *text != '\0';
	for (const char *c = text; fine && *c; c++) {
		digits = digits && *c >= '0' && *c <= '9';
		if (strchr("\\^$.|?*+()[]{}/\"", *c))
			fine = buffer_put_u8(&pattern, '\\');
		fine = fine && (*c == ' ' ? buffer_append_text(&pattern, "\\s") : buffer_put_u8(&pattern, (uint8_t)*c));
	}
	fine = fine && (!ui->filter[0] || buffer_printf(out, "(%s) ", ui->filter)) && buffer_put_u8(out, '(');
	for (size_t i = 0; fine && i < 2 + (digits ? 1u : 0u); i++)
		fine = i == 2 ? buffer_printf(out, " OR id:%s", text)
			      : buffer_printf(out, "%s%s:/%.*s/", i ? " OR " : "", fields[i], (int)pattern.len,
					      (const char *)pattern.at);
	fine = fine && buffer_put_u8(out, ')') && buffer_put_u8(out, 0);
	buffer_free(&pattern);
	return fine;
}

static bool ask_hit(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	struct buffer filter = { 0 };
	bool fine = search_filter(ui, ui->search, &filter);
	if (fine && t->search_around) {
		filter.len--; /* its end */
		fine = buffer_printf(&filter, " id:%s%lld", t->search_back ? "<=" : ">=", (long long)t->search_from) &&
		       buffer_put_u8(&filter, 0);
	}
	if (fine) {
		t->search_generation = ++t->next_generation;
		t->deps.source->page(t->deps.source_self, (const char *)filter.at,
				     t->search_around ? 0 : t->search_from, t->search_back, 1, t->search_generation,
				     on_hit, t);
	}
	buffer_free(&filter);
	return fine;
}

void tui_search(struct tui *t, const char *text, bool backwards)
{
	struct ui *ui = &t->screen.ui;
	const struct item *from = list_chosen(&ui->list);
	snprintf(ui->search, sizeof ui->search, "%s", text);
	if (!from)
		return;
	list_pause(&ui->list);
	t->open_hit = false;
	/* Upwards on the screen is what / does in a log: towards the older. */
	t->search_back = backwards;
	t->search_around = false;
	t->search_from = from->row.id;
	if (!ask_hit(t))
		tui_warn(t, "out of memory for a search");
}
