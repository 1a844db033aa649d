/* Between tui.c (loop, keys), tui_load.c (what is asked of the source) and tui_effects.c (what views want done). */
#pragma once

#include <signal.h>

#include "tui/terminal/clip.h"
#include "tui/edit/edit.h"
#include "tui/desk/screen.h"
#include "tui/terminal/term.h"
#include "tui/desk/tui.h"

#define TICK_MS 100

/* What is being done. */
struct deeds {
	struct replay_run *runs;
	struct clip *clip;
	char copied[UI_FILTER_MAX]; /* what it is that goes to the clipboard */
	struct edit *edit;
	struct editor *editor;
	/* The deliveries an effect is about, ascending: those a question was asked for. */
	int64_t *ids;
	size_t id_count, id_room;
	struct effect gathering; /* waits for all that match */
	char gather_filter[UI_FILTER_MAX];
	uint64_t gather_generation, newest_generation, edit_generation;
};

struct tui {
	struct tui_deps deps;
	struct screen screen;
	struct term *term;
	struct surface surface;
	bool listening, dirty, ended, closing;
	bool away; /* another program has the terminal */
	int late;  /* ticks in which SIGINT may still be the one for that program */
	char *clipboard;
	struct deeds doing;
	char *state_dir;
	void (*on_end)(void *user, enum tui_end how);
	void *on_end_user;
	void (*on_closed)(void *user);
	void *on_closed_user;
	/* Handles. */
	uv_poll_t input;
	uv_timer_t tick;
	uv_prepare_t before_wait;
	uv_idle_t counting_hits; /* of a search, between keys */
	uv_signal_t signals[6];  /* WINCH, TERM, INT, HUP, TSTP, CONT */
	struct sigaction quit;   /* what SIGQUIT does, while another program has the terminal */
	int handles;             /* to be closed */
	/* Keys. */
	int count; /* "10j" */
	bool pasting;
	uint64_t click_at_ms;
	int click_x, click_y;
	/* Asking. */
	uint64_t count_generation, filter_count_generation, search_generation, marks_generation;
	uint64_t preview_generation; /* 0: not under way */
	int64_t preview_id;          /* what was asked for */
	int preview_attempts, preview_status;
	uint64_t next_generation;
	bool counting, counting_filter, count_stale, filter_count_stale;
	uint64_t counted_at_ms, state_at_ms, rate_at_ms, rate_total;
	bool chosen_deleted;             /* by the user, who need not be told */
	bool told_event;                 /* the message is of nobody's asking, and in the list of events */
	bool resume_follow;              /* it followed before the prompt opened */
	bool open_hit;                   /* what the search finds is opened */
	bool search_back, search_around; /* towards the newer; begun again at the other end */
	bool open_stale;                 /* something changed since what is open was looked at */
	int64_t search_from;
	uint64_t open_checked_ms;
	uint64_t hits_drawn_ms;
};

/* tui.c */
void tui_draw_soon(struct tui *t);
void tui_end_now(struct tui *t, enum tui_end how);
void tui_suspend(struct tui *t);
void tui_say(struct tui *t, bool bad, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Gives the terminal to another program, and takes it again. */
void tui_go_away(struct tui *t);
void tui_come_back(struct tui *t);

/* tui_deeds.c: true when the effect was one of its own. */
bool tui_deed(struct tui *t, struct effect *e);
void tui_deeds_end(struct tui *t, bool stop_replays);
/* Whether all that match a filter were being looked for; not any more. */
bool tui_stop_gathering(struct tui *t);
/* One replay, said in the message line when it is over; false and *e when it cannot begin. */
MUST_CHECK bool tui_replay_one(struct tui *t, const struct replay_request *r, struct error *e);

/* tui_open.c: true when the effect was one of its own. */
bool tui_open(struct tui *t, const struct effect *e);
void tui_open_goto(struct tui *t, int64_t id);
void tui_open_wanted(struct tui *t); /* asks for what open views want */
void tui_open_tick(struct tui *t, bool changed, uint64_t now_ms);

/* tui_copy.c */
void tui_copy_menu(struct tui *t, int64_t id);
void tui_copy(struct tui *t, struct effect *e);

/* tui_edit.c */
void tui_edit(struct tui *t, const struct effect *e);
void tui_send_edited(struct tui *t, const struct effect *e);
void tui_edit_end(struct tui *t);

/* tui_effects.c */
void tui_carry_out(struct tui *t, struct effect *e); /* takes its bytes */
void tui_act(struct tui *t, enum action a, int count);

/* tui_load.c */
void tui_load_begin(struct tui *t);
void tui_load_tick(struct tui *t, uint64_t now_ms);
void tui_load_wanted(struct tui *t); /* asks for what the list wants */
void tui_load_preview(struct tui *t);
void tui_apply_filter(struct tui *t, const char *filter);
void tui_search_list(struct tui *t, const char *text, bool backwards);
/* False when none is under way. */
bool tui_stop_search(struct tui *t);
bool tui_stop_walk(struct tui *t);

/* tui_state.c: history of filters, order and times, kept under state_dir. */
void tui_state_load(struct tui *t);
void tui_state_save(struct tui *t);
