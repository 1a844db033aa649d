/* Short texts of what a delivery is: counts, times, results. All of it is printable but where bytes are returned: those
 * are the sender's. Pure. */
#pragma once

#include "tui/terminal/surface.h"
#include "tui/state/ui.h"

#define WORDS_LEN 32
void words_count(char out[WORDS_LEN], uint64_t n); /* "1,000,214" */
void words_rough(char out[WORDS_LEN], uint64_t n); /* "240k", "1.0M" */
enum role words_status(char out[8], const struct delivery_row *row);
enum role words_status_role(int status);
void words_time(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us, int columns);
/* "14:02:31.482" */
void words_clock(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us);
void words_day(char out[WORDS_LEN], const struct ui *ui, uint64_t at_us);
char words_signature(const struct delivery_row *row, enum role *role); /* + ! - */
struct bytes words_source(const struct delivery_row *row);
struct bytes words_event(const struct delivery_row *row); /* or the target */
