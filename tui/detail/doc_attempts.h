/* When a delivery came, how often the app was called for it, and what is known of its replays, as a document
 * (tui/DESIGN.md §3.7). It borrows from the `struct document` it was made of. Pure. */
#pragma once

#include "tui/documents/doc.h"
#include "tui/state/ui.h"

/* Times, attempts, replays. `answer` (may be NULL) is what is known of the chosen attempt's. Tags of lines: attempts by
 * number below 0, deliveries by id. */
struct doc *doc_attempts(const struct document *d, const struct document *answer, int chosen, const struct ui *ui,
			 int columns);
int64_t doc_attempts_tag(struct doc *d, size_t line);
/* The attempt of this number; NULL when there is none. */
const struct attempt_row *doc_attempts_find(const struct document *d, int number);
/* "8.1ms", "30.0s". */
void doc_attempts_took(char out[16], uint64_t us);
