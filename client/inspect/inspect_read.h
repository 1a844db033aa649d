/* A question of the inspector's, and how it is read from the store on a worker thread. inspect_source.c asks it and
 * gives the answer, on the loop. */
#pragma once

#include <stdatomic.h>

#include "client/inspect/inspect_source.h"
#include "client/signing/secrets.h"
#include "shared/filter/filter.h"
#include "shared/frontend/source.h"
#include "shared/stats/stats_read.h"
#include "shared/query/store_filter.h"

enum question_kind { ASK_PAGE, ASK_DOCUMENT, ASK_COUNT, ASK_PREVIEW, ASK_STATS, ASK_ORDER, ASK_WORK };

/* Answers that are not whole yet. */
struct partial {
	bool there;
	struct page page;
	struct stats_result stats;
	struct ordered ordered;
};

struct question {
	struct question *prev, *next;
	struct inspect_source *source;
	uv_thread_t thread;            /* `threaded`: there is one */
	_Atomic(struct store *) store; /* while it is read */
	atomic_bool stop;              /* the worker looks at it once it has a store */
	enum question_kind kind;
	enum inspect_work work; /* ASK_WORK; of others INSPECT_QUERY */
	uint64_t asked_ms;
	bool under_way, dropped, threaded;
	bool at_end; /* nothing works for it any more; under the source's mutex */
	uint64_t generation;
	void *user;
	void (*on_page)(void *user, uint64_t generation, struct page *p);
	void (*on_document)(void *user, uint64_t generation, struct document *d);
	void (*on_count)(void *user, uint64_t generation, uint64_t count);
	void (*on_stats)(void *user, uint64_t generation, struct stats_result *r);
	void (*on_ordered)(void *user, uint64_t generation, struct ordered *o);
	void (*on_preview)(void *user, uint64_t generation, struct preview *p);
	void (*work_on)(void *user, struct store *store, const struct error *e);
	void (*on_worked)(void *user);
	/* What is asked; set before the work begins. */
	struct filter *filter;
	bool forward, filtered;
	int64_t id;   /* the anchor, or the delivery */
	int64_t *ids; /* ASK_PAGE: these, instead of a filter's; or NULL */
	size_t count;
	struct store_order order;
	enum source_part part;
	int attempt;
	uint64_t most;
	struct stats_wish wish;
	const struct secrets *secrets; /* or NULL */
	/* What was found; the worker's until it is done. */
	struct page page;
	size_t capacity; /* of page.items */
	struct document document;
	struct preview preview;
	struct stats_result stats;
	struct ordered ordered;
	uint64_t counted;
	bool found_more, no_memory, failed;
	struct error error;
	uint64_t partial_at; /* uv_hrtime of the last partial answer, or of the beginning */
	bool gave_partial;   /* with rows in it */
	/* A partial answer on its way to the loop, under the source's mutex. */
	struct partial partial;
};

/* Called on the worker thread for each partial answer, which it takes. */
typedef void (*tell_partial)(struct question *q, const struct partial *p);
/* On a worker thread. */
void inspect_read(struct question *q, tell_partial tell);
