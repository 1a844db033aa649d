#include "client/command.h"

#include <stdio.h>
#include <string.h>

static int run_version(int argc, char **argv, struct error *e)
{
	(void)argc;
	(void)argv;
	(void)e;
	puts("creel " CREEL_VERSION);
	return EXIT_DONE;
}

const struct command command_version = { "version", "creel version", "print the version", "", run_version };

static int run(int argc, char **argv, struct error *e)
{
	if (argc > 2) {
		error_set(e, EXIT_USAGE, "help takes one command, for example: creel help listen");
		return EXIT_USAGE;
	}
	if (argc == 2 && strcmp(argv[1], "help") != 0 && strcmp(argv[1], "version") != 0) {
		const struct command *c = command_find(argv[1], e);
		char help[] = "--help", *args[] = { argv[1], help, NULL };
		return c ? c->run(2, args, e) : EXIT_USAGE;
	}
	puts("Usage: creel COMMAND [OPTIONS]\n\nA self-hosted tunnel for webhooks: a public URL for an app on this machine,"
	     " every delivery on record.\n");
	for (size_t i = 0; command_at(i); i++)
		printf("  creel %-9s %s\n", command_at(i)->name, command_at(i)->summary);
	puts("\ncreel COMMAND --help explains one. To begin: creel dev 3000");
	return EXIT_DONE;
}

const struct command command_help = { "help", "creel help [COMMAND]", "this text", "", run };
