/* Waits until deliveries come that match: for tests and scripts. */
#include "client/options/command.h"
#include "client/print/output.h"
#include "client/json/row_json.h"
#include "client/selection/selection.h"
#include "shared/base/clock.h"
#include "shared/program/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define POLL_MS 20

struct waiter {
	struct store *store;
	struct filter *filter;
	const char *path;
	bool json, any_state, failed;
	const char *filter_text, *since;
	int64_t wanted, came, timeout_ms;
	int64_t base;  /* every delivery up to here is over and was looked at */
	int64_t *seen; /* ids above that count already */
	size_t seen_count, seen_cap;
	int64_t deadline_ms;
	struct error *e;
};

/* False when the time is up or Ctrl-C came. */
static bool pause_a_moment(const struct waiter *w)
{
	int64_t left = w->deadline_ms - (int64_t)clock_steady_ms();
	if (left <= 0 || interrupt_came())
		return false;
	struct timespec nap = { 0, (left < POLL_MS ? left : POLL_MS) * 1000000 };
	nanosleep(&nap, NULL);
	return !interrupt_came();
}

/* Whether it is new; notes it. */
static bool take_note(struct waiter *w, int64_t id)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (w->seen[i] == id)
			return false;
	if (w->seen_count == w->seen_cap) {
		size_t cap = w->seen_cap ? 2 * w->seen_cap : 16;
		int64_t *seen = realloc(w->seen, cap * sizeof *seen);
		if (!seen) {
			w->failed = !error_set(w->e, EXIT_STORE, "out of memory");
			return false;
		}
		w->seen = seen;
		w->seen_cap = cap;
	}
	w->seen[w->seen_count++] = id;
	return true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct waiter *w = user;
	bool over = row->state != DELIVERY_WAITING && row->state != DELIVERY_SENDING;
	if (w->failed || w->came == w->wanted || !(over || w->any_state) || !take_note(w, row->id))
		return;
	w->came++;
	if (w->json) {
		w->failed = !row_json_print(stdout, row_json_delivery(NULL, row), w->e);
		return;
	}
	output_row(stdout, row);
	w->failed = fflush(stdout) != 0 &&
		    !error_set(w->e, EXIT_STORE, "standard output cannot be written: %s", strerror(errno));
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	const struct waiter *w = user;
	(void)slice;
	return !w->failed && w->came < w->wanted && !interrupt_came() && (int64_t)clock_steady_ms() < w->deadline_ms;
}

static void move_base(struct waiter *w, int64_t base)
{
	size_t kept = 0;
	w->base = base;
	for (size_t i = 0; i < w->seen_count; i++)
		if (w->seen[i] > base)
			w->seen[kept++] = w->seen[i];
	w->seen_count = kept;
}

/* Looks at what came since, and again at what was not over the last time. */
static bool look(struct waiter *w)
{
	struct store_search search = { .filter = w->filter,
				       .anchor = w->base,
				       .forward = true,
				       .limit = UINT64_MAX,
				       .row = on_row,
				       .slice = on_slice,
				       .user = w };
	int64_t settled;
	if (!store_settled(w->store, w->base, &settled, w->e) || !store_filter(w->store, &search, w->e) || w->failed)
		return false;
	if (settled > w->base && w->came < w->wanted)
		move_base(w, settled);
	return true;
}

/* A client that is just starting has no store yet. */
static bool open_when_there(struct waiter *w)
{
	struct stat st;
	while (stat(w->path, &st) != 0 || st.st_size == 0)
		if (errno != ENOENT || !pause_a_moment(w))
			break;
	/* Made, but its tables not yet. */
	while (!store_open(&w->store, w->path, STORE_READ_ONLY, w->e))
		if (stat(w->path, &st) != 0 || st.st_size > 0 || !pause_a_moment(w))
			return false;
	return true;
}

static bool newest(struct waiter *w)
{
	struct selection found;
	bool fine = selection_find(w->store, NULL, 1, &found, w->e);
	if (fine && found.count > 0)
		w->base = found.ids[0];
	selection_free(&found);
	return fine;
}

static int wait_for_all(struct waiter *w, bool since_all)
{
	int64_t version = 0, before = 0;
	struct stat st;
	bool was_there = stat(w->path, &st) == 0 && st.st_size > 0;
	if (!open_when_there(w))
		return interrupt_came() ? EXIT_INTERRUPTED : (int)w->e->code;
	if (was_there && !since_all && !newest(w))
		return (int)w->e->code;
	/* The version first: what comes during the look is looked at again. */
	if (!store_version(w->store, &before, w->e) || !look(w))
		return (int)w->e->code;
	while (w->came < w->wanted && pause_a_moment(w)) {
		if (!store_version(w->store, &version, w->e) || (version != before && !look(w)))
			return (int)w->e->code;
		before = version;
	}
	if (w->came == w->wanted)
		return EXIT_DONE;
	return interrupt_came() ? EXIT_INTERRUPTED : EXIT_NO;
}

#define AT struct waiter

static const struct option_row rows[] = {
	{ "filter", 0, OPTION_TEXT_AT(AT, filter_text), OPTION_BY_PROJECT, "FILTER", "the same as after the options" },
	{ "count", 'c', OPTION_COUNT_AT(AT, wanted), OPTION_BY_USER, "N", "how many have to come", .preset = "1",
	  .least = 1 },
	{ "timeout", 't', OPTION_DURATION_AT(AT, timeout_ms), OPTION_BY_PROJECT, "TIME", "how long to wait",
	  .preset = "30s" },
	{ "since", 0, OPTION_CHOICE_AT(AT, since), OPTION_BY_USER, "now|all", "count what is on record already, too",
	  .preset = "now" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object a line" },
};

static int run(struct command_call *call, struct error *e)
{
	struct waiter *w = call->settings;
	struct interrupt before;
	w->e = e;
	if (!(w->filter = selection_parse(w->filter_text, call->argc, call->argv, call->program->gate, e)))
		return EXIT_USAGE;
	int status = EXIT_STORE;
	if ((w->path = command_db(call, e))) {
		w->any_state = filter_asks_state(w->filter);
		w->deadline_ms = (int64_t)clock_steady_ms() + w->timeout_ms;
		interrupt_begin(&before);
		status = wait_for_all(w, strcmp(w->since, "all") == 0);
		interrupt_end(&before);
	}
	if (status == EXIT_NO)
		error_set(e, EXIT_NO, "the time is up: %lld of %lld deliveries came that match", (long long)w->came,
			  (long long)w->wanted);
	store_close(w->store);
	filter_free(w->filter);
	free(w->seen);
	return status;
}

const struct command command_wait = {
	"wait",
	"creel wait [FILTER] [--count N] [--timeout 30s] [--since now|all] [--json]",
	"wait until deliveries come that match",
	"Prints each matching delivery as it comes, like `creel list`, and ends with exit status 0 after --count of\n"
	"them, or with 1 when the time is up. A delivery counts once its call is over and its status is known, or, if\n"
	"the filter names a state, as soon as it matches. This only watches the record; a running client makes "
	"it.\n\n" FILTER_HELP "\n\n"
	"Example: creel wait event:invoice.paid --timeout 10s --json | jq .status",
	COMMAND_OPTIONS(rows, struct waiter),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
