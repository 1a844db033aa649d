#include "shared/stats/stats_read.h"

#include "shared/stats/store_figures.h"

struct reading {
	const struct stats_read *wanted;
	struct stats *stats;
	uint64_t searched, total;
	bool no_memory;
};

static void on_block(void *user, const struct figure_block *b)
{
	struct reading *r = user;
	r->no_memory = r->no_memory || !stats_add(r->stats, b);
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	struct reading *r = user;
	r->searched = slice->searched;
	r->total = slice->total;
	return !r->no_memory &&
	       (!r->wanted->progress || r->wanted->progress(r->wanted->user, r->stats, r->searched, r->total));
}

bool stats_read(struct store *s, const struct stats_read *wanted, struct stats_result *out, struct error *e)
{
	struct reading r = { .wanted = wanted, .stats = stats_new(&wanted->wish, e) };
	const struct store_figures figures = { .filter = wanted->filter,
					       .from_s = wanted->wish.from_s,
					       .before_s = wanted->wish.before_s,
					       .block = on_block,
					       .slice = on_slice,
					       .user = &r };
	bool fine = r.stats && store_figures_read(s, &figures, e);
	if (fine && (r.no_memory || !stats_result(r.stats, r.searched, r.total, out)))
		fine = error_set(e, EXIT_STORE, "out of memory");
	stats_free(r.stats);
	return fine;
}
