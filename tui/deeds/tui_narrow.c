/* The filter is applied while it is typed: a moment after the last key, and what the key before asked for is dropped.
 */
#include <stdio.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"

#define NARROW_MS 150 /* after the last key */

void tui_narrow_begin(struct tui *t)
{
	struct narrowing *n = &t->narrowing;
	const struct ui *ui = &t->screen.ui;
	*n = (struct narrowing){ .open = true, .follow = t->resume_follow, .chosen = ui->list.chosen };
	memcpy(n->before, ui->filter, sizeof n->before);
	memcpy(n->typed, t->screen.prompt.text, sizeof n->typed);
}

/* What is typed may narrow nothing: then the filter that is in force goes on, which the key before broke off. */
static void on_time(uv_timer_t *handle)
{
	struct tui *t = handle->data;
	const struct prompt *p = &t->screen.prompt;
	const struct ui *ui = &t->screen.ui;
	char filter[UI_FILTER_MAX];
	bool wrong = p->trouble[0];
	memcpy(filter, wrong ? ui->filter : p->text, sizeof filter);
	bool shown = strcmp(ui->filter, filter) == 0 && !ui->list.stopped;
	if (!t->ended && t->narrowing.open && p->kind == PROMPT_FILTER && !shown)
		tui_load_show(t, filter, wrong && ui->list.follow, wrong ? ui->list.chosen : 0);
}

static void restore(struct tui *t)
{
	const struct narrowing *n = &t->narrowing;
	const struct ui *ui = &t->screen.ui;
	if (strcmp(ui->filter, n->before) != 0 || ui->list.stopped)
		tui_load_show(t, n->before, n->follow, n->chosen);
}

void tui_narrow_typed(struct tui *t)
{
	struct narrowing *n = &t->narrowing;
	const struct prompt *p = &t->screen.prompt;
	if (!n->open)
		return;
	if (p->kind != PROMPT_FILTER) {
		n->open = false;
		uv_timer_stop(&t->narrow);
		restore(t);
	} else if (strcmp(n->typed, p->text) != 0) {
		memcpy(n->typed, p->text, sizeof n->typed);
		if (term_slow(t->term)) /* Enter applies it there */
			return;
		tui_load_pause(t);
		uv_timer_start(&t->narrow, on_time, NARROW_MS, 0);
	}
}

void tui_narrow_keep(struct tui *t)
{
	t->narrowing.open = false;
	uv_timer_stop(&t->narrow);
}
