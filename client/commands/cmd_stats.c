/* `creel stats`: statistics of the deliveries that match a filter. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/options/command.h"
#include "client/selection/selection.h"
#include "client/json/row_json.h"
#include "client/json/stats_json.h"
#include "client/print/stats_text.h"
#include "shared/program/interrupt.h"
#include "shared/program/progress.h"
#include "shared/stats/stats_read.h"

struct stats_command {
	const char *filter, *by;
	bool json;
};

static bool on_progress(void *user, const struct stats *so_far, uint64_t searched, uint64_t total)
{
	struct progress *p = user;
	(void)so_far;
	p->done = searched;
	p->total = total;
	progress_tick(p);
	return !interrupt_came();
}

static bool read_stats(struct store *s, const struct stats_read *wanted, struct stats_result *out, struct error *e)
{
	struct progress progress;
	struct interrupt before;
	struct stats_read shown = *wanted;
	shown.progress = on_progress;
	shown.user = &progress;
	interrupt_begin(&before);
	progress_begin(&progress, "counting", 0);
	bool fine = stats_read(s, &shown, out, e);
	progress_end(&progress);
	interrupt_end(&before);
	return fine && (!interrupt_came() || error_set(e, EXIT_INTERRUPTED, "interrupted while counting"));
}

static bool print(const struct stats_command *c, const struct stats_result *r, const struct stats_style *style,
		  struct error *e)
{
	if (c->json)
		return row_json_print(stdout, stats_json(r), e);
	errno = EIO;
	return stats_text_print(stdout, r, style) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

#define AT struct stats_command

static const struct option_row rows[] = {
	{ "filter", 0, OPTION_TEXT_AT(AT, filter), OPTION_BY_PROJECT, "FILTER", "the same as after the options" },
	{ "by", 0, OPTION_CHOICE_AT(AT, by), OPTION_BY_PROJECT, "provider|event|path|status", "what to group by",
	  .preset = "provider" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object, as GET /api/stats answers" },
};

static int run(struct command_call *call, struct error *e)
{
	const struct stats_command *c = call->settings;
	const struct stats_style style = stats_style_for(STDOUT_FILENO);
	struct stats_read wanted = { .wish = { .before_s = STATS_EVER,
					       .steps_most = c->json ? 0 : stats_text_steps(&style) } };
	struct stats_result result = { 0 };
	struct filter *filter = selection_parse(c->filter, call->argc, call->argv, call->program->gate, e);
	struct store *s = NULL;
	if (!filter)
		return EXIT_USAGE;
	wanted.filter = filter;
	bool fine =
	    (stats_by_parse(c->by, &wanted.wish.by) || error_set(e, EXIT_USAGE, "--by takes no %.40s", c->by)) &&
	    command_open_store(call, STORE_READ_ONLY, &s, e) && read_stats(s, &wanted, &result, e) &&
	    (filter_is_empty(filter) || selection_require(result.count, NULL, e)) && print(c, &result, &style, e);
	store_close(s);
	filter_free(filter);
	stats_result_free(&result);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_stats = {
	"stats",
	"creel stats [FILTER] [--by provider|event|path|status] [--json]",
	"counts by outcome over time, how long the app took, the worst",
	"Adds up what is on record: how many were delivered and how many failed, over time; how long the app took "
	"(half\n"
	"of them took p50 at most, 95 of 100 p95); the same by provider, event, path or status; the slowest and the\n"
	"largest. Failed are 4xx, 5xx and those without an answer. Exit status 1 when nothing matches.\n\n" FILTER_HELP
	"\n\n"
	"Example: creel stats since:1d --by event",
	COMMAND_OPTIONS(rows, struct stats_command),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
