/* A delivery as a line for a person: number, time, status, method, duration, size, provider, event, target, and notes
 * on it in parentheses. Text from outside is made safe for a terminal.
 *
 * Into a pipe or file the columns are always the same, one word each, "-" for what is not there, and nothing is cut. On
 * a terminal a line takes no more than its width: the size and the method give way on a narrow one, and texts end in
 * "…". The time is the user's, with its date where that is not today's. Any thread. */
#pragma once

#include <stdio.h>

#include "shared/store/store.h"

/* How wide the columns are. */
struct row_line {
	size_t columns; /* of the terminal; 0: none */
	size_t id, time, provider, event;
	bool method, size, fitted;
	bool loose; /* no columns for provider and event: they take what they need, or nothing */
};

/* For lines that come one by one. `fd`: where they go. */
void row_line_begin(struct row_line *l, int fd);
/* For lines that are all known before they are printed: each row is shown to it first, so that columns are as wide as
 * they need to be, and on a terminal not there where they are empty. */
void row_line_fit(struct row_line *l, const struct delivery_row *row);
/* Prints it; `chaos`: what --chaos did to the attempt, or empty. */
void row_line_print(const struct row_line *l, FILE *out, const struct delivery_row *row, struct bytes chaos);

#define ROW_LINE_TIME_LEN 24
/* "14:02:31", or of another day "2026-11-28T14:02:31": the user's time. */
void row_line_time(uint64_t at_us, char out[ROW_LINE_TIME_LEN]);
