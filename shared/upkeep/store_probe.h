/* Whether filters match a delivery that is on no record yet. It is put into a store in memory, which the filters search
 * as they would any other: what a term means is said in one place. One at a time; the thread that made it. */
#pragma once

#include "shared/filter/filter.h"
#include "shared/store/store.h"

struct store_probe;

/* NULL and *e. */
struct store_probe *store_probe_new(struct error *e);
void store_probe_free(struct store_probe *p);
/* In the place of the one before. Of a body of more than 8 MiB only the size is seen. */
MUST_CHECK bool store_probe_put(struct store_probe *p, const struct store_delivery *d, struct error *e);
MUST_CHECK bool store_probe_matches(struct store_probe *p, const struct filter *f, bool *yes, struct error *e);
