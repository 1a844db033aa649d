/* One file a subcommand, each ending in a const struct command that commands.def lists.
 *
 * A command's options are rows of a static table (shared/options/options.h), filled into a struct of the command's own
 * before it runs. Every command also takes --help, and of --relay, --db and --config what it uses. The main thread. */
#pragma once

#include <stddef.h>

#include "shared/base/error.h"
#include "shared/program/core_dumps.h"
#include "shared/options/options.h"
#include "shared/secrets/secret_gate.h"
#include "shared/store/store.h"

/* What main keeps for a command as long as it runs. */
struct program {
	struct secret_gate *gate; /* every sentence passes it; a command adds the secrets it reads */
	struct core_dumps cores;  /* as the user had them: for the programs that creel starts */
};

/* What every command takes. */
struct common_options {
	const char *db; /* NULL: store_default_path */
	const char *config;
	const char *relay;
	bool help;
	bool relay_of_project; /* ./creel.ini named it, and nothing of the user's own did */
};

/* Which of the common options a command looks at. It has no others. And how it is given a filter, if it is. */
enum command_uses {
	COMMAND_USES_RELAY = 1 << 0,
	COMMAND_USES_DB = 1 << 1,
	COMMAND_USES_FILTER = 1 << 2, /* words after the options */
	COMMAND_USES_WHERE = 1 << 3,  /* --where */
};

/* The config files it reads before it runs. */
enum command_files {
	COMMAND_READS_FILES,
	COMMAND_WRITES_CONFIG, /* reads them; the one that --config names may be missing, as it is written */
	COMMAND_READS_LATER,   /* none before; it calls command_read_files itself, which then never asks */
	COMMAND_READS_NONE,
	COMMAND_TAKES_NOTHING, /* not even --config or the environment: only --help */
};

struct command_call;

struct command {
	const char *name;
	const char *usage;           /* "creel list [FILTER] [-n N] [--json]" */
	const char *summary;         /* one line for `creel help` */
	const char *text;            /* paragraphs for --help, with an example */
	struct option_table options; /* its own */
	size_t settings_size;        /* of the struct that they are filled into */
	unsigned uses;               /* enum command_uses */
	enum command_files files;
	/* Returns the exit status; errors are filled into *e, printed by main. */
	int (*run)(struct command_call *call, struct error *e);
};
/* The options of a command that shares no rows with others. */
#define COMMAND_OPTIONS(rows, settings)                                                                                \
	.options = { (const struct option_group[]){ OPTION_GROUP(rows, 0) }, 1 }, .settings_size = sizeof(settings)

/* One table of the commands, in the order of help: client/commands.def. */
#define COMMAND(name) extern const struct command command_##name;
#include "client/commands.def"
#undef COMMAND

/* A command's settings stand in one block after the common ones. */
struct settings_block {
	struct common_options common;
	max_align_t settings[];
};

/* One run of a command, with its arguments. All of it lives until `run` has returned. */
struct command_call {
	const struct command *command;
	const struct program *program;
	void *settings; /* the command's struct, its options filled in */
	struct common_options *common;
	int argc; /* the words that are no options */
	char **argv;
	int all_argc; /* the command line as it was given, but permuted; the command's name first */
	char **all_argv;
	struct options *strings;
	char *db;                     /* see command_db */
	struct settings_block *other; /* see command_read_others */
};

/* Reads options, prints the help when it is asked for, runs the command. argv[0] is the command's name. The exit
 * status, with *e when it is not 0. */
int command_run(const struct command *c, int argc, char **argv, const struct program *program, struct error *e);

/* The store's path: --db, or the default. NULL and *e (EXIT_STORE) when there is no HOME. */
const char *command_db(struct command_call *call, struct error *e);
/* Opens that store; the caller closes it. */
MUST_CHECK bool command_open_store(struct command_call *call, enum store_mode mode, struct store **s, struct error *e);
/* For COMMAND_READS_LATER: fills the settings again, from the files as well. False and *e when a file is wrong. */
MUST_CHECK bool command_read_files(struct command_call *call, struct error *e);
/* Another command's settings, as the files alone have them; once in a call. NULL and *e when a file is wrong. */
const void *command_read_others(struct command_call *call, const struct command *other, struct error *e);
/* Fills the settings again without the files. */
MUST_CHECK bool command_forget_files(struct command_call *call, struct error *e);
/* The token for a relay: CREEL_TOKEN, unless a project's file named the relay; else `token` of the config file for that
 * relay; else NULL, and *e if that is a fault. Caller wipes, frees. */
char *command_token(const struct command_call *call, const char *relay, struct error *e);

/* All options of a command, the common ones last. */
#define COMMAND_GROUPS 8
struct command_options {
	struct option_group groups[COMMAND_GROUPS];
	struct option_table table; /* points into `groups` */
};
void command_list_options(const struct command *c, struct command_options *out);
/* The row of that name; NULL: it has none. */
const struct option_row *command_find_option(const struct command *c, const char *name);

/* The table of the commands: the i-th command or NULL; the one of that name, or NULL and *e with the nearest spelling.
 */
const struct command *command_at(size_t i);
const struct command *command_find(const char *name, struct error *e);
