/* Deletes deliveries, the oldest first, in small transactions beside a running client; for a size, long answers before
 * them. */
#include "client/options/command.h"
#include "client/record/retention.h"
#include "client/json/row_json.h"
#include "client/selection/selection.h"
#include "shared/base/clock.h"
#include "shared/text/text.h"
#include "shared/text/text_figures.h"
#include "shared/program/interrupt.h"
#include "shared/program/progress.h"
#include "shared/options/quantity.h"
#include "shared/query/store_index.h"
#include "shared/upkeep/store_prune.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_SIZE UINT64_MAX

struct prune {
	struct store *store;
	const char *filter_text;
	struct filter *filter; /* the user's */
	int64_t keep_ms;       /* -1: no bound */
	uint64_t max_size;     /* NO_SIZE: no bound */
	bool dry_run, json;
	uint64_t deleted, answers, before, after;
	struct progress progress;
	struct store_prune how; /* under way */
	struct store_pruned done;
};

static bool on_step(void *user)
{
	struct prune *p = user;
	p->progress.done = p->done.count;
	if (p->how.max_bytes && p->done.bytes_before > p->how.max_bytes) {
		p->progress.part = p->done.bytes_before - p->done.bytes_after;
		p->progress.whole = p->done.bytes_before - p->how.max_bytes;
	}
	progress_tick(&p->progress);
	return interrupt_came();
}

/* How many there are to delete, for a terminal alone: it is another look at all of them. */
static bool count_first(struct prune *p, struct error *e)
{
	struct store_prune how = p->how;
	how.dry_run = true;
	if (!p->progress.on || how.max_bytes)
		return true;
	bool fine = store_prune(p->store, &how, &p->done, e);
	p->progress.total = p->done.count;
	return fine;
}

static bool run_prune(struct prune *p, const struct filter *f, uint64_t max_bytes, struct error *e)
{
	p->how = (struct store_prune){
		.filter = f, .max_bytes = max_bytes, .dry_run = p->dry_run, .stop = on_step, .user = p
	};
	progress_begin(&p->progress, p->dry_run ? "counting" : "deleting", 0);
	bool fine = p->dry_run || count_first(p, e);
	memset(&p->done, 0, sizeof p->done);
	fine = fine && (interrupt_came() || store_prune(p->store, &p->how, &p->done, e));
	progress_end(&p->progress);
	const struct store_pruned done = p->done;
	if (!fine)
		return false;
	p->deleted += done.count;
	p->answers += done.answers;
	p->before = p->before ? p->before : done.bytes_before;
	p->after = done.bytes_after;
	return true;
}

/* By age, or all that matches where neither age nor size was named. */
static bool prune_by_age(struct prune *p, int argc, char **argv, struct error *e)
{
	if (p->keep_ms < 0 && p->max_size != NO_SIZE)
		return true;
	struct filter *f = selection_parse(p->filter_text, argc, argv, NULL, e);
	if (f && p->keep_ms >= 0) {
		char before[TEXT_TIME_LEN + 8] = "before:";
		int64_t at_ms = (int64_t)(clock_now_us() / 1000) - p->keep_ms;
		if (at_ms <= 0) { /* nothing is as old as that */
			filter_free(f);
			return true;
		}
		text_format_time(before + 7, (uint64_t)at_ms * 1000);
		f = selection_narrow(f, before, e);
	}
	bool fine = f && run_prune(p, f, 0, e);
	filter_free(f);
	return fine;
}

static bool report_json(const struct prune *p, struct error *e)
{
	json_t *o = json_pack("{sIsIsIsIsb}", "deleted", (json_int_t)p->deleted, "answers", (json_int_t)p->answers,
			      "bytes_before", (json_int_t)p->before, "bytes_after", (json_int_t)p->after, "dry_run",
			      p->dry_run);
	return row_json_print(stdout, o, e);
}

static void report(const struct prune *p)
{
	char freed[TEXT_FIGURE_LEN], left[TEXT_FIGURE_LEN];
	text_size(freed, p->before > p->after ? p->before - p->after : 0);
	text_size(left, p->after);
	printf("%llu %s %s", (unsigned long long)p->deleted, text_plural(p->deleted, "delivery", "deliveries"),
	       p->dry_run ? "would be deleted" : "deleted");
	if (p->answers > 0)
		printf(", %llu long answer%s given up", (unsigned long long)p->answers,
		       text_plural(p->answers, "", "s"));
	if (!p->dry_run && p->before)
		printf(", %s made free for others, %s in use", freed, left);
	putchar('\n');
}

static bool is_interrupted(void *user)
{
	(void)user;
	return interrupt_came();
}

static int prune_all(struct prune *p, int argc, char **argv, struct error *e)
{
	struct interrupt before;
	interrupt_begin(&before);
	bool fine = prune_by_age(p, argc, argv, e);
	if (fine && p->max_size != NO_SIZE && !p->dry_run && !interrupt_came())
		fine = run_prune(p, p->filter, p->max_size, e);
	bool whole = !interrupt_came();
	/* The words of what is gone, too; a client that runs would see to that later. */
	if (fine && whole && p->deleted > 0 && !p->dry_run)
		fine = store_index_clean(p->store, is_interrupted, NULL, e);
	interrupt_end(&before);
	if (!fine || (p->json && !report_json(p, e)))
		return (int)e->code;
	/* To ask what a filter would delete is a question, whose answer is no. */
	if (p->dry_run && p->deleted == 0 && !filter_is_empty(p->filter) && whole)
		return p->json || !selection_require(0, NULL, e) ? EXIT_NO : EXIT_DONE;
	if (!p->json)
		report(p);
	if (whole)
		return EXIT_DONE;
	error_set(e, EXIT_INTERRUPTED, "interrupted: the rest is still there");
	return EXIT_INTERRUPTED;
}

#define AT struct prune

static const struct option_row rows[] = {
	{ "filter", 0, OPTION_TEXT_AT(AT, filter_text), OPTION_BY_USER, "FILTER", "the same as after the options" },
	{ "keep", 0, OPTION_DURATION_AT(AT, keep_ms), OPTION_BY_USER, "TIME", "delete what is older", .unset = -1 },
	{ "max-size", 0, OPTION_SIZE_AT(AT, max_size), OPTION_BY_USER, "SIZE", "make room until the store uses no more",
	  .least = 1, .unset = -1 },
	{ "dry-run", 0, OPTION_FLAG_AT(AT, dry_run), OPTION_BY_USER, NULL, "say how many, delete none" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
};

/* With nothing given what `listen` keeps to. */
static bool check_bounds(struct prune *p, struct error *e)
{
	if (p->dry_run && p->max_size != NO_SIZE)
		return error_set(e, EXIT_USAGE,
				 "--dry-run cannot tell how many --max-size would delete: leave one out");
	if (p->keep_ms >= 0 || p->max_size != NO_SIZE || !filter_is_empty(p->filter))
		return true;
	return quantity_parse_duration(RETENTION_KEEP, &p->keep_ms) &&
	       quantity_parse_size(RETENTION_MAX_SIZE, &p->max_size);
}

static int run(struct command_call *call, struct error *e)
{
	struct prune *p = call->settings;
	int status = EXIT_USAGE;
	p->filter = selection_parse(p->filter_text, call->argc, call->argv, call->program->gate, e);
	if (p->filter && check_bounds(p, e)) {
		const char *name = command_db(call, e);
		/* One that is not there is not made: the other mode says so. */
		enum store_mode mode = name && access(name, F_OK) == 0 ? STORE_READ_WRITE : STORE_READ_ONLY;
		status =
		    name && store_open(&p->store, name, mode, e) ? prune_all(p, call->argc, call->argv, e) : EXIT_STORE;
	}
	store_close(p->store);
	filter_free(p->filter);
	return status;
}

const struct command command_prune = {
	"prune",
	"creel prune [FILTER] [--keep 30d] [--max-size 2GiB] [--dry-run] [--json]",
	"delete old deliveries",
	"Deletes deliveries with their attempts and bodies, the oldest first, and says how many: those older than\n"
	"--keep, then as many as needed to bring the store down to --max-size. As with listen, the bodies of long\n"
	"answers go first, unless all the rest takes more than three quarters of that size. With a filter only\n"
	"deliveries that match are deleted; without --keep and --max-size, all of them. With nothing given:\n"
	"--keep 30d --max-size 2GiB. What is waiting or under way stays, and a running client is not disturbed.\n"
	"The file does not shrink: freed space is used for new deliveries, and until then what was deleted may still\n"
	"be read in the file.\n\n" FILTER_HELP "\n\n"
	"Example: creel prune status:2xx --keep 7d",
	COMMAND_OPTIONS(rows, struct prune),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
