#include "client/options/command.h"
#include "client/print/output.h"
#include "client/print/row_json.h"
#include "client/options/selection.h"
#include "shared/text/text.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct list {
	bool json, failed;
	size_t columns; /* of the terminal, 0: lines are not cut */
	struct error *e;
};

/* Prints a sanitised line's beginning that fits, with its end marked. */
static void print_cut(struct bytes line, size_t columns)
{
	size_t used = 0, at = 0;
	if (line.len > 0 && line.at[line.len - 1] == '\n')
		line.len--;
	bool whole = text_width(line) <= columns;
	while (at < line.len) {
		size_t next = at + 1;
		while (next < line.len && (line.at[next] & 0xc0) == 0x80)
			next++;
		used += text_width(bytes_make(line.at + at, next - at));
		if (!whole && used > columns - 1)
			break;
		at = next;
	}
	fwrite(line.at, 1, at, stdout);
	puts(whole ? "" : "…");
}

static void print_line(const struct list *l, const struct delivery_row *row)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = l->columns > 1 ? open_memstream(&text, &len) : NULL;
	if (!f) {
		output_row(stdout, row);
		return;
	}
	output_row(f, row);
	if (fclose(f) == 0)
		print_cut(bytes_make(text, len), l->columns);
	free(text);
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct list *l = user;
	if (l->failed)
		return;
	if (l->json)
		l->failed = !row_json_print(stdout, row_json_delivery(NULL, row), l->e);
	else
		print_line(l, row);
}

/* What was deleted in between is left out. An empty record is no answer to a question that was not asked. */
static bool list_matches(struct store *s, const struct filter *f, size_t count, struct list *l, struct error *e)
{
	struct selection found;
	bool fine =
	    selection_find(s, f, count, &found, e) && (filter_is_empty(f) || selection_require(found.count, NULL, e));
	for (size_t i = 0; fine && i < found.count && !l->failed; i++)
		fine = store_get(s, found.ids[i], on_row, l, e) || e->code == EXIT_USAGE;
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
	struct winsize size;
	if (!filter)
		return EXIT_USAGE;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		l.columns = size.ws_col;
	bool fine = command_open_store(call, STORE_READ_ONLY, &s, e) &&
		    list_matches(s, filter, o->count > INT32_MAX ? INT32_MAX : (size_t)o->count, &l, e) && !l.failed;
	store_close(s);
	filter_free(filter);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_list = {
	"list",
	"creel list [FILTER] [-n N] [--json]",
	"the newest deliveries, newest last",
	"Lists what is on record: number, time, status, method, how long the app took, size of the body, target. On a\n"
	"terminal lines are cut to its width; into a pipe they are whole.\n\n" FILTER_HELP "\n\n"
	"Example: creel list 'status:5xx since:1h' -n 10 --json | jq .target",
	COMMAND_OPTIONS(rows, struct list_options),
	.uses = COMMAND_USES_DB,
	.run = run,
};
