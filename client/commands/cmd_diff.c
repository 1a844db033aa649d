#include "client/options/command.h"
#include "client/print/diff_output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct diff {
	bool json, no_color;
	struct diff_wanted wanted;
	struct store *store;
	struct diff_found found;
};

/* What of them is not compared. */
static void tell_limits(const struct diff_message *m)
{
	if (m->said.decoded == DECODE_CUT)
		fprintf(stderr, "creel: of delivery %" PRId64 " the first 8 MiB are compared, decoded\n", m->id);
	if (m->m.body_size > m->m.body.len)
		fprintf(stderr,
			"creel: of delivery %" PRId64 " only the first %zu of %" PRIu64 " bytes were recorded\n", m->id,
			m->m.body.len, m->m.body_size);
}

static bool wants_color(const struct diff *d, bool terminal)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return terminal && !d->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static bool print(const struct diff *d, struct error *e)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct diff_style style = { terminal, wants_color(d, terminal) };
	if (d->json)
		return diff_write_json(stdout, &d->found, e);
	errno = ENOMEM;
	return (diff_write_lines(stdout, &d->found, style) && fflush(stdout) == 0) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

#define AT struct diff

static const struct option_row rows[] = {
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
	{ "no-color", 0, OPTION_FLAG_AT(AT, no_color), OPTION_BY_PROJECT, NULL, "no colours on a terminal" },
	{ "ignore-volatile", 0, OPTION_FLAG_AT(AT, wanted.ignore_volatile), OPTION_BY_USER, NULL,
	  "dates, request ids, signatures and timestamps do not count" },
	{ "key-order", 0, OPTION_FLAG_AT(AT, wanted.key_order), OPTION_BY_USER, NULL,
	  "the order of keys in JSON counts" },
};

static int run(struct command_call *call, struct error *e)
{
	struct diff *d = call->settings;
	if (call->argc != 2) {
		error_set(e, EXIT_USAGE, "diff takes two deliveries, for example: creel diff 41 42");
		return EXIT_USAGE;
	}
	const char *const names[2] = { call->argv[0], call->argv[1] };
	bool fine = command_open_store(call, STORE_READ_ONLY, &d->store, e) &&
		    diff_found_read(d->store, names, &d->wanted, &d->found, e);
	for (int s = 0; fine && s < 2; s++)
		tell_limits(&d->found.side[s]);
	fine = fine && print(d, e);
	int status = !fine ? (int)e->code : d->found.equal ? EXIT_DONE : EXIT_NO;
	store_close(d->store);
	diff_found_free(&d->found);
	return status;
}

const struct command command_diff = {
	"diff",
	"creel diff A B [--json] [--ignore-volatile] [--key-order] [--no-color]",
	"what differs between two deliveries",
	"Compares two requests: method and target, headers by name whatever their order, JSON and forms by structure\n"
	"whatever the order of their keys, other text by lines, anything else byte by byte. Lines of the first begin\n"
	"with -, of the second with +. Deliveries are named as in `creel show`.\n"
	"Exit status 0 when they are equal, 1 when they differ.\n\n"
	"Example: creel diff 41 42 --ignore-volatile",
	COMMAND_OPTIONS(rows, struct diff),
	.uses = COMMAND_USES_DB,
	.run = run,
};
