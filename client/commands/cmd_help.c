#include "client/options/command.h"

#include <stdio.h>
#include <string.h>

/* These two read no config: a broken one must not keep anybody from its help. True when *status is settled. */
static bool is_settled(const struct command *c, int argc, char **argv, int most, int *status, struct error *e)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			printf("Usage: %s\n\n%s\n", c->usage, c->text);
			*status = EXIT_DONE;
			return true;
		}
	}
	*status = EXIT_USAGE;
	if (argc - 1 <= most)
		return false;
	error_set(e, EXIT_USAGE, most ? "%s takes one command, for example: creel help listen" : "%s takes no argument",
		  c->name);
	return true;
}

static int run_version(int argc, char **argv, const struct program *program, struct error *e)
{
	int status;
	(void)program;
	if (is_settled(&command_version, argc, argv, 0, &status, e))
		return status;
	puts("creel " CREEL_VERSION);
	return EXIT_DONE;
}

const struct command command_version = {
	"version",           "creel version",
	"print the version", "Prints the name and version, as creel --version does.\n\nExample: creel version",
	run_version,
};

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	int status;
	if (is_settled(&command_help, argc, argv, 1, &status, e))
		return status;
	if (argc == 2) {
		const struct command *c = command_find(argv[1], e);
		char help[] = "--help", *args[] = { argv[1], help, NULL };
		return c ? c->run(2, args, program, e) : EXIT_USAGE;
	}
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
	run,
};
