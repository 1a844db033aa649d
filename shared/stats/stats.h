/* Statistics of deliveries: by outcome over time, how long the app took, and by provider, event, path or status, with
 * the slowest and the largest. Added up block by block (shared/stats/figure_block.h), in memory that does not grow with
 * their number; what is there so far can be had at any time. Pure; one thread. */
#pragma once

#include "shared/base/error.h"
#include "shared/stats/figure_block.h"

#define STATS_STEPS_MOST 400
#define STATS_TOPS 8
#define STATS_GROUPS_SHOWN 50
#define STATS_BINS 15 /* of the histogram; the last is of all that took longer */

enum stats_outcome { STATS_WAITING, STATS_2XX, STATS_3XX, STATS_4XX, STATS_5XX, STATS_NO_ANSWER, STATS_OUTCOMES };
enum stats_by { STATS_BY_PROVIDER, STATS_BY_EVENT, STATS_BY_PATH, STATS_BY_STATUS, STATS_BYS };

#define STATS_EVER INT64_C(0x100000000) /* seconds since 1970, as the end of a span without one */

/* Seconds since 1970; the last step may end after before_s. step_s 0: steps that people count in (stats_step_for), as
 * long as they must be for `steps_most` of them to hold all there is in the span; the result says which. */
struct stats_wish {
	int64_t from_s, before_s, step_s;
	size_t steps_most; /* with step_s 0: at most 400; 0: 96 */
	enum stats_by by;
};

/* Microseconds; -1: there are none. */
struct stats_took {
	int64_t p50_us, p95_us, p99_us;
};

struct stats_step {
	int64_t at_s; /* its beginning */
	uint64_t counts[STATS_OUTCOMES];
	struct stats_took took;
};

struct stats_group {
	struct buffer key; /* any bytes, cut at FIGURE_NAME_MOST; empty: unknown */
	uint64_t count, failed;
	int64_t p95_us; /* -1: none */
};

struct stats_top {
	int64_t id;
	uint64_t value; /* microseconds, or bytes */
};

/* A plain value, the receiver's. Failed are 4xx, 5xx and what had no answer. */
struct stats_result {
	struct stats_wish wish;
	struct stats_step *steps; /* one after the other, from wish.from_s on */
	size_t step_count;
	uint64_t counts[STATS_OUTCOMES], count, failed, bad_signatures;
	struct stats_took took;
	int64_t longest_us;                                        /* -1: none */
	uint64_t histogram[STATS_BINS];                            /* stats_bin_ms */
	struct stats_group *groups, *most_failed;                  /* by count, by failures: descending */
	size_t group_count, most_failed_count;                     /* STATS_GROUPS_SHOWN at most */
	struct stats_top slowest[STATS_TOPS], largest[STATS_TOPS]; /* descending */
	size_t slowest_count, largest_count;
	uint64_t searched, total; /* ids looked at, of how many; searched < total: it is not all yet */
	char *trouble;            /* a sentence, or NULL; for front ends, the rest is empty then */
};
void stats_result_free(struct stats_result *r);

/* "provider" (or "source"), "event", "path", "status". */
const char *stats_by_name(enum stats_by by);
MUST_CHECK bool stats_by_parse(const char *name, enum stats_by *out);
/* "waiting", "2xx", … "no_answer". */
const char *stats_outcome_name(enum stats_outcome outcome);
/* The histogram's bin counts what took up to that many milliseconds and longer than the one before; -1: longer. */
int stats_bin_ms(size_t bin);
/* A step that people count in (1s 5s 15s 30s 1m 5m 15m 30m 1h 3h 6h 12h 1d, weeks), so that there are at most `most` of
 * them. */
int64_t stats_step_for(int64_t span_s, size_t most);

struct stats;
/* NULL and *e: EXIT_USAGE when there are more than STATS_STEPS_MOST steps, or none. */
struct stats *stats_new(const struct stats_wish *wish, struct error *e);
void stats_free(struct stats *s);
/* False when out of memory. What lies outside of the span is passed over. */
MUST_CHECK bool stats_add(struct stats *s, const struct figure_block *b);
/* False when out of memory. `searched` and `total` are put in as they are. */
MUST_CHECK bool stats_result(const struct stats *s, uint64_t searched, uint64_t total, struct stats_result *out);
