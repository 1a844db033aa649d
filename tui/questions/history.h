/* What was typed into a prompt before, the oldest first, each text once. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_MAX 100
struct history {
	char *at[HISTORY_MAX]; /* the newest last */
	size_t count;
};
/* Adds the text at the end; one that is there already moves there. */
void history_add(struct history *h, const char *text);
/* Removes the text; false when it was not there. */
bool history_remove(struct history *h, const char *text);
void history_free(struct history *h);
