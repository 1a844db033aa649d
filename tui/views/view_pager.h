/* What all views over a document have in common: keys that move, search, the words for it. Pure. */
#pragma once

#include "tui/documents/pager.h"
#include "tui/views/view.h"

/* False when the action is none that moves. */
bool view_pager_act(struct pager *p, enum action a, int count);
/* n, N: says so when there is nothing, or when it begins again at the other end. */
void view_pager_search(struct pager *p, struct ui *ui, const char *text, bool backwards, struct effect *out);
/* Counts on, a little: while ui->hits_open. */
void view_pager_count(struct pager *p, struct ui *ui);
