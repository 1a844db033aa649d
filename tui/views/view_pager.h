/* What all views of a document have in common: keys that move and search, and what is said about hits. Pure. */
#pragma once

#include "tui/documents/pager.h"
#include "tui/views/view.h"

/* False when the action does not move. */
bool view_pager_act(struct pager *p, enum action a, int count);
/* n and N: says when there is no hit, and when the search begins again at the other end. */
void view_pager_search(struct pager *p, struct ui *ui, const char *text, bool backwards, struct effect *out);
/* Goes on counting hits for a few milliseconds; called while ui->hits_open. */
void view_pager_count(struct pager *p, struct ui *ui);
