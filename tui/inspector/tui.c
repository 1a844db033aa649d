#include "tui/inspector/tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/inspector/tui_inspector.h"

static void draw(struct tui *t)
{
	int columns, rows;
	term_size(t->term, &columns, &rows);
	if ((columns != t->surface.width || rows != t->surface.height) && !surface_resize(&t->surface, columns, rows))
		return;
	struct ui *ui = &t->screen.ui;
	ui->now_us = clock_now_us();
	if (!ui->split_chosen)
		ui->split = columns >= LAYOUT_SIDE_COLUMNS;
	screen_draw(&t->screen, &t->surface);
	term_draw(t->term, &t->surface);
}

/* Keys are looked at between the steps. */
static void on_counting(uv_idle_t *handle)
{
	struct tui *t = handle->data;
	struct ui *ui = &t->screen.ui;
	struct view *top = screen_top(&t->screen);
	uint64_t now = uv_now(t->deps.loop);
	if (ui->hits_open && top->ops->count)
		top->ops->count(top, ui);
	else
		ui->hits_open = false;
	if (!ui->hits_open || now - t->hits_drawn_ms >= TICK_MS) {
		t->hits_drawn_ms = now;
		tui_draw_soon(t);
	}
}

static void count_hits(struct tui *t)
{
	if (t->screen.ui.hits_open && !t->away)
		uv_idle_start(&t->counting_hits, on_counting);
	else
		uv_idle_stop(&t->counting_hits);
}

static void on_before_wait(uv_prepare_t *handle)
{
	struct tui *t = handle->data;
	if (t->ended)
		return;
	tui_wants(t);
	if (t->dirty && !t->away && term_ready(t->term)) {
		t->dirty = false;
		draw(t);
	}
	/* What is drawn may have another height, and so want more rows. */
	tui_load_wanted(t);
	tui_load_preview(t);
	count_hits(t);
}

static void on_tick(uv_timer_t *handle)
{
	struct tui *t = handle->data;
	uint64_t now_ms = uv_now(t->deps.loop);
	if (t->ended)
		return;
	if (t->deaf) { /* no key can reach us any more */
		tui_leave(t, TUI_QUIT);
		return;
	}
	tui_away_tick(t);
	if (t->leave_at_ms && now_ms >= t->leave_at_ms) {
		t->leave_at_ms = 0;
		tui_leave_effect(t, &(struct effect){ .kind = EFFECT_QUIT, .quit = QUIT_ASKING });
		return;
	}
	bool changed = tui_load_tick(t, now_ms);
	tui_wants_tick(t, changed, now_ms);
	tui_notice_tick(t, changed, now_ms);
	if (t->screen.ui.strip.running)
		tui_draw_soon(t);
}

/* ---- beginning ---- */

/* uv_…_init cannot fail but for uv_poll's, which wants a descriptor it can watch. */
static bool start_handles(struct tui *t, struct error *e)
{
	uv_loop_t *loop = t->deps.loop;
	int status = uv_poll_init(loop, &t->input, term_fd(t->term));
	if (status)
		return error_set(e, EXIT_USAGE, "cannot watch the terminal: %s", uv_strerror(status));
	uv_timer_init(loop, &t->tick);
	uv_prepare_init(loop, &t->before_wait);
	uv_idle_init(loop, &t->counting_hits);
	uv_timer_init(loop, &t->narrow);
	t->input.data = t->tick.data = t->before_wait.data = t->counting_hits.data = t->narrow.data = t;
	t->handles = 5 + TUI_SIGNALS;
	status = uv_poll_start(&t->input, UV_READABLE, t->on_readable);
	if (!status)
		status = uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
	if (!status)
		status = uv_prepare_start(&t->before_wait, on_before_wait);
	int signals = tui_leave_watch(t);
	status = status ? status : signals;
	if (status) {
		error_set(e, EXIT_USAGE, "cannot start the inspector: %s", uv_strerror(status));
		tui_close(t, NULL, NULL);
	}
	return status == 0;
}

static bool read_keymap(struct tui *t, const char *path, struct error *e)
{
	char text[16384];
	FILE *f = path ? fopen(path, "rb") : NULL;
	if (!f) /* most have made none */
		return !path || errno == ENOENT || errno == ENOTDIR ||
		       error_set(e, EXIT_USAGE, "%s: %s", path, strerror(errno));
	errno = 0;
	size_t len = fread(text, 1, sizeof text, f);
	int problem = ferror(f) ? errno : 0;
	fclose(f);
	if (problem)
		return error_set(e, EXIT_USAGE, "%s: %s", path, strerror(problem));
	if (len == sizeof text)
		return error_set(e, EXIT_USAGE, "%s: a keymap has less than %zu bytes", path, sizeof text);
	return keymap_read(&t->screen.ui.keys, bytes_make(text, len), e) || error_prefix(e, path);
}

static bool prepare(struct tui *t, const struct tui_options *o, struct error *e)
{
	struct ui *ui = &t->screen.ui;
	if (!screen_init(&t->screen))
		return error_set(e, EXIT_USAGE, "out of memory starting the inspector");
	if (!read_keymap(t, o->keys_path, e))
		return false;
	if (o->filter && !t->deps.source->check(t->deps.source_self, o->filter, e))
		return false;
	snprintf(ui->filter, sizeof ui->filter, "%s", o->filter ? o->filter : "");
	ui->mouse = o->mouse;
	ui->ascii = o->ascii;
	t->state_dir = o->state_dir ? strdup(o->state_dir) : NULL;
	t->clipboard = o->clipboard ? strdup(o->clipboard) : NULL;
	/* A line of the file holds it, else it has no name. */
	bool fits = o->store && !strchr(o->store, '\n') && strlen(o->store) < UI_FILTER_MAX;
	if (!(t->store = strdup(fits ? o->store : "")))
		return error_set(e, EXIT_USAGE, "out of memory starting the inspector");
	tui_state_load(t);
	return true;
}

static void free_unstarted(struct tui *t)
{
	screen_free(&t->screen);
	free(t->state_dir);
	free(t->store);
	free(t->clipboard);
	history_free(&t->saved);
	free(t);
}

struct tui *tui_start(const struct tui_deps *deps, const struct tui_options *options,
		      void (*ended)(void *user, enum tui_end how), void *user, struct error *e)
{
	struct tui *t = calloc(1, sizeof *t);
	if (!t) {
		error_set(e, EXIT_USAGE, "out of memory starting the inspector");
		return NULL;
	}
	t->deps = *deps;
	t->listening = options->listening;
	t->on_readable = tui_input_ready;
	struct term_options term = { options->color, options->theme, options->images, options->ascii, options->mouse };
	if (!prepare(t, options, e) || !(t->term = term_open(&term, e))) {
		free_unstarted(t);
		return NULL;
	}
	if (!start_handles(t, e)) {
		if (t->term && !t->ended) { /* nothing was begun that has to be closed on the loop */
			term_close(t->term);
			free_unstarted(t);
		}
		return NULL;
	}
	t->on_end = ended;
	t->on_end_user = user;
	tui_load_begin(t);
	tui_notice_begin(t, options->notify);
	tui_draw_soon(t);
	return t;
}
