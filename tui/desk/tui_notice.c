/* --notify: a bell, or a notification of the terminal's, when a delivery fails while nobody looks. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/desk/tui_private.h"
#include "tui/state/words.h"

#define ASK_MS 1000   /* the record is asked at most so often */
#define QUIET_MS 5000 /* from one notice to the next; what fails between them is told together */
#define ROWS 16

static bool is_known(struct notices *n, int64_t id)
{
	for (size_t i = 0; i < NOTICES_KNOWN; i++)
		if (n->known[i] == id)
			return true;
	n->known[n->next++ % NOTICES_KNOWN] = id;
	return false;
}

static void on_failed(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct notices *n = &t->notices;
	for (size_t i = 0; generation == n->generation && i < p->count; i++) {
		const struct delivery_row *row = &p->items[i].row;
		if (is_known(n, row->id))
			continue;
		n->failed++;
		n->last = row->id;
		words_status(n->word, row);
	}
	if (generation == n->generation && !p->searched)
		n->generation = 0;
	page_free(p);
}

/* What failed before the start is no news. */
static void on_newest(void *user, uint64_t generation, struct page *p)
{
	struct notices *n = &((struct tui *)user)->notices;
	if (generation == n->generation) {
		n->generation = 0;
		n->begun = true;
		n->from = p->count ? p->items[p->count - 1].row.id : 0;
	}
	page_free(p);
}

static void ask(struct tui *t)
{
	struct notices *n = &t->notices;
	char filter[64] = "";
	n->generation = ++t->next_generation;
	if (n->begun)
		snprintf(filter, sizeof filter, "id:>%" PRId64 " state:failed -is:replay", n->from);
	t->deps.source->page(t->deps.source_self, filter, 0, false, n->begun ? ROWS : 1, n->generation,
			     n->begun ? on_failed : on_newest, t);
}

void tui_notice_begin(struct tui *t, const char *how)
{
	static const char *const names[] = { [TERM_NOTICE_OFF] = "off",
					     [TERM_NOTICE_BELL] = "bell",
					     [TERM_NOTICE_OSC9] = "osc9",
					     [TERM_NOTICE_OSC777] = "osc777" };
	for (size_t i = 0; how && i < sizeof names / sizeof *names; i++)
		if (strcmp(how, names[i]) == 0)
			t->notices.how = (enum term_notice)i;
	if (t->notices.how != TERM_NOTICE_OFF)
		ask(t);
}

/* Nothing of it is the sender's. */
static void tell(struct tui *t)
{
	struct notices *n = &t->notices;
	char text[80];
	if (n->failed == 1)
		snprintf(text, sizeof text, "creel: #%" PRId64 " %s", n->last, n->word);
	else
		snprintf(text, sizeof text, "creel: %zu failed, the last is #%" PRId64 " %s", n->failed, n->last,
			 n->word);
	term_notify(t->term, n->how, text);
	n->failed = 0;
}

void tui_notice_tick(struct tui *t, bool changed, uint64_t now_ms)
{
	struct notices *n = &t->notices;
	if (n->how == TERM_NOTICE_OFF)
		return;
	n->stale = n->stale || changed;
	if (n->stale && !n->generation && now_ms - n->asked_ms >= ASK_MS) {
		n->stale = false;
		n->asked_ms = now_ms;
		ask(t);
	}
	if (n->failed && !t->away && now_ms - n->told_ms >= QUIET_MS) {
		n->told_ms = now_ms;
		tell(t);
	}
}
