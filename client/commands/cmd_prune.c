/* Deletes deliveries, the oldest first, in small transactions beside a running client; for a size, long answers before
 * them. */
#include "client/options/command.h"
#include "client/print/output.h"
#include "client/record/retention.h"
#include "client/print/row_json.h"
#include "client/options/selection.h"
#include "shared/base/clock.h"
#include "shared/base/text.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define KEEP_MS RETENTION_KEEP_MS
#define MAX_SIZE RETENTION_MAX_BYTES
#define NO_SIZE UINT64_MAX

struct prune {
	struct store *store;
	struct filter *filter; /* the user's, NULL for none */
	int64_t keep_ms;       /* -1: no bound */
	uint64_t max_size;     /* NO_SIZE: no bound */
	bool dry_run, json;
	uint64_t deleted, answers, before, after;
};

static atomic_bool interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = true;
}

static bool run_prune(struct prune *p, const struct filter *f, uint64_t max_bytes, struct error *e)
{
	struct store_prune how = { .filter = f, .max_bytes = max_bytes, .dry_run = p->dry_run, .stop = &interrupted };
	struct store_pruned done;
	if (!store_prune(p->store, &how, &done, e))
		return false;
	p->deleted += done.count;
	p->answers += done.answers;
	p->before = p->before ? p->before : done.bytes_before;
	p->after = done.bytes_after;
	return true;
}

/* By age, or all that matches where neither age nor size was named. */
static bool prune_by_age(struct prune *p, const char *text, int argc, char **argv, struct error *e)
{
	if (p->keep_ms < 0 && p->max_size != NO_SIZE)
		return true;
	struct filter *f = selection_parse(text, argc, argv, NULL, e);
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

static bool report(const struct prune *p, struct error *e)
{
	char freed[16], left[16];
	if (p->json) {
		json_t *o = json_pack("{sIsIsIsIsb}", "deleted", (json_int_t)p->deleted, "answers",
				      (json_int_t)p->answers, "bytes_before", (json_int_t)p->before, "bytes_after",
				      (json_int_t)p->after, "dry_run", p->dry_run);
		return row_json_print(stdout, o, e);
	}
	output_size(freed, p->before > p->after ? p->before - p->after : 0);
	output_size(left, p->after);
	const char *noun = p->deleted == 1 ? "delivery" : "deliveries";
	if (p->dry_run)
		printf("%llu %s would be deleted\n", (unsigned long long)p->deleted, noun);
	else if (p->answers > 0)
		printf("%llu %s deleted, %llu long answer%s given up, %s made free for others, %s in use\n",
		       (unsigned long long)p->deleted, noun, (unsigned long long)p->answers, p->answers == 1 ? "" : "s",
		       freed, left);
	else
		printf("%llu %s deleted, %s made free for others, %s in use\n", (unsigned long long)p->deleted, noun,
		       freed, left);
	return true;
}

static int prune_all(struct prune *p, const char *text, int argc, char **argv, struct error *e)
{
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	bool fine = prune_by_age(p, text, argc, argv, e);
	if (fine && p->max_size != NO_SIZE && !p->dry_run && !interrupted)
		fine = run_prune(p, p->filter, p->max_size, e);
	if (!fine || !report(p, e))
		return (int)e->code;
	return interrupted ? EXIT_INTERRUPTED : EXIT_DONE;
}

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	struct common_options common;
	struct prune p = { .keep_ms = -1, .max_size = NO_SIZE };
	const char *text = NULL;
	const struct option_spec specs[] = {
		{ "filter", 0, OPTION_TEXT, &text, "FILTER", "the same as behind the options" },
		{ "keep", 0, OPTION_DURATION, &p.keep_ms, "TIME", "delete what is older" },
		{ "max-size", 0, OPTION_SIZE, &p.max_size, "SIZE", "make room until the store uses no more" },
		{ "dry-run", 0, OPTION_FLAG, &p.dry_run, NULL, "say how many, delete none" },
		{ "json", 0, OPTION_FLAG, &p.json, NULL, "one JSON object" },
	};
	struct options *o = options_new();
	char *path = NULL;
	int first, status = EXIT_USAGE;
	if (!o || !command_parse(&command_prune, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first,
				 &status, e))
		goto out;
	status = EXIT_USAGE;
	if (!(p.filter = selection_parse(text, argc - first, argv + first, program->gate, e)))
		goto out;
	if (p.max_size == 0 || (p.dry_run && p.max_size != NO_SIZE)) {
		error_set(e, EXIT_USAGE,
			  p.max_size ? "--dry-run cannot tell how many --max-size would delete: leave one out"
				     : "--max-size takes a size above 0, such as 2GiB");
		goto out;
	}
	if (p.keep_ms < 0 && p.max_size == NO_SIZE && filter_is_empty(p.filter)) {
		p.keep_ms = KEEP_MS;
		p.max_size = MAX_SIZE;
	}
	path = common.db ? NULL : store_default_path(e);
	const char *name = common.db ? common.db : path;
	status = EXIT_STORE;
	/* One that is not there is not made: the other mode says so. */
	if (name && store_open(&p.store, name, access(name, F_OK) == 0 ? STORE_READ_WRITE : STORE_READ_ONLY, e))
		status = prune_all(&p, text, argc - first, argv + first, e);
out:
	store_close(p.store);
	filter_free(p.filter);
	free(path);
	options_free(o);
	return status;
}

const struct command command_prune = {
	"prune",
	"creel prune [FILTER] [--keep 30d] [--max-size 2GiB] [--dry-run] [--json]",
	"delete old deliveries",
	"Deletes deliveries with their attempts and bodies, the oldest first, and says how many: those older than "
	"--keep,\n"
	"then as many as it takes to bring the store to --max-size: as listen does it, the bodies of long answers go\n"
	"first, unless all the rest takes more than three quarters of it. A filter says which may be deleted; alone it "
	"deletes all\n"
	"that match. With nothing given: --keep 30d --max-size 2GiB. What is waiting or under way stays. A running "
	"client\n"
	"goes on meanwhile. The file does not shrink: what was made free is used for what comes.\n\n" FILTER_HELP "\n\n"
	"Example: creel prune status:2xx --keep 7d",
	run,
};
