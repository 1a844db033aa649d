#include "client/options/command.h"
#include "client/print/output.h"
#include "client/json/row_json.h"
#include "client/transfer/import.h"
#include "shared/program/interrupt.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct import_command {
	const char *path, *format;
	bool json, keep_going;
	struct store *store;
	struct import_counts counts;
};

static void on_refused(void *user, const char *sentence)
{
	(void)user;
	output_trouble(OUTPUT_LINES, sentence);
}

static const char *deliveries(uint64_t n)
{
	return n == 1 ? "delivery" : "deliveries";
}

static bool print_json(const struct import_command *c, struct error *e)
{
	const struct import_counts *n = &c->counts;
	json_t *o = json_pack("{sIsIsI}", "imported", (json_int_t)n->imported, "known", (json_int_t)n->known,
			      "left_out", (json_int_t)n->left_out);
	if (o && c->keep_going)
		json_object_set_new(o, "refused", json_integer((json_int_t)n->refused));
	return row_json_print(stdout, o, e);
}

static void print_counts(const struct import_counts *n)
{
	printf("%" PRIu64 " %s imported", n->imported, deliveries(n->imported));
	if (n->known)
		printf(", %" PRIu64 " %s on record already", n->known, n->known == 1 ? "was" : "were");
	if (n->left_out)
		printf(", %" PRIu64 " that %s not HTTP left out", n->left_out, n->left_out == 1 ? "is" : "are");
	if (n->refused)
		printf(", %" PRIu64 " refused", n->refused);
	putchar('\n');
}

static int import_all(struct import_command *c, struct error *e)
{
	const struct import_options options = {
		.format = c->format ? import_format_named(c->format) : IMPORT_UNDECIDED,
		.keep_going = c->keep_going,
		.on_refused = on_refused,
	};
	struct interrupt before;
	interrupt_begin(&before);
	bool fine = import_file(c->store, c->path, &options, &c->counts, e);
	interrupt_end(&before);
	if (fine && c->json)
		fine = print_json(c, e);
	else if (fine)
		print_counts(&c->counts);
	if (!fine && e->code == EXIT_INTERRUPTED)
		error_set(e, EXIT_INTERRUPTED, "interrupted: nothing was imported");
	if (!fine)
		return (int)e->code;
	return c->counts.refused ? EXIT_NO : EXIT_DONE;
}

#define AT struct import_command

static const struct option_row rows[] = {
	{ "format", 0, OPTION_CHOICE_AT(AT, format), OPTION_BY_USER, IMPORT_FORMATS, "of FILE",
	  .otherwise = "what it looks like" },
	{ "keep-going", 0, OPTION_FLAG_AT(AT, keep_going), OPTION_BY_USER, NULL,
	  "import the others when an entry is refused" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
};

static int run(struct command_call *call, struct error *e)
{
	struct import_command *c = call->settings;
	if (call->argc != 1) {
		error_set(e, EXIT_USAGE, "import takes one file, for example: creel import failed.har");
		return EXIT_USAGE;
	}
	c->path = call->argv[0];
	/* Before a record is made for it. */
	if (strcmp(c->path, "-") != 0 && access(c->path, R_OK) != 0) {
		error_set(e, EXIT_USAGE, "%.300s cannot be read: %s", c->path, strerror(errno));
		return EXIT_USAGE;
	}
	int status = command_open_store(call, STORE_READ_WRITE, &c->store, e) ? import_all(c, e) : (int)e->code;
	store_close(c->store);
	return status;
}

const struct command command_import = {
	"import",
	"creel import FILE|- [--format FORMAT] [--keep-going] [--json]",
	"take deliveries from HAR, NDJSON and other files",
	"Puts the deliveries of a file, from `creel export` or another tool, on record. They are listed, shown, "
	"compared\n"
	"and replayed like others, and never sent on their own. Each entry is converted exactly, or refused with its\n"
	"place and the reason; then nothing in the file is imported, or with --keep-going everything else is, and the\n"
	"exit status is 1. An event that is already on record, by its id, stays as it is.\n\n"
	"Example: creel import tests/stripe.har && creel replay --where is:import --to 3000",
	COMMAND_OPTIONS(rows, struct import_command),
	.uses = COMMAND_USES_DB,
	.run = run,
};
