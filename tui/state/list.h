/* The deliveries the list shows: a window of about three screens around what is seen, read by key, never by offset. It
 * says which page it wants next; tui.c asks for it and hands it in. What is seen hangs on (id, row): the chosen
 * delivery stays on its row whatever arrives, goes or is read in. Pure.
 *
 *     FOLLOW --upward move, pause--> PAUSED --G, F--> FOLLOW
 *     PAUSED --down to the newest--> PAUSED that follows again when the next arrives
 */
#pragma once

#include "shared/frontend/source.h"

enum list_load {
	LIST_LOAD_NONE,
	LIST_LOAD_OLDER, /* one more screen at an end of the window, the end is near */
	LIST_LOAD_NEWER,
	LIST_LOAD_AGAIN,  /* something changed */
	LIST_LOAD_NEWEST, /* a new window */
	LIST_LOAD_OLDEST,
	LIST_LOAD_AT_GOAL,
};

struct list_model {
	struct item *items; /* by id, ascending */
	size_t count, room;
	bool older, newer; /* there may be more beyond the window */
	int height;
	bool reversed; /* newest first */
	bool utc;      /* days are UTC's, as the times are */
	bool follow;
	bool may_resume; /* PAUSED on the newest by going down: the next arrival makes it follow */
	int64_t chosen;  /* 0: none */
	int chosen_row;
	int owed;       /* moves that went beyond what is read */
	int64_t *marks; /* sorted */
	size_t mark_count, mark_room;
	bool removed;   /* what was chosen is gone; for the message line, which clears it */
	int64_t missed; /* what list_goto was to find is not there: the nearest is chosen; cleared likewise */
	/* Loading. */
	enum list_load wanted, under_way;
	bool changed, partial;
	int64_t goal;
	uint64_t generation, searched, to_search;
	bool stopped; /* a filter's walk, by list_stop: nothing is read until somebody asks */
	bool loaded;  /* the first page is here */
	char *trouble;
	/* "12 new below" */
	uint64_t known, known_at_pause;
	bool count_known, count_at_pause_known;
	bool count_stale; /* something changed since it was counted */
	int64_t newest_at_pause;
};

void list_init(struct list_model *m);
void list_free(struct list_model *m);
/* Another query: the window is dropped; marks stay. */
void list_reset(struct list_model *m);
void list_set_height(struct list_model *m, int height);

struct list_request {
	int64_t anchor;
	bool forward;
	size_t count;
	uint64_t generation;
};
/* True when a page is wanted; it counts as asked for. */
bool list_wants(struct list_model *m, struct list_request *out);
/* An answer; stale ones change nothing. Takes the page. False when out of memory. */
MUST_CHECK bool list_receive(struct list_model *m, uint64_t generation, struct page *p);
/* Ends a walk that is under way; what it found stays. False when there is none. */
bool list_stop(struct list_model *m);
/* Something was committed. */
void list_changed(struct list_model *m);
void list_counted(struct list_model *m, uint64_t count);

/* By rows as they are seen: positive goes down the screen. */
void list_move(struct list_model *m, int rows);
void list_to_top(struct list_model *m);
void list_to_bottom(struct list_model *m);
void list_goto(struct list_model *m, int64_t id);
void list_choose_row(struct list_model *m, int row);
void list_pause(struct list_model *m);
void list_follow(struct list_model *m);
void list_reverse(struct list_model *m);
void list_set_days(struct list_model *m, bool utc);

const struct item *list_chosen(const struct list_model *m);
/* How many arrived since PAUSED, as far as is known; *at_least when there are more than that. */
uint64_t list_new(const struct list_model *m, bool *at_least);

bool list_marked(const struct list_model *m, int64_t id);
MUST_CHECK bool list_mark(struct list_model *m, int64_t id, bool set);

/* What stands on each row of the screen. */
struct list_row {
	const struct item *item; /* NULL: nothing, or a separator */
	const struct item *day;  /* a separator: the day of this one begins below */
};
void list_rows(const struct list_model *m, struct list_row *rows, int height);
