#include "client/options/command.h"
#include "shared/program/libraries.h"
#include "tui/terminal/term.h"

#include <curl/curl.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

/* These two read no config file: a broken one must not keep anybody from their help. */

struct version_options {
	bool verbose;
};

static const struct option_row version_rows[] = {
	{ "verbose", 'v', OPTION_FLAG_AT(struct version_options, verbose), OPTION_BY_CALLER, NULL,
	  "the libraries as well, and which has a newer security release" },
};

static int run_version(struct command_call *call, struct error *e)
{
	const struct version_options *v = call->settings;
	if (call->argc > 0) {
		error_set(e, EXIT_USAGE, "version takes no argument");
		return EXIT_USAGE;
	}
	puts("creel " CREEL_VERSION);
	if (v->verbose) {
		struct library list[LIBRARIES_COMMON + 4];
		libraries_common(list);
		list[LIBRARIES_COMMON] = (struct library){ "libcurl", curl_version_info(CURLVERSION_NOW)->version };
		list[LIBRARIES_COMMON + 1] = (struct library){ "libmicrohttpd", MHD_get_version() };
		list[LIBRARIES_COMMON + 2] = (struct library){ "libyaml", yaml_get_version_string() };
		list[LIBRARIES_COMMON + 3] = (struct library){ "ncurses", term_library_version() };
		libraries_print(stdout, list, sizeof list / sizeof *list);
		libraries_print_origin(stdout);
	}
	return EXIT_DONE;
}

const struct command command_version = {
	"version",
	"creel version [--verbose]",
	"print the version",
	"Prints the name and version, as creel --version does. With --verbose also the libraries' versions, and where "
	"one is "
	"older than a release that closed a known hole.\n\nExample: creel version --verbose",
	COMMAND_OPTIONS(version_rows, struct version_options),
	.files = COMMAND_TAKES_NOTHING,
	.run = run_version,
};

static int explain(const struct command_call *call, struct error *e)
{
	const struct command *c = command_find(call->argv[0], e);
	char help[] = "--help", *args[] = { call->argv[0], help, NULL };
	return c ? command_run(c, 2, args, call->program, e) : EXIT_USAGE;
}

static int run(struct command_call *call, struct error *e)
{
	if (call->argc > 1) {
		error_set(e, EXIT_USAGE, "help takes one command, for example: creel help listen");
		return EXIT_USAGE;
	}
	if (call->argc == 1)
		return explain(call, e);
	puts("Usage: creel COMMAND [OPTIONS]\n\nA self-hosted tunnel for webhooks: a public URL for an app on this "
	     "machine,"
	     " every delivery on record.\n");
	for (size_t i = 0; command_at(i); i++)
		printf("  creel %-9s %s\n", command_at(i)->name, command_at(i)->summary);
	puts("\ncreel COMMAND --help explains one. To begin: creel dev 3000");
	return EXIT_DONE;
}

const struct command command_help = {
	"help",
	"creel help [COMMAND]",
	"this text",
	"Lists the commands, or explains one of them, as creel COMMAND --help does.\n\nExample: creel help listen",
	.files = COMMAND_TAKES_NOTHING,
	.run = run,
};
