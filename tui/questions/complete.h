/* Completion of a filter while it is typed: names of fields, and values of a field from the language and from the
 * deliveries in the list. Pure. */
#pragma once

#include "tui/state/ui.h"

#define COMPLETE_MOST 40
#define COMPLETE_LEN 64

struct completion {
	size_t from;          /* the word that is completed begins at this byte */
	size_t count, common; /* common: length of what all words begin with */
	char words[COMPLETE_MOST][COMPLETE_LEN];
	const char *help[COMPLETE_MOST];
};

void complete_filter(const struct ui *ui, const char *text, size_t cursor, struct completion *out);
