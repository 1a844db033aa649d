#include "shared/upkeep/store_probe.h"

#include "shared/query/store_filter.h"
#include "shared/store/store_stop.h"
#include "shared/upkeep/store_prune.h"

#include <stdlib.h>

#define BODY_MOST (8u << 20) /* what filters read of JSON */
#define PATIENCE_US 500000   /* a filter: who asks has others to serve */

struct store_probe {
	struct store *store;
	int64_t id; /* of the one in it; 0: none */
};

struct store_probe *store_probe_new(struct error *e)
{
	struct store_probe *p = calloc(1, sizeof *p);
	if (!p) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	if (!store_open_in_memory(&p->store, e)) {
		free(p);
		return NULL;
	}
	return p;
}

void store_probe_free(struct store_probe *p)
{
	if (p)
		store_close(p->store);
	free(p);
}

bool store_probe_put(struct store_probe *p, const struct store_delivery *d, struct error *e)
{
	struct store_delivery short_one = *d;
	bool known;
	if (p->id && !store_delete(p->store, p->id, e))
		return false;
	p->id = 0;
	if (short_one.body.len > BODY_MOST) {
		short_one.body = bytes_of(NULL);
		short_one.spilled = NULL;
	}
	return store_insert_delivery(p->store, &short_one, &p->id, &known, e);
}

static void on_row(void *user, const struct delivery_row *row)
{
	(void)row;
	*(bool *)user = true;
}

bool store_probe_matches(struct store_probe *p, const struct filter *f, bool *yes, struct error *e)
{
	const struct store_search search = { .filter = f, .limit = 1, .row = on_row, .user = yes };
	*yes = false;
	store_set_patience(p->store, PATIENCE_US);
	bool fine = store_filter(p->store, &search, e);
	store_set_patience(p->store, 0);
	return fine;
}
