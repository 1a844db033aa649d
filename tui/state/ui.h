/* What every view may read of the inspector as a whole: the list's window, the client's state, the filter, how times
 * are shown, the message line, the progress of a replay, the log of events. Belongs to the screen (tui/desk/screen.h).
 * Pure.
 */
#pragma once

#include "shared/frontend/source.h"
#include "tui/keys/keymap.h"
#include "tui/state/list.h"
#include "tui/terminal/layout.h"

enum time_mode { TIMES_LOCAL, TIMES_UTC, TIMES_AGO };

struct strip { /* the progress of a replay */
	bool shown, running;
	int64_t handle;
	struct replay_progress progress; /* without its trouble */
	uint64_t begun_us, ended_us;
	int64_t first_id; /* the rows it made have higher ids */
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
	/* A filter that one key made (=, !, M, or Enter on a finished replay); Esc brings back the one before. */
	char quick[UI_FILTER_MAX], before_quick[UI_FILTER_MAX];
	unsigned columns;                   /* COLUMN_BIT of each that the list shows; 0: the usual ones */
	uint8_t column_order[COLUMN_COUNT]; /* as struct column_wish has it */
	uint64_t matches;                   /* how many the filter finds */
	bool matches_known;
	char search[200], hits[50]; /* "2 of 5", until the next key */
	bool hits_open;             /* not all are counted yet */
	const char *hits_words;     /* a message that the hits are added to; or NULL */
	enum time_mode time;
	bool mouse, ascii;
	/* Panes besides the list: whether they are wanted, and by a key; below the list even on a wide screen; the
	 * list's share in percent. */
	bool split, split_chosen, below;
	int share;
	int room;  /* how many panes there is room for */
	int focus; /* 0: keys go to the list; else to that pane, from 1 */
	bool wide; /* beside each other is possible */
	uint64_t now_us;
	uint64_t total;
	bool total_known;
	double rate; /* deliveries a second */
	char message[700];
	bool message_bad;
	struct strip strip;
	struct preview preview;
	int64_t preview_id; /* the delivery it is about; 0: none */
	int preview_attempts, preview_status;
	struct event events[UI_EVENTS]; /* a ring */
	size_t event_count, event_next;
};

/* Shows times as local, as UTC or as how long ago; the list's day lines follow. */
void ui_set_time(struct ui *ui, enum time_mode how);
