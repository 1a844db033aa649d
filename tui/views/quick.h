/* Filters that one key makes. Esc in the list brings back the one that was there before the first of them. Pure. */
#pragma once

#include "shared/base/buffer.h"
#include "tui/state/effect.h"

/* Whether the list shows such a filter. */
bool quick_shows(const struct ui *ui);
/* Asks for this filter. False, and out says why, when it cannot be. */
bool quick_take(struct ui *ui, struct buffer *text, struct effect *out);
/* Asks for the filter that was there before the quick ones. */
void quick_drop(struct ui *ui, struct effect *out);
/* Appends the present filter with one more term. False when out of memory. */
MUST_CHECK bool quick_narrow(const struct ui *ui, const char *term, struct buffer *text);
