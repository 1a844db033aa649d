/* Whether filters match a delivery that is not on record yet. It is put into a store in memory, which the filters
 * search like any other, so that a term means the same everywhere. One delivery at a time; the thread that made it. */
#pragma once

#include "shared/filter/filter.h"
#include "shared/store/store.h"

struct store_probe;

/* NULL and *e. */
struct store_probe *store_probe_new(struct error *e);
void store_probe_free(struct store_probe *p);
/* Puts a delivery in the place of the one before. Of a body over 8 MiB filters see only the size. */
MUST_CHECK bool store_probe_put(struct store_probe *p, const struct store_delivery *d, struct error *e);
/* Within half a second; else EXIT_INTERRUPTED: a regular expression on a long body may take more. */
MUST_CHECK bool store_probe_matches(struct store_probe *p, const struct filter *f, bool *yes, struct error *e);
