/* Between the files of the desk. Each section is a file; those further down may call those above. Loop thread. */
#pragma once

#include <signal.h>

#include "tui/desk/screen.h"
#include "tui/desk/tui.h"
#include "shared/frontend/edit.h"
#include "tui/terminal/clip.h"
#include "tui/terminal/term.h"

#define TICK_MS 100
#define TUI_SIGNALS 6

/* Deliveries, ascending. */
struct delivery_ids {
	int64_t *at;
	size_t count, room;
};

typedef void (*gather_then)(struct tui *t, const struct effect *e);

/* An effect that waits until all that match the filter are known. */
struct gathering {
	struct effect effect;
	gather_then then;
	char filter[UI_FILTER_MAX];
	uint64_t generation; /* 0: none waits */
};

struct tui {
	struct tui_deps deps;
	struct screen screen;
	struct term *term;
	struct surface surface;
	bool listening, dirty, ended;
	bool away; /* another program has the terminal */
	bool deaf; /* the terminal cannot be watched for keys any more */
	int late;  /* ticks in which SIGINT may still be meant for the program that had the terminal */
	char *clipboard, *state_dir;
	void (*on_end)(void *user, enum tui_end how);
	void *on_end_user;
	void (*on_closed)(void *user);
	void *on_closed_user;
	/* Handles. */
	uv_poll_t input;
	uv_poll_cb on_readable;
	uv_timer_t tick;
	uv_prepare_t before_wait;
	uv_idle_t counting_hits; /* of a search, between keys */
	uv_timer_t narrow;       /* a filter being typed is applied */
	uv_signal_t signals[TUI_SIGNALS];
	struct sigaction quit; /* what SIGQUIT does, while another program has the terminal */
	int handles;           /* to be closed */
	/* Keys. */
	int count; /* "10j" */
	bool pasting;
	uint64_t click_at_ms;
	int click_x, click_y;
	/* What is being done. */
	struct delivery_ids ids; /* those the present or the last effect was about, or a question asks about */
	struct gathering gathering;
	struct replay_run *runs;
	struct outcome {
		int64_t of, replay;  /* the message line says what became of it; 0: it does not */
		uint64_t generation; /* 0: it is not asked for */
		char why[160];
	} outcome;
	struct narrowing {
		bool open, follow;
		char before[UI_FILTER_MAX], typed[UI_FILTER_MAX];
		int64_t chosen;
	} narrowing;
	struct history saved; /* filters */
	struct clip *clip;
	char copied[200]; /* what goes to the clipboard, in words */
	struct edit *edit;
	struct editor *editor;
	/* What was asked of the source: answers of other generations are dropped. */
	uint64_t next_generation;
	uint64_t count_generation, filter_count_generation, search_generation, marks_generation;
	uint64_t newest_generation, edit_generation;
	uint64_t preview_generation; /* 0: none is under way */
	int64_t preview_id;          /* what was asked for */
	int preview_attempts, preview_status;
	uint64_t stats_generation, stats_asked_ms,
	    stats_again_ms; /* of the overview; generation 0: none is under way */
	bool stats_stale;
	bool counting, counting_filter, count_stale, filter_count_stale;
	uint64_t filter_count_at_ms, filter_count_took_ms;
	uint64_t counted_at_ms, state_at_ms, rate_at_ms, rate_total;
	bool chosen_deleted;             /* by the user, who needs no message */
	bool shows_event;                /* the message is an event: nobody asked for it, and EVENTS has it */
	bool resume_follow;              /* the list followed before the prompt opened */
	bool open_hit;                   /* what the search finds is opened */
	bool search_back, search_around; /* towards the newer; begun again at the other end */
	int64_t search_from;
	bool open_stale; /* something changed since what is open was looked at */
	uint64_t open_checked_ms;
	uint64_t hits_drawn_ms;
};

/* The handlers of effects: each in the file that its name begins with. */
#define EFFECT(id, handler) void handler(struct tui *t, const struct effect *e);
#include "tui/state/effects.def"
#undef EFFECT

/* tui_say.c. A warning is something that went wrong. */
void tui_draw_soon(struct tui *t);
void tui_say(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_warn(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tui_state.c: the histories, the order and the times, kept in state_dir for the next time. */
void tui_state_load(struct tui *t);
/* A failure costs the history; nothing is said about it. */
void tui_state_save(struct tui *t);

/* tui_away.c: another program has the terminal from begin to end. */
void tui_away_begin(struct tui *t);
void tui_away_end(struct tui *t);
void tui_away_tick(struct tui *t);

/* tui_wants.c */
void tui_wants(struct tui *t);
void tui_wants_tick(struct tui *t, bool changed, uint64_t now_ms);
void tui_wants_split(struct tui *t); /* shows the pane below the list, or hides it */

/* tui_overview.c */
void tui_overview_wants(struct tui *t);
void tui_overview_tick(struct tui *t, bool changed, uint64_t now_ms);
bool tui_overview_stop(struct tui *t); /* counting; false when nothing is counted */

/* tui_open.c */
void tui_open_delivery(struct tui *t, int64_t id);

/* tui_prompt.c */
void tui_prompt_open(struct tui *t, enum prompt_kind kind, const char *text);

/* tui_narrow.c: the filter is applied while it is typed. Enter keeps what is typed, anything else that closes the line
 * brings back what was there before. */
void tui_narrow_begin(struct tui *t);
void tui_narrow_typed(struct tui *t); /* after each key */
void tui_narrow_keep(struct tui *t);

/* tui_gather.c: calls `then` with the effect when t->ids are those it is about, at once or later. */
void tui_gather(struct tui *t, const struct which *which, const struct effect *e, gather_then then);
/* False when nothing waits. */
bool tui_gather_stop(struct tui *t);
void tui_gather_end(struct tui *t);

/* tui_replay.c: one replay; the message line says how it ended. False and *e when it cannot begin. */
MUST_CHECK bool tui_replay_one(struct tui *t, const struct replay_request *r, struct error *e);
enum tui_replays { REPLAYS_STOP, REPLAYS_GO_ON };
void tui_replay_end(struct tui *t, enum tui_replays how);

/* tui_outcome.c: what became of a replay, on the message line, and Enter that opens it. `why`: it may have been refused
 * for this; or empty. */
void tui_outcome_ask(struct tui *t, int64_t of, int64_t replay, const char *why);
/* Opens the replay that the message line names; false when it names none. */
bool tui_outcome_open(struct tui *t);

/* tui_copy.c, tui_edit.c */
void tui_copy_end(struct tui *t);
void tui_edit_end(struct tui *t);

/* tui_load.c */
void tui_load_begin(struct tui *t);
/* Whether something was committed since the last tick. */
bool tui_load_tick(struct tui *t, uint64_t now_ms);
void tui_load_wanted(struct tui *t); /* asks for what the list wants */
void tui_load_preview(struct tui *t);
bool tui_load_stop(struct tui *t);  /* a filter's walk; false when there is none */
void tui_load_pause(struct tui *t); /* the same without a word: another filter follows */
/* Another filter, which must be one; from the newest on, or from `chosen`. */
void tui_load_show(struct tui *t, const char *filter, bool follow, int64_t chosen);

/* tui_search.c */
void tui_search(struct tui *t, const char *text, bool backwards);
bool tui_search_stop(struct tui *t); /* false when there is none */

/* tui_leave.c */
void tui_leave(struct tui *t, enum tui_end how);
int tui_leave_watch(struct tui *t); /* for signals; 0, or a libuv error */

/* tui_effects.c */
void tui_effects_carry_out(struct tui *t, const struct effect *e);
void tui_effects_act(struct tui *t, enum action a, int count);

/* tui_input.c */
void tui_input_ready(uv_poll_t *handle, int status, int events);
