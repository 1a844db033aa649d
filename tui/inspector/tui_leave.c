/* Leaving: for a while (C-z), or for good. Signals that mean one or the other. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tui/deeds/tui_deeds.h"
#include "tui/inspector/tui_inspector.h"

static const int numbers[TUI_SIGNALS] = { SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT };
#define TSTP 4

static void on_signal(uv_signal_t *handle, int number);

/* ---- for a while ---- */

static void suspend(struct tui *t)
{
	uv_signal_t *handle = &t->signals[TSTP];
	if (!t->away)
		term_leave(t->term);
	/* With its default action back in place the signal stops us here, and the shell takes over. A program that
	 * has the terminal sent it to all of us, and is stopped already. */
	if (uv_signal_stop(handle) == 0)
		kill(t->away ? getpid() : 0, SIGTSTP);
	if (uv_signal_start(handle, on_signal, SIGTSTP) != 0)
		tui_warn(t, "cannot watch for SIGTSTP any more");
	if (!t->away)
		term_enter(t->term);
	tui_draw_soon(t);
}

void tui_leave_suspend(struct tui *t, const struct effect *e)
{
	(void)e;
	suspend(t);
}

/* ---- for good ---- */

void tui_leave(struct tui *t, enum tui_end how)
{
	if (t->ended)
		return;
	t->ended = true;
	tui_state_save(t);
	t->deps.source->cancel(t->deps.source_self, NULL);
	tui_replay_end(t, how == TUI_TO_LINES ? REPLAYS_GO_ON : REPLAYS_STOP);
	tui_copy_end(t);
	tui_edit_end(t);
	tui_gather_end(t);
	tui_record_end(t);
	uv_poll_stop(&t->input);
	uv_timer_stop(&t->tick);
	uv_prepare_stop(&t->before_wait);
	uv_idle_stop(&t->counting_hits);
	for (size_t i = 0; i < TUI_SIGNALS; i++)
		uv_signal_stop(&t->signals[i]);
	if (t->term)
		term_close(t->term);
	t->term = NULL;
	if (t->on_end)
		t->on_end(t->on_end_user, how);
}

static void leave_sheet(struct tui *t)
{
	struct sheet *s = &t->screen.sheet;
	sheet_begin(s, t->screen.ui.strip.running ? "a replay is running" : "leave the inspector");
	if (t->listening)
		sheet_choice(s, 'l', "go on in lines: the tunnel stays", EFFECT_QUIT)->quit = QUIT_TO_LINES;
	sheet_choice(s, 'y', t->listening ? "quit: the tunnel closes" : "quit", EFFECT_QUIT)->quit = QUIT_NOW;
}

void tui_leave_effect(struct tui *t, const struct effect *e)
{
	switch (e->quit) {
	case QUIT_ASKING:
		if (t->listening || t->screen.ui.strip.running)
			leave_sheet(t);
		else
			tui_leave(t, TUI_QUIT);
		break;
	case QUIT_NOW:
		tui_leave(t, TUI_QUIT);
		break;
	case QUIT_TO_LINES:
		tui_leave(t, TUI_TO_LINES);
		break;
	case QUIT_INTERRUPTED:
		tui_leave(t, TUI_INTERRUPTED);
		break;
	}
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct tui *t = handle->data;
	if (--t->handles)
		return;
	void (*closed)(void *) = t->on_closed;
	void *user = t->on_closed_user;
	screen_free(&t->screen);
	surface_free(&t->surface);
	free(t->state_dir);
	free(t->store);
	free(t->clipboard);
	history_free(&t->saved);
	free(t);
	if (closed)
		closed(user);
}

void tui_close(struct tui *t, void (*closed)(void *user), void *user)
{
	t->on_end = NULL;
	tui_leave(t, TUI_QUIT);
	t->on_closed = closed;
	t->on_closed_user = user;
	uv_close((uv_handle_t *)&t->input, on_handle_closed);
	uv_close((uv_handle_t *)&t->tick, on_handle_closed);
	uv_close((uv_handle_t *)&t->before_wait, on_handle_closed);
	uv_close((uv_handle_t *)&t->counting_hits, on_handle_closed);
	uv_close((uv_handle_t *)&t->narrow, on_handle_closed);
	for (size_t i = 0; i < TUI_SIGNALS; i++)
		uv_close((uv_handle_t *)&t->signals[i], on_handle_closed);
}

/* ---- signals ---- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct tui *t = handle->data;
	if (t->ended)
		return;
	switch (number) {
	case SIGWINCH:
		if (!t->away)
			term_resize(t->term);
		tui_draw_soon(t);
		break;
	case SIGTSTP:
		suspend(t);
		break;
	case SIGCONT: /* after a SIGSTOP, too: the program that had the terminal meanwhile left it in its own mode */
		if (!t->away)
			term_enter(t->term);
		tui_draw_soon(t);
		break;
	case SIGINT:
		if (!tui_away(t)) /* else it is meant for the program that has the terminal */
			tui_leave(t, TUI_INTERRUPTED);
		break;
	default:
		tui_leave(t, TUI_QUIT);
		break;
	}
}

int tui_leave_watch(struct tui *t)
{
	int status = 0;
	for (size_t i = 0; i < TUI_SIGNALS; i++) {
		uv_signal_init(t->deps.loop, &t->signals[i]);
		t->signals[i].data = t;
		if (!status)
			status = uv_signal_start(&t->signals[i], on_signal, numbers[i]);
	}
	return status;
}
