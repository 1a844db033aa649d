#include "client/replay/replay_choice.h"

#include "client/common/limits.h"
#include "shared/query/store_query.h"

#include <stdlib.h>

#define PAGE 200

static const char not_counted[] = "replays and refused ones do not count";

struct page {
	int64_t oldest; /* 0: the page is empty */
	int64_t at[PAGE];
	size_t count;
};

static void on_candidate(void *user, const struct delivery_row *row)
{
	struct page *page = user;
	if (page->oldest == 0)
		page->oldest = row->id;
	if (row->origin != ORIGIN_REPLAY && row->state != DELIVERY_REFUSED && page->count < PAGE)
		page->at[page->count++] = row->id;
}

/* The newest `wanted` deliveries that are neither replays nor refused, oldest first. */
static bool find_last(struct store *s, size_t wanted, struct replay_ids *ids, struct error *e)
{
	int64_t before = 0;
	do {
		struct page page = { 0 };
		if (!store_list(s, before, PAGE, on_candidate, &page, e))
			return false;
		while (page.count > 0 && ids->count < wanted)
			ids->at[ids->count++] = page.at[--page.count];
		before = page.oldest;
	} while (before > 0 && ids->count < wanted);
	for (size_t i = 0; i < ids->count / 2; i++) {
		int64_t swap = ids->at[i];
		ids->at[i] = ids->at[ids->count - 1 - i];
		ids->at[ids->count - 1 - i] = swap;
	}
	return selection_require(ids->count, not_counted, e);
}

/* Those that --where matches, or with --last the newest of them. Replays and refused ones do not count. */
static bool find_where(const struct replay_choice *c, struct store *s, struct replay_ids *ids, struct error *e)
{
	struct selection found;
	bool fine = selection_find(s, c->filter, c->last > 0 ? (size_t)c->last : LIMIT_REPLAYS, &found, e);
	if (fine && found.more && c->last < 0)
		fine = error_set(e, EXIT_USAGE, "more than %d deliveries match: narrow the filter, or add --last N",
				 LIMIT_REPLAYS);
	fine = fine && selection_require(found.count, not_counted, e);
	for (; fine && ids->count < found.count; ids->count++)
		ids->at[ids->count] = found.ids[ids->count];
	selection_free(&found);
	return fine;
}

bool replay_choice_check(struct replay_choice *c, struct error *e)
{
	if (c->where && c->argc > 0)
		return error_set(e, EXIT_USAGE, "replay takes deliveries or --where FILTER, not both");
	if (c->last >= 0 && c->argc > 0)
		return error_set(e, EXIT_USAGE, "replay takes deliveries or --last [N], not both");
	if (c->last == 0 || c->last > LIMIT_REPLAYS)
		return error_set(e, EXIT_USAGE, "--last takes a number from 1 to %d", LIMIT_REPLAYS);
	if (!c->where && c->last < 0 && (c->argc == 0 || c->argc > LIMIT_REPLAYS))
		return error_set(e, EXIT_USAGE,
				 "replay takes up to %d deliveries, --where FILTER or --last [N]; for example: creel "
				 "replay 42",
				 LIMIT_REPLAYS);
	if (!c->where)
		return true;
	c->filter = selection_parse(c->where, 0, NULL, c->gate, e);
	c->filter = c->filter ? selection_narrow(c->filter, "-is:replay -state:refused", e) : NULL;
	return c->filter != NULL;
}

void replay_choice_free(struct replay_choice *c)
{
	filter_free(c->filter);
	c->filter = NULL;
}

bool replay_choice_find(const struct replay_choice *c, struct store *s, struct replay_ids *out, struct error *e)
{
	if (c->where)
		return find_where(c, s, out, e);
	if (c->last > 0)
		return find_last(s, (size_t)c->last, out, e);
	for (int i = 0; i < c->argc; i++)
		if (!store_resolve(s, c->argv[i], &out->at[out->count++], e))
			return false;
	return true;
}

struct timed {
	int64_t id;
	uint64_t received_us;
};

static void on_timed(void *user, const struct delivery_row *row)
{
	*(struct timed *)user = (struct timed){ row->id, row->received_at_us };
}

static int compare(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;
	if (x->received_us != y->received_us)
		return x->received_us < y->received_us ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

bool replay_choice_sort(struct replay_ids *ids, struct store *s, struct error *e)
{
	struct timed *all = calloc(LIMIT_REPLAYS, sizeof *all);
	bool fine = true;
	if (!all)
		return error_set(e, EXIT_STORE, "out of memory");
	for (size_t i = 0; fine && i < ids->count; i++)
		fine = store_get(s, ids->at[i], on_timed, &all[i], e);
	if (fine)
		qsort(all, ids->count, sizeof *all, compare);
	for (size_t i = 0; fine && i < ids->count; i++) {
		ids->at[i] = all[i].id;
		ids->received_us[i] = all[i].received_us;
	}
	free(all);
	return fine;
}
