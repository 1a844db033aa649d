#include "client/options/command.h"
#include "client/selection/no_match.h"
#include "client/json/row_json.h"
#include "client/print/row_line.h"
#include "client/selection/selection.h"
#include "shared/query/store_query.h"

#include <unistd.h>

struct list {
	bool json, failed;
	struct row_line line;
	struct error *e;
};

static void on_fit(void *user, const struct delivery_row *row)
{
	row_line_fit(&((struct list *)user)->line, row);
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct list *l = user;
	if (l->failed)
		return;
	if (l->json)
		l->failed = !row_json_print(stdout, row_json_delivery(NULL, row), l->e);
	else
		row_line_print(&l->line, stdout, row, bytes_of(NULL));
}

/* What was deleted in between is left out. */
static bool each(struct store *s, const struct selection *found, struct list *l,
		 void (*row)(void *user, const struct delivery_row *), struct error *e)
{
	bool fine = true;
	for (size_t i = 0; fine && i < found->count && !l->failed; i++)
		fine = store_get(s, found->ids[i], row, l, e) || e->code == EXIT_USAGE;
	return fine;
}

/* *none: a filter that matches nothing. Without a filter an empty record is what was asked for; only people are told.
 */
static bool list_matches(struct store *s, const struct filter *f, size_t count, struct list *l, bool *none,
			 struct error *e)
{
	struct selection found;
	row_line_begin(&l->line, STDOUT_FILENO);
	bool fine = selection_find(s, f, count, &found, e);
	*none = fine && found.count == 0 && !filter_is_empty(f);
	if (fine && found.count == 0 && !*none && count > 0 && !l->json)
		fputs("creel: nothing is on record yet; `creel listen` records what arrives\n", stderr);
	fine = fine && (l->json || each(s, &found, l, on_fit, e)) && each(s, &found, l, on_row, e);
	selection_free(&found);
	return fine;
}

struct list_options {
	const char *filter;
	int64_t count;
	bool json;
};

#define AT struct list_options

static const struct option_row rows[] = {
	{ "filter", 0, OPTION_TEXT_AT(AT, filter), OPTION_BY_PROJECT, "FILTER", "the same as after the options" },
	{ "number", 'n', OPTION_COUNT_AT(AT, count), OPTION_BY_PROJECT, "N", "how many of the newest", .preset = "50" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object a line" },
};

static int run(struct command_call *call, struct error *e)
{
	const struct list_options *o = call->settings;
	struct list l = { .json = o->json, .e = e };
	struct filter *filter = selection_parse(o->filter, call->argc, call->argv, call->program->gate, e);
	struct store *s = NULL;
	if (!filter)
		return EXIT_USAGE;
	bool none = false;
	bool fine = command_open_store(call, STORE_READ_ONLY, &s, e) &&
		    list_matches(s, filter, o->count > INT32_MAX ? INT32_MAX : (size_t)o->count, &l, &none, e) &&
		    !l.failed && !(none && !no_match(s, o->filter, call->argc, call->argv, e));
	store_close(s);
	filter_free(filter);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_list = {
	"list",
	"creel list [FILTER] [-n N] [--json]",
	"the newest deliveries, newest last",
	"Lists what is on record: number, time (with its date where that is not today), status, method, how long the "
	"app\n"
	"took, size of the body, provider, event, target. On a terminal lines are laid out for its width; into a pipe "
	"the\n"
	"columns are always the same and whole. Exit status 1 when nothing matches.\n\n" FILTER_HELP "\n\n"
	"Example: creel list 'status:5xx since:1h' -n 10 --json | jq .target",
	COMMAND_OPTIONS(rows, struct list_options),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
