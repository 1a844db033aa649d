/* The help as a document: what to begin with, what the signs mean, the filter language by examples of the delivery that
 * is chosen, and every key of where one is. Pure. */
#pragma once

#include "tui/documents/doc.h"
#include "tui/state/ui.h"

/* `have` as for action_enabled: what is not possible now is dim. NULL when out of memory. */
struct doc *help_text(enum context of, unsigned have, const struct ui *ui, int columns);
