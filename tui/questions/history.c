#include "tui/questions/history.h"

#include <stdlib.h>
#include <string.h>

bool history_remove(struct history *h, const char *text)
{
	size_t kept = 0, before = h->count;
	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->at[i], text) == 0)
			free(h->at[i]);
		else
			h->at[kept++] = h->at[i];
	}
	h->count = kept;
	return kept < before;
}

void history_add(struct history *h, const char *text)
{
	char *copy = *text ? strdup(text) : NULL;
	if (!copy)
		return;
	(void)history_remove(h, text);
	if (h->count == HISTORY_MAX) {
		free(h->at[0]);
		memmove(h->at, h->at + 1, --h->count * sizeof *h->at);
	}
	h->at[h->count++] = copy;
}

void history_free(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->at[i]);
	*h = (struct history){ 0 };
}
