#include "client/web_views/web_stats.h"

#include "client/json/stats_json.h"
#include "client/web_views/web_rows.h"
#include "shared/base/clock.h"
#include "shared/stats/stats_read.h"

#define WALK_US 4000000 /* then it tells what it has counted; less than a question may take */

/* False after a problem. Times are seconds since 1970, steps seconds. */
static bool take_wish(const struct web_read *r, struct stats_wish *w)
{
	int64_t now = (int64_t)(clock_now_us() / 1000000);
	const char *by = web_param(r->x, "by");
	if (!web_param_number(r->x, "to", 1, INT32_MAX, now + 1, &w->before_s) ||
	    !web_param_number(r->x, "from", 0, w->before_s - 1, w->before_s > 86400 ? w->before_s - 86400 : 0,
			      &w->from_s) ||
	    !web_param_number(r->x, "step", 1, INT64_C(86400) * 366, stats_step_for(w->before_s - w->from_s, 96),
			      &w->step_s))
		return false;
	if (!by || stats_by_parse(by, &w->by))
		return true;
	web_problem(r->x, 400, "range", "by takes provider (or source), event, path or status");
	return false;
}

static bool on_progress(void *user, const struct stats *so_far, uint64_t searched, uint64_t total)
{
	const uint64_t *until_us = user;
	(void)so_far;
	return searched >= total || clock_steady_us() < *until_us;
}

void web_stats(struct web_read *r)
{
	struct error e = { 0 };
	uint64_t until_us = clock_steady_us() + WALK_US;
	struct stats_read wanted = { .progress = on_progress, .user = &until_us };
	struct stats_result result = { 0 };
	struct filter *f = take_wish(r, &wanted.wish) ? web_rows_filter(r->x, web_param(r->x, "filter")) : NULL;
	if (!f)
		return;
	wanted.filter = f;
	if (stats_read(r->store, &wanted, &result, &e))
		web_answer_json(r->x, 200, stats_json(&result));
	else if (e.code == EXIT_USAGE)
		web_problem(r->x, 400, "range", "%s", e.text);
	else
		web_problem_of(r->x, &e);
	stats_result_free(&result);
	filter_free(f);
}
