/* The line below the list: a message, or what the chosen delivery is in more words than its row has. Pure. */
#pragma once

#include "tui/terminal/surface.h"
#include "tui/state/ui.h"

/* Gives the rows it took, of which `area` is the lowest: a long message takes several. */
int message_draw(const struct ui *ui, struct surface *s, struct rect area);
