/* What every view is made of. Views are pure: they draw what `struct ui` and their own state say, and answer an action
 * with effects, which tui.c alone carries out. */
#pragma once

#include "tui/keys/action.h"
#include "tui/terminal/layout.h"
#include "tui/views/list_model.h"
#include "shared/frontend/source.h"
#include "tui/terminal/surface.h"

enum time_mode { TIMES_LOCAL, TIMES_UTC, TIMES_AGO };

struct strip { /* the progress of a replay */
	bool shown, running;
	int64_t handle;
	struct replay_progress progress; /* without its trouble */
	uint64_t begun_us, ended_us;
	int64_t first_id; /* the rows it made are those behind this */
};

struct event {
	uint64_t at_us;
	char *text;
};

#define UI_EVENTS 200
#define UI_FILTER_MAX 1000

struct ui {
	struct list_model list;
	struct client_state client;
	struct keymap keys;
	char filter[UI_FILTER_MAX];
	/* What a finished replay made is shown by this filter, in the place of that one, which Esc gives back. */
	char results[64], before_results[UI_FILTER_MAX];
	char search[200], hits[50]; /* "2 of 5", until the next key */
	bool hits_open;             /* there are more to be counted */
	const char *hits_words;     /* ours, with them in a message; or NULL */
	enum time_mode time;
	bool split, pane_focused, can_split, mouse, ascii;
	uint64_t now_us;
	uint64_t total;
	bool total_known;
	double rate; /* deliveries a second */
	char message[700];
	bool message_bad;
	struct strip strip;
	struct preview preview;
	int64_t preview_id; /* what it is of: 0 nothing */
	int preview_attempts, preview_status;
	struct event events[UI_EVENTS]; /* a ring */
	size_t event_count, event_next;
};

enum effect_kind {
	EFFECT_NONE,
	EFFECT_POP,
	EFFECT_QUIT, /* flag: at once, without asking; number 2: go on in lines, 3: interrupted */
	EFFECT_SAY,  /* text */
	EFFECT_OPEN, /* detail of id */
	EFFECT_HELP,
	EFFECT_EVENTS,
	EFFECT_PROMPT, /* number: enum prompt_kind, text: what it begins with */
	EFFECT_FILTER, /* text */
	EFFECT_SEARCH, /* text in the list, flag: backwards */
	EFFECT_GOTO,   /* id */
	EFFECT_REPLAY, /* id, or 0: what is marked; other -1: what is filtered; asked first but for an id */
	EFFECT_STOP,
	EFFECT_EDIT, /* id; number: enum edit_step */
	EFFECT_DIFF, /* id and other, or other 0: the last of its kind */
	EFFECT_COPY_MENU,
	EFFECT_EXPORT_MENU,
	EFFECT_COPY, /* bytes, text: what they are; or without bytes number: enum copy_what, of id */
	EFFECT_MARK, /* id */
	EFFECT_UNMARK_ALL,
	EFFECT_DELETE,   /* id, or 0: what is marked */
	EFFECT_EXPORT,   /* text: the path; number: enum export_format; id, or 0: what is marked; other -1: what is
			    filtered */
	EFFECT_ASK_PATH, /* the same, the path still to be asked for */
	EFFECT_SEND,     /* the edited request; flag: signed anew */
	EFFECT_ACTION,   /* number: enum action */
	EFFECT_SET,      /* text: "mouse on" */
	EFFECT_OFFSET,   /* text: what was typed */
	EFFECT_SPLIT,
	EFFECT_MOUSE,
	EFFECT_REPAINT,
	EFFECT_SUSPEND,
	EFFECT_REMEMBER, /* order and time are kept for the next time */
};

struct effect {
	enum effect_kind kind;
	int64_t id, other;
	uint64_t number;
	bool flag;
	char text[UI_FILTER_MAX];
	struct buffer bytes; /* the receiver frees */
};

/* A document a view is to be given. */
struct view_want {
	int64_t id; /* 0: the newest of `filter` before `before`, whose id is then wanted alone */
	int64_t before;
	char filter[UI_FILTER_MAX];
	enum source_part part;
	int attempt;
	uint64_t most;
};

struct view;
struct view_ops {
	void (*draw)(struct view *v, const struct ui *ui, struct surface *s, struct rect area);
	/* `count`: the number typed before, 1 without. */
	void (*act)(struct view *v, struct ui *ui, enum action a, int count, struct effect *out);
	/* The delivery actions are about; 0 for none. */
	int64_t (*current)(const struct view *v, const struct ui *ui);
	/* NULL: does nothing. A click on a row of its area. */
	void (*click)(struct view *v, struct ui *ui, int x, int y, bool twice, struct effect *out);
	void (*close)(struct view *v);
	/* NULL: the list is searched. Empty: what was searched last. */
	void (*search)(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out);
	/* Counts on what was found, a little: while ui->hits_open. */
	void (*count)(struct view *v, struct ui *ui);
	void (*offset)(struct view *v, struct ui *ui, const char *text, struct effect *out);
	/* True when a document is wanted; it then counts as asked for by that generation. */
	bool (*wants)(struct view *v, const struct ui *ui, uint64_t generation, struct view_want *out);
	/* The answer, which it takes; false when that is not what it waits for (any more). `found`: of a want by
	 * filter, the id, 0 for none; *d is then empty but for its trouble. */
	bool (*receive)(struct view *v, uint64_t generation, struct document *d, int64_t found);
};
struct view { /* the first member of each */
	const struct view_ops *ops;
	enum context context;
};

/* Actions that mean the same wherever they are enabled; false when it is the view's own. */
bool view_act_common(struct view *v, struct ui *ui, enum action a, struct effect *out);
unsigned view_have(const struct view *v, const struct ui *ui);

/* view_list.c: the root. */
extern const struct view_ops view_list_ops;
/* view_bars.c: what stands around the views. */
void bars_draw_title(const struct ui *ui, struct surface *s, struct rect area, bool with_filter);
/* `reason` of the app's answer, where there is room; empty: not known. */
void bars_draw_detail_title(const struct ui *ui, const struct item *item, struct bytes reason, struct surface *s,
			    struct rect area);
/* "-- #1000187  invoice.paid  500 Internal Server Error ---", over the pane. */
void bars_draw_pane_title(const struct item *item, struct bytes reason, struct surface *s, struct rect area,
			  bool focused);
void bars_draw_filter(const struct ui *ui, struct surface *s, struct rect area);
/* Flush right; gives the column it begins in. */
int bars_print_right(struct surface *s, struct rect area, enum role role, const char *text);
void bars_draw_header(struct surface *s, struct rect area);
/* view_message.c: a message, or what the list's chosen delivery is. */
void message_draw(const struct ui *ui, struct surface *s, struct rect area);
void bars_draw_strip(const struct ui *ui, struct surface *s, struct rect area);
void bars_draw_keys(const struct ui *ui, enum context c, unsigned have, struct surface *s, struct rect area);
/* In a view over the list: what was searched, what keys there are. */
void bars_draw_hint(const struct ui *ui, enum context c, const char *searched, struct surface *s, struct rect area);
/* Words that may be long, broken between words into at most so many rows; the last is `bottom`, the others lie over
 * what is there. */
void bars_draw_words(struct surface *s, struct rect bottom, int most, enum role role, const char *text);
/* Which action's label on the key bar stands at this column. */
enum action bars_key_at(const struct ui *ui, enum context c, unsigned have, int columns, int x);
void bars_draw_too_small(struct surface *s);

/* words.c: short texts of what a delivery is. All are ours but where they take bytes. */
#define WORDS_LEN 32
void words_count(char out[WORDS_LEN], uint64_t n); /* "1,000,214" */
void words_rough(char out[WORDS_LEN], uint64_t n); /* "240k", "1.0M" */
enum role words_status(char out[8], const struct delivery_row *row);
enum role words_status_role(int status);
void words_time(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us, int columns);
/* "14:02:31.482" */
void words_clock(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us);
/* view.c: the list's days go with it. */
void ui_set_time(struct ui *ui, enum time_mode how);
void words_day(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us);
char words_signature(const struct delivery_row *row, enum role *role); /* + ! - */
struct bytes words_source(const struct delivery_row *row);
struct bytes words_event(const struct delivery_row *row); /* or the target */
