/* `creel report`: writes deliveries as one HTML page to send to somebody. */
#include "client/commands/cmd_export.h"

#define AT struct export_command

static const struct option_row rows[] = {
	{ "output", 'o', OPTION_TEXT_AT(AT, path), OPTION_BY_USER, "FILE", "where to, 0600",
	  .otherwise = "standard output" },
	{ "redact", 0, OPTION_SUM_AT(AT, redact), OPTION_BY_PROJECT, "[=NAME,...]",
	  "take secrets and signatures out, everywhere; NAMEs, too", .bare = "" },
	{ "force", 0, OPTION_FLAG_AT(AT, options.force), OPTION_BY_USER, NULL, "replace FILE" },
	{ "to", 0, OPTION_TEXT_AT(AT, to), OPTION_BY_USER, "PORT|URL", "where the curl commands go",
	  .otherwise = "where it went" },
	{ "where", 0, OPTION_TEXT_AT(AT, where), OPTION_BY_USER, "FILTER", "the same as after the options" },
};

static int run(struct command_call *call, struct error *e)
{
	struct export_command *c = call->settings;
	c->format = "html";
	return cmd_export_run(call, e);
}

const struct command command_report = {
	"report",
	"creel report FILTER|ID… [-o FILE] [--redact[=NAME,…]] [--force]",
	"one page to send to somebody",
	"Writes deliveries, oldest first, as one self-contained HTML file: requests, answers and attempts, each with "
	"the\n"
	"curl command that sends it again. It is read without creel, without a network and without JavaScript, and\n"
	"`creel import` takes it back exactly. The same as `creel export --format html`.\n"
	"It holds secrets unless --redact is given, which takes out signatures and what looks like a secret.\n"
	"FILE must not exist yet, unless --force is given. Exit status 1 when nothing matches.\n\n" FILTER_HELP "\n\n"
	"Example: creel report status:5xx since:1d -o failed.html --redact",
	COMMAND_OPTIONS(rows, struct export_command),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
