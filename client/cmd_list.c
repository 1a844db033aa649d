#include "client/command.h"
#include "client/output.h"
#include "client/row_json.h"

#include <stdlib.h>

struct list {
	bool json, failed;
	struct error *e;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct list *l = user;
	if (l->failed)
		return;
	if (l->json)
		l->failed = !row_json_print(stdout, row_json_delivery(NULL, row), l->e);
	else
		output_row(stdout, row, true);
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	int64_t count = 50;
	struct list l = { .e = e };
	const struct option_spec specs[] = {
		{ "number", 'n', OPTION_COUNT, &count, "N", "how many of the newest (default 50)" },
		{ "json", 0, OPTION_FLAG, &l.json, NULL, "one JSON object a line" },
	};
	struct options *o = options_new();
	struct store *s = NULL;
	char *path = NULL;
	int first, status;
	if (!o || !command_parse(&command_list, o, &common, specs, 2, argc, argv, &first, &status, e))
		goto out;
	status = EXIT_USAGE;
	if (first < argc) {
		error_set(e, EXIT_USAGE, "filters such as '%.60s' are not part of this version; `creel list -n N` shows the newest N",
		          argv[first]);
		goto out;
	}
	path = common.db ? NULL : store_default_path(e);
	status = EXIT_STORE;
	if ((common.db || path) && store_open(&s, common.db ? common.db : path, STORE_READ_ONLY, e) &&
	    store_list(s, 0, count > INT32_MAX ? INT32_MAX : (int)count, on_row, &l, e) && !l.failed)
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	store_close(s);
	free(path);
	options_free(o);
	return status;
}

const struct command command_list = {
	"list",
	"creel list [-n N] [--json]",
	"the newest deliveries, newest last",
	"Lists what is on record: number, time, status, method, how long the app took, size of the body, target.\n\n"
	"Example: creel list -n 10 --json | jq .target",
	run,
};
