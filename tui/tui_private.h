/* Between tui.c (loop, keys), tui_load.c (what is asked of the source) and tui_effects.c (what views want done). */
#pragma once

#include "tui/screen.h"
#include "tui/term.h"
#include "tui/tui.h"

#define TICK_MS 100

struct tui {
	struct tui_deps deps;
	struct screen screen;
	struct term *term;
	struct surface surface;
	bool listening, dirty, ended, closing;
	char *state_dir;
	void (*on_end)(void *user, enum tui_end how);
	void *on_end_user;
	void (*on_closed)(void *user);
	void *on_closed_user;
	/* Handles. */
	uv_poll_t input;
	uv_timer_t tick;
	uv_prepare_t before_wait;
	uv_signal_t signals[5]; /* WINCH, TERM, INT, HUP, TSTP */
	int handles;            /* to be closed */
	/* Keys. */
	int count; /* "10j" */
	uint64_t click_at_ms;
	int click_x, click_y;
	/* Asking. */
	uint64_t count_generation, filter_count_generation, search_generation, marks_generation;
	uint64_t next_generation;
	bool counting, counting_filter, count_stale;
	uint64_t counted_at_ms, state_at_ms, rate_at_ms, rate_total;
	bool resume_follow; /* it followed before the prompt opened */
	int64_t search_from;
};

/* tui.c */
void tui_draw_soon(struct tui *t);
void tui_end_now(struct tui *t, enum tui_end how);
void tui_suspend(struct tui *t);
void tui_say(struct tui *t, bool bad, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* tui_effects.c */
void tui_carry_out(struct tui *t, struct effect *e); /* takes its bytes */
void tui_act(struct tui *t, enum action a, int count);

/* tui_load.c */
void tui_load_begin(struct tui *t);
void tui_load_tick(struct tui *t, uint64_t now_ms);
void tui_load_wanted(struct tui *t); /* asks for what the list wants */
void tui_apply_filter(struct tui *t, const char *filter);
void tui_search_list(struct tui *t, const char *text, bool backwards);

/* tui_state.c: history of filters, order and times, kept under state_dir. */
void tui_state_load(struct tui *t);
void tui_state_save(struct tui *t);
