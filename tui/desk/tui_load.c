/* Asks the source for what the list shows: pages, counts, the state of the client, the preview line. */
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
	if (m->sorting.shown)
		tui_say(t, "#%lld is not among what is sorted: F goes back to the order of time", missed);
	else if (t->screen.ui.filter[0])
		tui_say(t, "#%lld is not among what the filter shows%s", missed, nearest);
	else
		tui_say(t, "there is no #%lld%s", missed, nearest);
}

static void on_page(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	bool had = list_of(t)->loaded;
	int64_t chosen = list_of(t)->chosen;
	if (!list_receive(list_of(t), generation, p))
		tui_warn(t, "out of memory: some deliveries are not shown");
	if (list_of(t)->removed && had) {
		list_of(t)->removed = false;
		if (!t->chosen_deleted)
			tui_say(t, "older deliveries were removed");
		t->chosen_deleted = false;
	}
	/* Who watches presses no key: what came says more by then than that the tunnel is up. */
	if (had && t->shows_event && list_of(t)->chosen != chosen)
		t->screen.ui.message[0] = '\0';
	tell_missed(t);
	tui_draw_soon(t);
}

static void on_ordered(void *user, uint64_t generation, struct ordered *o)
{
	struct tui *t = user;
	if (generation == t->order_generation && !o->searched)
		t->order_generation = 0;
	if (!list_receive_order(list_of(t), generation, o))
		tui_warn(t, "out of memory: the list cannot be sorted");
	tui_draw_soon(t);
}

static void ask_order(struct tui *t)
{
	struct list_model *m = list_of(t);
	uint64_t generation;
	if (t->order_generation && m->sorting.state != LIST_SORT_UNDER_WAY) {
		t->deps.source->cancel_order(t->deps.source_self, t->order_generation);
		t->order_generation = 0;
	}
	if (!list_wants_order(m, &generation))
		return;
	t->order_generation = generation;
	t->deps.source->order(t->deps.source_self, t->screen.ui.filter, &m->sorting.by, 2 * (size_t)m->height,
			      generation, on_ordered, t);
}

void tui_load_wanted(struct tui *t)
{
	struct list_request r;
	if (t->ended)
		return;
	ask_order(t);
	if (list_of(t)->sorting.shown)
		tell_missed(t);
	if (!list_wants(list_of(t), &r))
		return;
	if (r.ids)
		t->deps.source->rows(t->deps.source_self, r.ids, r.count, r.generation, on_page, t);
	else
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

bool tui_load_stop(struct tui *t)
{
	if (list_sort_stop(list_of(t))) {
		ask_order(t);
		tui_say(t, "stopped: S goes on, F goes back to the order of time");
		return true;
	}
	if (!list_stop(list_of(t)))
		return false;
	t->deps.source->cancel(t->deps.source_self, on_page);
	stop_counting_filter(t);
	tui_say(t, "stopped: Enter at the filter goes on, Esc drops it");
	return true;
}

void tui_load_pause(struct tui *t)
{
	stop_counting_filter(t);
	if (list_stop(list_of(t)))
		t->deps.source->cancel(t->deps.source_self, on_page);
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
	if (t->ended || t->preview_generation || t->screen.depth > 1 || !item ||
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
		t->filter_count_took_ms = uv_now(t->deps.loop) - t->filter_count_at_ms;
		ui->matches = count;
		ui->matches_known = true;
		list_counted(&ui->list, count);
	}
	tui_draw_soon(t);
}

#define QUICK_MS 100

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
	/* Counting a filter may walk everything: once, then only while it says something ("12 new below") or is
	 * quick, and not once somebody stopped the walk. */
	bool again = !ui->matches_known || !ui->list.follow || t->filter_count_took_ms < QUICK_MS;
	if (ui->filter[0] && again && !ui->list.stopped && !t->counting_filter) {
		t->counting_filter = true;
		t->filter_count_at_ms = uv_now(t->deps.loop);
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

bool tui_load_tick(struct tui *t, uint64_t now_ms)
{
	bool changed = t->deps.source->changed(t->deps.source_self);
	if (changed) {
		list_changed(list_of(t));
		t->count_stale = t->filter_count_stale = true;
	}
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
	return changed;
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

void tui_load_show(struct tui *t, const char *filter, bool follow, int64_t chosen)
{
	struct ui *ui = &t->screen.ui;
	snprintf(ui->filter, sizeof ui->filter, "%s", filter);
	list_reset(&ui->list);
	bool sorted = ui->list.sorting.by.key != STORE_ORDER_TIME;
	ui->list.follow = follow && !sorted;
	if (!follow && chosen && !sorted)
		list_goto(&ui->list, chosen);
	ui->matches_known = false;
	t->filter_count_stale = true;
	if (!ui->filter[0])
		t->count_stale = true;
	t->counted_at_ms = 0;
	stop_counting_filter(t);
	tui_draw_soon(t);
}

void tui_load_filter(struct tui *t, const struct effect *effect)
{
	const char *filter = effect->text;
	struct ui *ui = &t->screen.ui;
	struct error e = { 0 };
	if (!t->deps.source->check(t->deps.source_self, filter, &e)) {
		tui_warn(t, "%s", e.text);
		return;
	}
	bool follow = ui->list.follow || t->resume_follow, drops = ui->filter[0] && !filter[0];
	bool shown = strcmp(ui->filter, filter) == 0 && !ui->list.stopped && !ui->list.trouble;
	/* What a filter found is then seen among its neighbours. */
	int64_t chosen = drops ? ui->list.chosen : 0;
	if (!shown)
		tui_load_show(t, filter, follow, chosen);
	else if (follow) /* it was applied while it was typed */
		list_follow(&ui->list);
}
