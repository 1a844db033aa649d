/* The deliveries the list shows: a window of about three screens around what is on the screen, read by id, never by
 * offset. It says which page it wants next; tui_load.c asks for the page and hands it in. The chosen delivery stays on
 * its row of the screen, whatever arrives, is deleted or is read. Pure.
 *
 *     FOLLOW --upward move, pause--> PAUSED --G, F--> FOLLOW
 *     PAUSED --down to the newest--> PAUSED that follows again when the next arrives
 *
 * Sorted by a column the window is one of the order that the record gave (list_sort.c): its first 10,000, which stay as
 * they are until they are sorted again. It never follows.
 */
#pragma once

#include "shared/frontend/source.h"

#define LIST_SORTED_MOST 10000

enum list_load {
	LIST_LOAD_NONE,
	LIST_LOAD_OLDER, /* one more screen at an end of the window that is nearly reached */
	LIST_LOAD_NEWER,
	LIST_LOAD_AGAIN,  /* something changed */
	LIST_LOAD_NEWEST, /* a new window */
	LIST_LOAD_OLDEST,
	LIST_LOAD_AT_GOAL,
};

enum list_sort_state {
	LIST_BY_TIME,
	LIST_SORT_WANTED,    /* to be asked for */
	LIST_SORT_UNDER_WAY, /* what was there stays until there is something of it */
	LIST_SORTED,
	LIST_SORT_STOPPED, /* of what was looked at until then */
};

struct list_sorting {
	struct store_order by; /* key STORE_ORDER_TIME: by id */
	enum list_sort_state state;
	bool shown; /* the window is one of `order` */
	bool stays; /* when it comes: on what is chosen, not at the top */
	struct store_ordered order;
	int64_t *places; /* ids and their places in `order`, by id: two numbers each */
	uint64_t generation, searched, total;
	size_t slice_first, slice_count; /* of the page under way */
};

struct list_model {
	struct list_sorting sorting;
	struct item *items; /* by place, ascending: the id, or the place in the order it is sorted by */
	size_t count, room;
	bool older, newer; /* there may be more, outside the window */
	int height;
	bool reversed; /* newest first */
	bool utc;      /* days are UTC's, as the times are */
	bool follow;
	bool may_resume; /* PAUSED on the newest by going down: the next arrival makes it follow */
	int64_t chosen;  /* 0: none */
	int chosen_row;
	int owed;       /* rows still to be moved once they are read */
	int64_t *marks; /* sorted */
	size_t mark_count, mark_room;
	bool removed;   /* the chosen delivery is gone; whoever says so clears it */
	int64_t missed; /* list_goto did not find this one and chose the nearest; cleared likewise */
	/* Loading. */
	enum list_load wanted, under_way;
	bool changed, partial;
	int64_t goal;
	uint64_t generation, searched, to_search;
	bool stopped; /* by list_stop: nothing is read until a key asks for it */
	bool loaded;  /* the first page has arrived */
	char *trouble;
	/* "12 new below" */
	uint64_t known, known_at_pause;
	bool count_known, count_at_pause_known;
	bool count_stale; /* something changed since it was counted */
	int64_t newest_at_pause;
};

void list_init(struct list_model *m);
void list_free(struct list_model *m);
/* For another filter: drops the window; marks stay. */
void list_reset(struct list_model *m);
void list_set_height(struct list_model *m, int height);

struct list_request {
	int64_t anchor; /* a place */
	bool forward;
	size_t count;
	uint64_t generation;
	const int64_t *ids; /* `count` of them, in the place of anchor and direction; NULL: not sorted */
};
/* True when a page is wanted, which the caller must then ask for. */
bool list_wants(struct list_model *m, struct list_request *out);
/* Takes the answer; one of another generation is dropped. False when out of memory. */
MUST_CHECK bool list_receive(struct list_model *m, uint64_t generation, struct page *p);
/* Stops reading a filter that is being searched for row by row; what was found stays. False when none is. */
bool list_stop(struct list_model *m);
/* Something in the record changed. */
void list_changed(struct list_model *m);
void list_counted(struct list_model *m, uint64_t count);

/* In rows of the screen; positive goes down. */
void list_move(struct list_model *m, int rows);
void list_to_top(struct list_model *m);
void list_to_bottom(struct list_model *m);
void list_goto(struct list_model *m, int64_t id);
void list_choose_row(struct list_model *m, int row);
void list_pause(struct list_model *m);
void list_follow(struct list_model *m);
void list_reverse(struct list_model *m);
bool list_newest_first(const struct list_model *m);

/* Sorts by a column, and chooses the first; by STORE_ORDER_TIME it is as it was before. */
void list_sort(struct list_model *m, enum store_order_key key, bool descending);
/* The same again with what has come since; what is chosen stays so. Sorted by a column alone. */
void list_sort_again(struct list_model *m);
/* True when an order is wanted, of m->sorting.by, which the caller must then ask for. */
bool list_wants_order(struct list_model *m, uint64_t *generation);
/* Takes the answer, as list_receive does. */
MUST_CHECK bool list_receive_order(struct list_model *m, uint64_t generation, struct ordered *o);
/* Keeps what was found; where nothing was, sorts by time again. False when none is under way. */
bool list_sort_stop(struct list_model *m);
void list_set_days(struct list_model *m, bool utc);

const struct item *list_chosen(const struct list_model *m);
/* Which row the chosen one is, from the top; false where the window has not all that there are. */
bool list_row_of_all(const struct list_model *m, uint64_t *row);
/* How many arrived since the list was paused, as far as is known; *at_least when there may be more. */
uint64_t list_new(const struct list_model *m, bool *at_least);

bool list_marked(const struct list_model *m, int64_t id);
MUST_CHECK bool list_mark(struct list_model *m, int64_t id, bool set);

/* What each row of the screen shows. */
struct list_row {
	const struct item *item; /* NULL: nothing, or a separator */
	const struct item *day;  /* a line between days: the day of this delivery begins below */
};
void list_rows(const struct list_model *m, struct list_row *rows, int height);
