#include "tui/desk/tui.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "tui/desk/tui_private.h"
#include "tui/views/bars.h"

static const int signal_numbers[] = { SIGWINCH, SIGTERM, SIGINT, SIGHUP, SIGTSTP, SIGCONT };
#define SIGNALS (sizeof signal_numbers / sizeof *signal_numbers)
#define TSTP 4
#define LATE_TICKS 3 /* two whole ones at least */

void tui_draw_soon(struct tui *t)
{
	t->dirty = true;
}

void tui_say(struct tui *t, bool bad, const char *format, ...)
{
	struct ui *ui = &t->screen.ui;
	va_list args;
	va_start(args, format);
	vsnprintf(ui->message, sizeof ui->message, format, args);
	va_end(args);
	ui->message_bad = bad;
	t->told_event = false;
	tui_draw_soon(t);
}

void tui_event(struct tui *t, const char *sentence)
{
	struct ui *ui = &t->screen.ui;
	struct event *e = &ui->events[ui->event_next];
	free(e->text);
	*e = (struct event){ clock_now_us(), strdup(sentence) };
	ui->event_next = (ui->event_next + 1) % UI_EVENTS;
	ui->event_count += ui->event_count < UI_EVENTS;
	t->state_at_ms = 0; /* it may be of the state, which must not say otherwise */
	tui_say(t, false, "%s", sentence);
	t->told_event = true;
}

static void draw(struct tui *t)
{
	int columns, rows;
	term_size(t->term, &columns, &rows);
	if ((columns != t->surface.width || rows != t->surface.height) && !surface_resize(&t->surface, columns, rows))
		return;
	t->screen.ui.now_us = clock_now_us();
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
	if (t->closing)
		return;
	tui_open_wanted(t);
	if (t->dirty && !t->away) {
		t->dirty = false;
		draw(t);
	}
	/* What is drawn may have another height, and so want more rows. */
	tui_load_wanted(t);
	tui_load_preview(t);
	count_hits(t);
}

/* ---- keys ---- */

static bool take_digit(struct tui *t, key_code c, enum context context)
{
	if (context != CONTEXT_LIST || c < '0' || c > '9' || (c == '0' && !t->count))
		return false;
	t->count = t->count < 100000 ? t->count * 10 + (int)(c - '0') : t->count;
	tui_say(t, false, "%d", t->count);
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
	if (key->y == l.bar.y) {
		enum action a = bars_key_at(&s->ui, top->context, view_have(top, &s->ui), l.bar.width, key->x);
		if (a != ACTION_NONE)
			tui_act(t, a, 1);
		return;
	}
	if (l.split && s->depth == 1)
		s->ui.pane_focused = key->y >= l.pane.y;
	top = screen_top(s);
	struct rect area = screen_area(s, &l);
	if (!top->ops->click || key->y < area.y || key->y >= area.y + area.height)
		return;
	top->ops->click(top, &s->ui, key->x - area.x, key->y - area.y, twice, &out);
	tui_carry_out(t, &out);
}

static void on_mouse(struct tui *t, const struct key *key)
{
	if (t->screen.sheet.shown || t->screen.prompt.kind != PROMPT_NONE)
		return;
	if (key->mouse == MOUSE_WHEEL_UP || key->mouse == MOUSE_WHEEL_DOWN)
		tui_act(t, key->mouse == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN, 3);
	else if (key->mouse == MOUSE_CLICK)
		on_click(t, key);
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
	s->ui.hits_open = false;
	enum action a = keymap_find(&s->ui.keys, top->context, c);
	if (a == ACTION_NONE) {
		char name[KEY_NAME_LEN];
		key_to_name(c, name);
		tui_say(t, false, "%s does nothing here: ? shows the keys", name);
	} else if (!action_enabled(a, top->context, view_have(top, &s->ui))) {
		tui_say(t, false, "%s: %s", action_info(a)->name, action_lacks(a, view_have(top, &s->ui)));
	} else {
		tui_act(t, a, count);
	}
}

/* What is done must be seen: where nothing can be shown one can only leave. */
static void on_key_too_small(struct tui *t, const struct key *key)
{
	enum action a = keymap_find(&t->screen.ui.keys, CONTEXT_LIST, key->code);
	if (a == ACTION_LEAVE)
		a = ACTION_QUIT;
	if (a == ACTION_QUIT || a == ACTION_INTERRUPT || a == ACTION_SUSPEND)
		tui_act(t, a, 1);
}

/* Text pasted where nothing is typed is no row of keys: an r in it would send a delivery again. C-c ends one whose end
 * was lost. */
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
		tui_say(t, false, "pasted text is no keys: / or : first, for where it goes");
	}
	return was;
}

static void on_key(struct tui *t, const struct key *key)
{
	struct screen *s = &t->screen;
	struct effect out = { 0 };
	tui_draw_soon(t);
	if (key->code == TKEY_RESIZE || drop_pasted(t, key->code))
		return;
	t->open_hit = false; /* any key or click takes back Enter behind a search */
	if (key->code == TKEY_CTRL('l')) {
		term_repaint(t->term);
		return;
	}
	bool asked = s->sheet.shown || (s->prompt.kind != PROMPT_NONE && !s->prompt.pasting);
	if (asked && key->code == TKEY_CTRL('z')) { /* which no keymap sees then */
		tui_suspend(t);
		return;
	}
	if (screen_layout(s, t->surface.width, t->surface.height).too_small) {
		on_key_too_small(t, key);
	} else if (s->sheet.shown) {
		sheet_key(&s->sheet, key, &out);
		tui_carry_out(t, &out);
	} else if (s->prompt.kind != PROMPT_NONE) {
		prompt_key(&s->prompt, &s->ui, key, &out);
		tui_carry_out(t, &out);
		t->resume_follow = s->prompt.kind != PROMPT_NONE && t->resume_follow;
	} else if (key->code == TKEY_MOUSE) {
		on_mouse(t, key);
	} else {
		on_plain_key(t, key->code);
	}
}

static void on_input(uv_poll_t *handle, int status, int events)
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
		tui_end_now(t, TUI_QUIT);
}

static void on_tick(uv_timer_t *handle)
{
	struct tui *t = handle->data;
	if (t->ended)
		return;
	t->late -= !t->away && t->late > 0;
	tui_load_tick(t, uv_now(t->deps.loop));
	if (t->screen.ui.strip.running)
		tui_draw_soon(t);
}

/* ---- signals, leaving ---- */

static void on_signal(uv_signal_t *handle, int number)
{
	struct tui *t = handle->data;
	if (t->ended)
		return;
	if (number == SIGWINCH) {
		if (!t->away)
			term_resize(t->term);
		tui_draw_soon(t);
	} else if (number == SIGTSTP) {
		tui_suspend(t);
	} else if (number == SIGCONT) { /* after a SIGSTOP, too: whoever had the terminal left it in its own mode */
		if (!t->away)
			term_enter(t->term);
		tui_draw_soon(t);
	} else if (number != SIGINT || !tui_away(t)) { /* else it is meant for the program that has the terminal */
		tui_end_now(t, number == SIGINT ? TUI_INTERRUPTED : TUI_QUIT);
	}
}

bool tui_away(const struct tui *t)
{
	return t->away || t->late > 0;
}

void tui_suspend(struct tui *t)
{
	uv_signal_t *handle = &t->signals[TSTP];
	if (!t->away)
		term_leave(t->term);
	/* With its default action back in place the signal stops us here, and the shell takes over. A program that
	 * has the terminal sent it to all of us, and is stopped already. */
	if (uv_signal_stop(handle) == 0)
		kill(t->away ? getpid() : 0, SIGTSTP);
	if (uv_signal_start(handle, on_signal, SIGTSTP) != 0)
		tui_say(t, true, "cannot watch for SIGTSTP any more");
	if (!t->away)
		term_enter(t->term);
	tui_draw_soon(t);
}

void tui_go_away(struct tui *t)
{
	t->away = true;
	uv_poll_stop(&t->input);
	term_leave(t->term);
	/* It would end us with the program's C-\; what we start gets all signals as they were. */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGQUIT, &ignore, &t->quit);
}

void tui_come_back(struct tui *t)
{
	t->away = false;
	/* The C-c that ended the program was for all of us. Its end may be told first: of two signals a thread takes
	 * each, and neither waits for the other. */
	t->late = LATE_TICKS;
	sigaction(SIGQUIT, &t->quit, NULL);
	term_own();
	term_enter(t->term);
	if (uv_poll_start(&t->input, UV_READABLE, on_input))
		tui_end_now(t, TUI_QUIT);
	tui_draw_soon(t);
}

void tui_end_now(struct tui *t, enum tui_end how)
{
	if (t->ended)
		return;
	t->ended = true;
	t->closing = true;
	tui_state_save(t);
	t->deps.source->cancel(t->deps.source_self, NULL);
	tui_deeds_end(t, how != TUI_TO_LINES);
	uv_poll_stop(&t->input);
	uv_timer_stop(&t->tick);
	uv_prepare_stop(&t->before_wait);
	uv_idle_stop(&t->counting_hits);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_signal_stop(&t->signals[i]);
	if (t->term)
		term_close(t->term);
	t->term = NULL;
	if (t->on_end)
		t->on_end(t->on_end_user, how);
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
	free(t->clipboard);
	free(t);
	if (closed)
		closed(user);
}

void tui_close(struct tui *t, void (*closed)(void *user), void *user)
{
	t->on_end = NULL;
	tui_end_now(t, TUI_QUIT);
	t->on_closed = closed;
	t->on_closed_user = user;
	uv_close((uv_handle_t *)&t->input, on_handle_closed);
	uv_close((uv_handle_t *)&t->tick, on_handle_closed);
	uv_close((uv_handle_t *)&t->before_wait, on_handle_closed);
	uv_close((uv_handle_t *)&t->counting_hits, on_handle_closed);
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&t->signals[i], on_handle_closed);
}

/* ---- beginning ---- */

static bool check_filter(void *user, const char *filter, struct error *e)
{
	struct tui *t = user;
	return t->deps.source->check(t->deps.source_self, filter, e);
}

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
	t->input.data = t->tick.data = t->before_wait.data = t->counting_hits.data = t;
	t->handles = 4 + (int)SIGNALS;
	status = uv_poll_start(&t->input, UV_READABLE, on_input);
	if (!status)
		status = uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
	if (!status)
		status = uv_prepare_start(&t->before_wait, on_before_wait);
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(loop, &t->signals[i]);
		t->signals[i].data = t;
		if (!status)
			status = uv_signal_start(&t->signals[i], on_signal, signal_numbers[i]);
	}
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
	t->screen.prompt.check = check_filter;
	t->screen.prompt.user = t;
	t->state_dir = o->state_dir ? strdup(o->state_dir) : NULL;
	t->clipboard = o->clipboard ? strdup(o->clipboard) : NULL;
	tui_state_load(t);
	return true;
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
	struct term_options term = { options->color, options->ascii, options->mouse };
	if (!prepare(t, options, e) || !(t->term = term_open(&term, e))) {
		screen_free(&t->screen);
		free(t->state_dir);
		free(t->clipboard);
		free(t);
		return NULL;
	}
	if (!start_handles(t, e)) {
		if (t->term && !t->ended) { /* nothing was begun that has to be closed on the loop */
			term_close(t->term);
			screen_free(&t->screen);
			free(t->state_dir);
			free(t->clipboard);
			free(t);
		}
		return NULL;
	}
	t->on_end = ended;
	t->on_end_user = user;
	tui_load_begin(t);
	tui_draw_soon(t);
	return t;
}
