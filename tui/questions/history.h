/* What was typed into a prompt before, the oldest first, each text once. Pure. */
#pragma once

#include <stddef.h>

#define HISTORY_MAX 100
struct history {
	char *at[HISTORY_MAX]; /* the newest last */
	size_t count;
};
/* Moves it to the end when it is there already. */
void history_add(struct history *h, const char *text);
void history_free(struct history *h);
