/* Effects: what views and questions ask the desk to do. They only say it; tui/inspector carries it out (tui_effects.c).
 * The kinds and their handlers are the rows of effects.def. Pure. */
#pragma once

#include "tui/state/export_format.h"
#include "tui/state/ui.h"

enum effect_kind {
	EFFECT_NONE,
#define EFFECT(id, handler) EFFECT_##id,
#include "tui/state/effects.def"
#undef EFFECT
	EFFECT_COUNT,
};

/* Which deliveries an effect is about. */
enum which_kind {
	WHICH_MARKED,   /* those that are marked; the chosen one when none is */
	WHICH_ONE,      /* `id` */
	WHICH_FILTERED, /* all that match the filter */
	WHICH_ASKED,    /* those the last question was about */
};
struct which {
	enum which_kind kind;
	int64_t id;
};

enum quit_how { QUIT_ASKING /* where something would be lost */, QUIT_NOW, QUIT_TO_LINES, QUIT_INTERRUPTED };

enum prompt_kind {
	PROMPT_NONE,
	PROMPT_FILTER,
	PROMPT_SEARCH,
	PROMPT_COMMAND,
	PROMPT_OFFSET,
	PROMPT_PATH,
	PROMPT_NOTE,
	PROMPT_TAGS
};

enum edit_step { EDIT_BEGIN, EDIT_AGAIN, EDIT_DROP };

enum copy_what {
	COPY_URL,
	COPY_CURL,
	COPY_CURL_SECRETS,
	COPY_BODY,
	COPY_HEADERS,
	COPY_RAW,
	COPY_VALUE, /* on the line under the cursor, as the next */
	COPY_PATH,
	COPY_ID,
	COPY_COUNT,
};

enum sort_way {
	SORT_AS_USUAL, /* what one looks for first: the largest, the first of the alphabet; then the other way round */
	SORT_UP,
	SORT_DOWN,
	SORT_AGAIN, /* as it is, with what came since */
};

enum setting { SETTING_MOUSE, SETTING_SPLIT, SETTING_ORDER, SETTING_TIME, SETTING_COLUMN };

struct effect_search {
	char text[UI_FILTER_MAX];
	bool backwards;
};
struct effect_replay {
	struct which which;
	bool confirmed; /* the user was asked */
	bool resign;    /* with a signature of now; for WHICH_ONE */
};
struct effect_edit {
	int64_t id;
	enum edit_step step;
	int line; /* to begin on; 0: the first */
};
struct effect_diff {
	int64_t id, other; /* other 0: the last of its kind before */
};
struct effect_copy {
	int64_t id;
	enum copy_what what;
};
struct effect_export {
	struct which which;
	enum export_format format;
	bool overwrite;
	char path[UI_FILTER_MAX]; /* as typed */
};
struct effect_delete {
	struct which which;
	bool confirmed;
};
struct effect_label {
	int64_t id; /* 0: the delivery that is seen */
	bool off;   /* TAG: it is taken away */
	char text[UI_FILTER_MAX];
};
struct effect_sort {
	enum store_order_key key;
	enum sort_way way;
};
struct effect_set {
	enum setting setting;
	int value; /* whether it is on, or newest first; an enum time_mode; a column to be shown or hidden */
};

struct effect {
	enum effect_kind kind;
	union {                              /* by kind; those that are not named have nothing */
		int64_t id;                  /* OPEN, GOTO, MARK, COPY_MENU, EXPORT_MENU, ASK_NOTE, ASK_TAGS */
		char text[UI_FILTER_MAX];    /* SAY, FILTER, SHOW_FILTER (in the list), SAVE_FILTER, OFFSET (what was
						typed), TARGET, COLUMNS */
		struct effect_search search; /* SEARCH */
		enum quit_how quit;          /* QUIT */
		enum prompt_kind prompt;     /* PROMPT */
		enum action action;          /* ACTION */
		struct effect_replay replay; /* REPLAY */
		struct effect_edit edit;     /* EDIT */
		bool resign;                 /* SEND: with a signature of now */
		struct effect_diff diff;     /* DIFF */
		struct effect_copy copy;     /* COPY */
		struct effect_export export; /* EXPORT, ASK_PATH (`path`: what is proposed; empty: a name of our own) */
		struct effect_delete delete; /* DELETE */
		struct effect_label label;   /* NOTE, TAGS (all of them), TAG (of what is marked, else of that) */
		struct effect_set set;       /* SET */
		struct effect_sort sort;     /* SORT */
	};
};

/* A sentence for the message line. */
void effect_say(struct effect *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void effect_filter(struct effect *out, const char *filter);
void effect_sort(struct effect *out, enum store_order_key key, enum sort_way way);
void effect_search(struct effect *out, const char *text, bool backwards);
