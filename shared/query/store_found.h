/* The search index as a table for SQL: creel_found(query, low, high) has in its column `place` the ids, in order, of
 * the deliveries from low to high that may have the words of the query (shared/words/word_query.h). Of one connection,
 * on its thread. */
#pragma once

#include "shared/store/store.h"

/* For statements that are prepared afterwards; EXIT_STORE. */
MUST_CHECK bool store_add_found_table(struct store *s, struct error *e);
