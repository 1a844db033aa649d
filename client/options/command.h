/* One file a subcommand, each ending in a const struct command that commands.def lists. */
#pragma once

#include <stddef.h>

#include "shared/program/core_dumps.h"
#include "shared/base/error.h"
#include "shared/program/options.h"
#include "shared/program/secret_gate.h"

struct option_spec {
	const char *name; /* long name without the dashes */
	char letter;      /* or 0 */
	enum option_kind type;
	void *dest;       /* holds the default beforehand */
	const char *arg;  /* shown in help ("PORT"), for CHOICE the choices "a|b|c" */
	const char *help; /* one line */
};

/* What main keeps for a command as long as it runs. */
struct program {
	struct secret_gate *gate; /* every sentence passes it; a command adds the secrets it reads */
	struct core_dumps cores;  /* as the user had them: for the programs that creel starts */
};

struct command {
	const char *name;
	const char *usage;   /* "creel list [FILTER] [-n N] [--json]" */
	const char *summary; /* one line for `creel help` */
	const char *text;    /* paragraphs for --help, with an example */
	/* argv[0] is the command's name. Returns the exit status; errors are filled into *e, printed by main. */
	int (*run)(int argc, char **argv, const struct program *program, struct error *e);
};

/* One table of the commands, in the order of help: client/commands.def. */
#define COMMAND(name) extern const struct command command_##name;
#include "client/commands.def"
#undef COMMAND

/* Adds what every command takes (--db, --config, --relay, --help) to the command's own options, reads config files
 * (config_files.h; ./creel.ini as far as project_file.h says), CREEL_… and the command line. When --help was given
 * prints the help and returns false with *status 0; on error false with *status 2 and *e. */
struct common_options {
	const char *db; /* NULL: store_default_path */
	const char *config;
	const char *relay;
	bool may_ask;          /* on a terminal, whether ./creel.ini is to be trusted */
	bool relay_of_project; /* ./creel.ini named it, and nothing of the user's own did */
	bool help;
};
MUST_CHECK bool command_parse(const struct command *c, struct options *o, struct common_options *common,
			      const struct option_spec *own, size_t own_count, int argc, char **argv, int *first,
			      int *status, struct error *e);
/* Its two halves, for `creel doctor`, which goes on where a config file is wrong: command line and CREEL_… alone (with
 * --help), and then all again with the files. */
MUST_CHECK bool command_parse_words(const struct command *c, struct options *o, struct common_options *common,
				    const struct option_spec *own, size_t own_count, int argc, char **argv, int *first,
				    int *status, struct error *e);
MUST_CHECK bool command_parse_files(const struct command *c, struct options *o, struct common_options *common,
				    const struct option_spec *own, size_t own_count, int argc, char **argv, int *first,
				    struct error *e);
/* The same files, for another command's keys: `creel doctor` reads them as `listen` does. config_files_free in any
 * case.
 */
struct config_files;
MUST_CHECK bool command_read_files(const struct command *c, const struct common_options *common, const char *as,
				   struct config_files *files, struct error *e);
/* The token for a relay: CREEL_TOKEN, unless a project's file named the relay; else `token` of the config file for that
 * relay; else NULL, and *e if that is a fault. Caller wipes, frees. */
char *command_token(const struct common_options *common, const char *relay, struct error *e);

/* The table of the commands: the i-th command or NULL; the one of that name, or NULL and *e with the nearest spelling.
 */
const struct command *command_at(size_t i);
const struct command *command_find(const char *name, struct error *e);
