/* Between list.c (what is on the screen) and list_load.c (what is read). */
#pragma once

#include "tui/state/list.h"

void list_drop(struct list_model *m, size_t from, size_t to);
/* Where a delivery stands among all: its id, or its place in the order from 1 on, 0 when it has none. */
int64_t list_place(const struct list_model *m, int64_t id);
/* The first index whose place is not below. */
size_t list_lower(const struct list_model *m, int64_t place);
bool list_find(const struct list_model *m, int64_t id, size_t *index);
/* list_load.c: takes the items of the page into the window, which has room for them. */
void list_merge(struct list_model *m, struct page *p);
MUST_CHECK bool list_make_room(struct list_model *m, size_t more);
/* list_sort.c: drops the order, so that the window is one by id. */
void list_sort_free(struct list_model *m);
/* The ids of a page, from its anchor. */
void list_sort_slice(struct list_model *m, struct list_request *r);
/* Takes what the page should have and has not out of the order and the window, and says where the page's ends are. */
void list_sort_check(struct list_model *m, struct page *p);
void list_settle(struct list_model *m);
void list_step(struct list_model *m, int rows);
