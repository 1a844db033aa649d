/* The help as a document: how to begin, what the signs mean, the filter language by examples from the chosen delivery,
 * and every key of the view that help was opened from. Pure. */
#pragma once

#include "tui/documents/doc.h"
#include "tui/state/ui.h"

/* `have` as for action_enabled: what is not possible now is dim. NULL when out of memory. */
struct doc *help_text(enum context of, unsigned have, const struct ui *ui, int columns);
