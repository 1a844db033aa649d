/* Between list.c (what is on the screen) and list_load.c (what is read). */
#pragma once

#include "tui/state/list.h"

void list_drop(struct list_model *m, size_t from, size_t to);
size_t list_lower(const struct list_model *m, int64_t id);
void list_settle(struct list_model *m);
void list_step(struct list_model *m, int rows);
