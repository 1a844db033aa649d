/* Deliveries in the order of a column: the first so many of all that match a filter. There is no index of such an
 * order: all that match are walked through in slices, and those that come first are kept, so that any order of a
 * million takes a few hundred milliseconds on the thread that asks and a fixed amount of memory. By time they are read
 * by id instead (store_filter). The store's thread. */
#pragma once

#include "shared/query/store_filter.h"

enum store_order_key {
	STORE_ORDER_TIME,   /* as recorded: not a key of store_order_find */
	STORE_ORDER_STATUS, /* not over, 1xx to 5xx, no answer, timeout */
	STORE_ORDER_METHOD,
	STORE_ORDER_SOURCE,
	STORE_ORDER_EVENT, /* the target where there is none */
	STORE_ORDER_PATH,
	STORE_ORDER_ATTEMPTS,
	STORE_ORDER_TOOK,
	STORE_ORDER_SIZE,
	STORE_ORDER_TUNNEL,
	STORE_ORDER_PEER,
	STORE_ORDER_REPLAY_OF,
	STORE_ORDER_HOST, /* reads the header fields of all */
	STORE_ORDER_TAG,
	STORE_ORDER_COUNT,
};

/* "took", "replay-of"; "time" for STORE_ORDER_TIME. Any thread. */
const char *store_order_name(enum store_order_key key);
MUST_CHECK bool store_order_parse(const char *name, enum store_order_key *out); /* in any case of letters */
/* Whether one usually wants the greatest first: the slowest, the largest, what failed. */
bool store_order_descends(enum store_order_key key);

/* What a column does not have comes last in both directions; the newest comes first of those that are equal. Texts are
 * compared by their first bytes, without regard to the case of ASCII's letters. */
struct store_order {
	enum store_order_key key;
	bool descending;
	size_t most;
};

struct store_ordered { /* store_ordered_free */
	int64_t *ids;
	size_t count;
	uint64_t matched;                  /* how many there are, of which these are the first */
	struct store_order_entry *entries; /* for store_ordered_value; NULL: nobody asked */
};
void store_ordered_free(struct store_ordered *o);

/* What a delivery is ordered by: a number, or the beginning of a text, in lower case and a view of *o; neither (text.at
 * is NULL): it has none. Who has two halves of an order can make one of them. */
struct store_order_value {
	bool is_number;
	int64_t number;
	struct bytes text;
};
/* Of the i-th, where the search asked for `values`. */
struct store_order_value store_ordered_value(const struct store_ordered *o, size_t i);

struct store_order_run;
struct store_order_search {
	const struct filter *filter; /* NULL: everything */
	struct store_order order;
	int64_t before; /* only ids below it; 0: all */
	bool values;    /* are kept for store_ordered_value */
	/* After each slice; may be NULL. False stops the search, which then succeeds with what it found. */
	bool (*progress)(void *user, struct store_order_run *run, const struct store_slice *slice);
	void *user;
};
/* EXIT_STORE, EXIT_INTERRUPTED; *out is then empty. */
MUST_CHECK bool store_order_find(struct store *s, const struct store_order_search *search, struct store_ordered *out,
				 struct error *e);
/* To be called in `progress`: the answer, if nothing more followed. False when out of memory; *out is then empty. */
MUST_CHECK bool store_order_so_far(struct store_order_run *run, struct store_ordered *out);
