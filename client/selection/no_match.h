/* What to say when a filter matches nothing. A command's only thread. */
#pragma once

#include "client/selection/selection.h"

/* Sets EXIT_NO and a sentence that says why nothing matches, as far as it can be seen from each term alone: that
 * nothing is on record, which terms match nothing, or that no delivery has them all. The filter is given as to
 * selection_parse. May set EXIT_STORE or EXIT_INTERRUPTED instead, for the terms are searched for. Always false. */
bool no_match(struct store *s, const char *option, int argc, char **argv, struct error *e);
