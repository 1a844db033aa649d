#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/desk/tui_private.h"
#include "tui/state/words.h"

static struct list_model *list_of(struct tui *t)
{
	return &t->screen.ui.list;
}

/* :goto says so when it ended elsewhere. */
static void tell_missed(struct tui *t)
{
	struct list_model *m = list_of(t);
	long long missed = m->missed;
	char nearest[40] = "";
	if (!missed || m->wanted == LIST_LOAD_NEWEST || m->partial)
		return;
	m->missed = 0;
	if (m->chosen)
		snprintf(nearest, sizeof nearest, ": the nearest is #%lld", (long long)m->chosen);
	if (t->screen.ui.filter[0])
		tui_say(t, false, "#%lld is not among what the filter shows%s", missed, nearest);
	else
		tui_say(t, false, "there is no #%lld%s", missed, nearest);
}

static void on_page(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	bool had = list_of(t)->loaded;
	int64_t chosen = list_of(t)->chosen;
	if (!list_receive(list_of(t), generation, p))
		tui_say(t, true, "out of memory: some deliveries are not shown");
	if (list_of(t)->removed && had) {
		list_of(t)->removed = false;
		if (!t->chosen_deleted)
			tui_say(t, false, "older deliveries were removed");
		t->chosen_deleted = false;
	}
	/* Who watches presses no key: what came says more by then than that the tunnel is up. */
	if (had && t->told_event && list_of(t)->chosen != chosen)
		t->screen.ui.message[0] = '\0';
	tell_missed(t);
	tui_draw_soon(t);
}

void tui_load_wanted(struct tui *t)
{
	struct list_request r;
	if (!t->closing && list_wants(list_of(t), &r))
		t->deps.source->page(t->deps.source_self, t->screen.ui.filter, r.anchor, r.forward, r.count,
				     r.generation, on_page, t);
}

/* Counting what a filter finds walks as its page does. */
static void stop_counting_filter(struct tui *t)
{
	if (t->counting_filter)
		t->deps.source->cancel_count(t->deps.source_self, t->filter_count_generation);
	t->filter_count_generation = 0;
	t->counting_filter = false;
}

bool tui_stop_walk(struct tui *t)
{
	if (!list_stop(list_of(t)))
		return false;
	t->deps.source->cancel(t->deps.source_self, on_page);
	stop_counting_filter(t);
	tui_say(t, false, "stopped: Enter at the filter goes on, Esc drops it");
	return true;
}

/* ---- the preview of what is chosen ---- */

static void on_preview(void *user, uint64_t generation, struct preview *p)
{
	struct tui *t = user;
	struct ui *ui = &t->screen.ui;
	if (generation != t->preview_generation) {
		preview_free(p);
		return;
	}
	t->preview_generation = 0;
	preview_free(&ui->preview);
	ui->preview = *p;
	ui->preview_id = t->preview_id;
	ui->preview_attempts = t->preview_attempts;
	ui->preview_status = t->preview_status;
	tui_draw_soon(t);
}

/* One at a time, after the paint: what is passed over on the way is not read. */
void tui_load_preview(struct tui *t)
{
	const struct ui *ui = &t->screen.ui;
	const struct item *item = list_chosen(&ui->list);
	if (t->closing || t->preview_generation || t->screen.depth > 1 || !item ||
	    (item->row.id == ui->preview_id && item->row.attempts == ui->preview_attempts &&
	     item->row.status == ui->preview_status))
		return;
	t->preview_id = item->row.id;
	t->preview_attempts = item->row.attempts;
	t->preview_status = item->row.status;
	t->preview_generation = ++t->next_generation;
	t->deps.source->preview(t->deps.source_self, item->row.id, t->preview_generation, on_preview, t);
}

/* ---- counts ---- */

static void on_count(void *user, uint64_t generation, uint64_t count)
{
	struct tui *t = user;
	struct ui *ui = &t->screen.ui;
	if (generation == t->count_generation) {
		t->counting = false;
		ui->total = count;
		ui->total_known = true;
		if (!ui->filter[0])
			list_counted(&ui->list, count);
	} else if (generation == t->filter_count_generation) {
		t->counting_filter = false;
		list_counted(&ui->list, count);
	}
	tui_draw_soon(t);
}

static void ask_counts(struct tui *t)
{
	struct ui *ui = &t->screen.ui;
	bool all = t->count_stale;
	t->count_stale = t->filter_count_stale = false;
	if (all && !t->counting) {
		t->counting = true;
		t->count_generation = ++t->next_generation;
		t->deps.source->count(t->deps.source_self, "", t->count_generation, on_count, t);
	}
	/* Counting a filter may walk everything: only while it says something ("12 new below"),
	 * and not once somebody stopped the walk. */
	if (ui->filter[0] && !ui->list.follow && !ui->list.stopped && !t->counting_filter) {
		t->counting_filter = true;
		t->filter_count_generation = ++t->next_generation;
		t->deps.source->count(t->deps.source_self, ui->filter, t->filter_count_generation, on_count, t);
	}
}

static void measure_rate(struct tui *t, uint64_t now_ms)
{
	struct ui *ui = &t->screen.ui;
	if (!ui->total_known)
		return;
	uint64_t elapsed = now_ms - t->rate_at_ms;
	if (t->rate_at_ms && elapsed < 1000)
		return;
	if (t->rate_at_ms) {
		double now =
		    ui->total > t->rate_total ? (double)(ui->total - t->rate_total) * 1000 / (double)elapsed : 0;
		double rate = now > ui->rate * 4 ? now : ui->rate * 0.6 + now * 0.4;
		rate = rate < 0.1 ? 0 : rate;
		if ((int)(rate + 0.5) != (int)(ui->rate + 0.5))
			tui_draw_soon(t);
		ui->rate = rate;
	}
	t->rate_at_ms = now_ms;
	t->rate_total = ui->total;
}

static void refresh_state(struct tui *t)
{
	struct client_state now = { 0 };
	t->deps.source->state(t->deps.source_self, &now);
	if (!client_state_same(&now, &t->screen.ui.client)) {
		t->screen.ui.client = now;
		tui_draw_soon(t);
	}
}

void tui_load_tick(struct tui *t, uint64_t now_ms)
{
	bool changed = t->deps.source->changed(t->deps.source_self);
	if (changed) {
		list_changed(list_of(t));
		t->count_stale = t->filter_count_stale = true;
	}
	tui_open_tick(t, changed, now_ms);
	if ((t->count_stale || t->filter_count_stale) && now_ms - t->counted_at_ms >= 1000) {
		t->counted_at_ms = now_ms;
		ask_counts(t);
	}
	if (now_ms - t->state_at_ms >= 500) {
		t->state_at_ms = now_ms;
		refresh_state(t);
		if (t->screen.ui.time == TIMES_AGO)
			tui_draw_soon(t);
	}
	measure_rate(t, now_ms);
	tui_load_wanted(t);
}

/* ---- marks of earlier runs ---- */

static void on_marks(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	for (size_t i = 0; generation == t->marks_generation && i < p->count; i++)
		if (!list_mark(list_of(t), p->items[i].row.id, true))
			break;
	page_free(p);
	tui_draw_soon(t);
}

void tui_load_begin(struct tui *t)
{
	refresh_state(t);
	(void)t->deps.source->changed(t->deps.source_self);
	/* The first page first: it is what is waited for. */
	tui_load_wanted(t);
	t->count_stale = true;
	t->marks_generation = ++t->next_generation;
	t->deps.source->page(t->deps.source_self, "is:marked", 0, false, 1000, t->marks_generation, on_marks, t);
}

void tui_apply_filter(struct tui *t, const char *filter)
{
	struct ui *ui = &t->screen.ui;
	struct error e = { 0 };
	if (!t->deps.source->check(t->deps.source_self, filter, &e)) {
		tui_say(t, true, "%s", e.text);
		return;
	}
	bool follow = ui->list.follow || t->resume_follow, drops = ui->filter[0] && !filter[0];
	int64_t chosen = ui->list.chosen;
	snprintf(ui->filter, sizeof ui->filter, "%s", filter);
	list_reset(&ui->list);
	ui->list.follow = follow;
	/* What a filter found is seen among its neighbours then. */
	if (drops && !follow && chosen)
		list_goto(&ui->list, chosen);
	t->filter_count_stale = true;
	if (!ui->filter[0])
		t->count_stale = true;
	t->counted_at_ms = 0;
	stop_counting_filter(t);
	tui_draw_soon(t);
}

/* ---- searching the list: a filter of its own, one hit at a time ---- */

static void tell_looking(struct tui *t, const struct page *p)
{
	char done[WORDS_LEN], all[WORDS_LEN];
	words_rough(done, p->searched);
	words_rough(all, p->total);
	tui_say(t, false, "looking for \"%s\": searched %s of %s (Esc stops)", t->screen.ui.search, done,
		p->total ? all : "?");
}

static void on_hit(void *user, uint64_t generation, struct page *p);

bool tui_stop_search(struct tui *t)
{
	if (!t->search_generation)
		return false;
	t->deps.source->cancel(t->deps.source_self, on_hit);
	t->search_generation = 0;
	t->open_hit = false;
	tui_say(t, false, "stopped looking for \"%s\"", t->screen.ui.search);
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
	tui_say(t, false, "found %s%s", t->screen.ui.search,
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
		tui_say(t, true, "%s", p->trouble);
	else if (current && p->count) {
		list_goto(list_of(t), p->items[0].row.id);
		tell_found(t);
	} else if (current && ended && !goes_on) {
		tui_say(t, false, "nothing in the list has \"%s\"", t->screen.ui.search);
	} else if (current && !goes_on && !t->open_hit) { /* else the line says what Enter will do */
		tell_looking(t, p);
	}
	if (open)
		tui_open(t, &(struct effect){ .kind = EFFECT_OPEN, .id = p->items[0].row.id });
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

void tui_search_list(struct tui *t, const char *text, bool backwards)
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
		tui_say(t, true, "out of memory for a search");
}
