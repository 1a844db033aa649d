/* What may stand where somebody types a filter: its fields, and the values of one, of the language and of the
 * deliveries that are read. Pure. */
#pragma once

#include "tui/state/ui.h"

#define COMPLETE_MOST 40
#define COMPLETE_LEN 64

struct completion {
	size_t from;          /* what is typed of it begins here, in bytes */
	size_t count, common; /* common: how many bytes all begin with */
	char words[COMPLETE_MOST][COMPLETE_LEN];
	const char *help[COMPLETE_MOST];
};

void complete_filter(const struct ui *ui, const char *text, size_t cursor, struct completion *out);
