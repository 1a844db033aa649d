#include "client/options/command.h"
#include "client/print/output.h"
#include "client/print/row_json.h"
#include "client/options/selection.h"
#include "shared/base/text.h"

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

/* What was deleted in between is left out. */
static bool list_matches(struct store *s, const struct filter *f, size_t count, struct list *l, struct error *e)
{
	struct selection found;
	bool fine = selection_find(s, f, count, &found, e);
	for (size_t i = 0; fine && i < found.count && !l->failed; i++)
		fine = store_get(s, found.ids[i], on_row, l, e) || e->code == EXIT_USAGE;
	selection_free(&found);
	return fine;
}

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	struct common_options common;
	int64_t count = 50;
	const char *filter_text = NULL;
	struct filter *filter = NULL;
	struct list l = { .e = e };
	const struct option_spec specs[] = {
		{ "filter", 0, OPTION_TEXT, &filter_text, "FILTER", "the same as behind the options" },
		{ "number", 'n', OPTION_COUNT, &count, "N", "how many of the newest (default 50)" },
		{ "json", 0, OPTION_FLAG, &l.json, NULL, "one JSON object a line" },
	};
	struct options *o = options_new();
	struct store *s = NULL;
	char *path = NULL;
	int first, status = EXIT_USAGE;
	if (!o || !command_parse(&command_list, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first,
				 &status, e))
		goto out;
	status = EXIT_USAGE;
	if (!(filter = selection_parse(filter_text, argc - first, argv + first, program->gate, e)))
		goto out;
	struct winsize size;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		l.columns = size.ws_col;
	path = common.db ? NULL : store_default_path(e);
	status = EXIT_STORE;
	if ((common.db || path) && store_open(&s, common.db ? common.db : path, STORE_READ_ONLY, e) &&
	    list_matches(s, filter, count > INT32_MAX ? INT32_MAX : (size_t)count, &l, e) && !l.failed)
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	store_close(s);
	filter_free(filter);
	free(path);
	options_free(o);
	return status;
}

const struct command command_list = {
	"list",
	"creel list [FILTER] [-n N] [--json]",
	"the newest deliveries, newest last",
	"Lists what is on record: number, time, status, method, how long the app took, size of the body, target. On a\n"
	"terminal lines are cut to its width; into a pipe they are whole.\n\n" FILTER_HELP "\n\n"
	"Example: creel list 'status:5xx since:1h' -n 10 --json | jq .target",
	run,
};
