/* What the inspector's files share: its state, and what the desk does for all of them: sentences, lending the terminal
 * to another program, the list that is loaded, deliveries gathered by a filter, panes. Each section is a file; those
 * further down may call those above. Loop thread. */
#pragma once

#include <signal.h>

#include "tui/desk/screen.h"
#include "tui/desk/tui_program.h"
#include "shared/frontend/edit.h"
#include "tui/clipboard/clip.h"
#include "tui/terminal/term.h"

#define TICK_MS 100
#define TUI_SIGNALS 6

/* Deliveries, ascending. */
struct delivery_ids {
	int64_t *at;
	size_t count, room;
};

#define NOTICES_KNOWN 64
/* What failed since the start, for --notify. */
struct notices {
	enum term_notice how;
	bool begun, stale;   /* whether `from` is known; whether something was committed since it was asked */
	int64_t from;        /* the newest delivery at the start */
	uint64_t generation; /* 0: nothing is asked */
	uint64_t asked_ms, told_ms;
	int64_t known[NOTICES_KNOWN]; /* the last that were counted */
	size_t next;
	size_t failed; /* not told yet, and the last of them */
	int64_t last;
	char word[8]; /* its status */
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
	char *clipboard, *state_dir, *store;
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
	key_code back_key; /* what went back last, and when; 0: something else was pressed since */
	uint64_t back_at_ms;
	uint64_t leave_at_ms; /* 0, or when it ends unless a key is pressed */
	uint64_t click_at_ms;
	int click_x, click_y;
	/* What is being done. */
	struct delivery_ids ids;      /* those the present or the last effect was about, or a question asks about */
	struct delivery_ids unmarked; /* by unmark-all, to be marked again */
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
	struct notices notices;
	struct clip *clip;
	char copied[200]; /* what goes to the clipboard, in words */
	struct edit *edit;
	struct editor *editor;
	/* What was asked of the source: answers of other generations are dropped. */
	uint64_t next_generation;
	uint64_t count_generation, filter_count_generation, search_generation, marks_generation;
	uint64_t order_generation; /* 0: none is under way */
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

/* tui_gather.c: calls `then` with the effect when t->ids are those it is about, at once or later. */
void tui_gather(struct tui *t, const struct which *which, const struct effect *e, gather_then then);
/* False when nothing waits. */
bool tui_gather_stop(struct tui *t);
void tui_gather_end(struct tui *t);

/* tui_load.c */
void tui_load_begin(struct tui *t);
/* Whether something was committed since the last tick. */
bool tui_load_tick(struct tui *t, uint64_t now_ms);
void tui_load_wanted(struct tui *t); /* asks for what the list wants */
void tui_load_preview(struct tui *t);
bool tui_load_stop(struct tui *t);  /* a filter's walk; false when there is none */
void tui_load_pause(struct tui *t); /* the same without a word: another filter follows */
/* Shows another filter, which must be valid, from the newest delivery on or from `chosen`. */
void tui_load_show(struct tui *t, const char *filter, bool follow, int64_t chosen);

/* tui_notice.c. `how`: off, bell, osc9, osc777; NULL is off. */
void tui_notice_begin(struct tui *t, const char *how);
void tui_notice_tick(struct tui *t, bool changed, uint64_t now_ms);

/* tui_panes.c: shows the panes that are wanted, and closes the others. */
void tui_panes_mind(struct tui *t);
void tui_panes_split(struct tui *t); /* shows the pane below the list, or hides it */
