#include "client/options/command.h"

#include "client/options/config.h"
#include "client/options/config_files.h"
#include "client/selection/filter_hint.h"
#include "shared/secrets/secret_shape.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading its options ---- */

/* A section of another command or of a relay's token, or another command's option. */
static bool is_others(const char *section, const char *key)
{
	char name[64];
	bool known = strncmp(section, CONFIG_TOKEN_SECTION, strlen(CONFIG_TOKEN_SECTION)) == 0;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(key, "."),
		 key); /* "secret.github" is of the option "secret" */
	for (size_t i = 0; !known && command_at(i); i++)
		known = *section ? strcmp(command_at(i)->name, section) == 0
				 : command_find_option(command_at(i), name) != NULL;
	return known;
}

static bool parse(const struct command *c, struct options *strings, struct common_options *block,
		  const struct options_source *from, int argc, char **argv, int *first, struct error *e)
{
	struct command_options all;
	char program[64];
	command_list_options(c, &all);
	snprintf(program, sizeof program, "creel %s", c->name);
	struct options_source source = *from;
	source.program = program;
	source.ini_section = c->name;
	source.is_others = is_others;
	source.sections = "one is named as a command, for example [listen]";
	source.instead = c->uses & COMMAND_USES_FILTER  ? filter_hint
			 : c->uses & COMMAND_USES_WHERE ? filter_hint_where
							: NULL;
	return options_parse(strings, &all.table, block, &source, argc, argv, first, e);
}

static bool parse_call(struct command_call *call, const struct config_files *files, struct error *e)
{
	const struct options_source from = {
		.env_prefix = call->command->files == COMMAND_TAKES_NOTHING ? NULL : "CREEL_",
		.files = files ? files->list : NULL,
		.file_count = files ? files->count : 0,
	};
	int first;
	if (!parse(call->command, call->strings, call->common, &from, call->all_argc, call->all_argv, &first, e))
		return false;
	call->argc = call->all_argc - first;
	call->argv = call->all_argv + first;
	return true;
}

/* Command line and environment alone: they say which file to read, and whether help is all that is wanted. */
static bool read_words(struct command_call *call, struct error *e)
{
	return parse_call(call, NULL, e);
}

static bool open_files(const struct command_call *call, struct config_files *files, struct error *e)
{
	const struct config_wish wish = {
		.named = call->common->config,
		.named_may_be_missing = call->command->files == COMMAND_WRITES_CONFIG,
		.may_ask = call->command->files != COMMAND_READS_LATER,
	};
	return config_files_read(files, &wish, e);
}

const void *command_read_others(struct command_call *call, const struct command *other, struct error *e)
{
	struct config_files files;
	char name[32], *argv[] = { name, NULL };
	int first;
	struct settings_block *block = call->other = calloc(1, sizeof *block + other->settings_size);
	if (!block) {
		error_set(e, EXIT_USAGE, "out of memory");
		return NULL;
	}
	snprintf(name, sizeof name, "%s", other->name);
	bool fine = open_files(call, &files, e);
	const struct options_source from = { .files = files.list, .file_count = files.count };
	fine = fine && parse(other, call->strings, &block->common, &from, 1, argv, &first, e);
	config_files_free(&files);
	return fine ? block->settings : NULL;
}

bool command_read_files(struct command_call *call, struct error *e)
{
	struct config_files files;
	bool said = call->common->relay != NULL; /* by the command line or the environment, which win */
	bool fine = open_files(call, &files, e) && parse_call(call, &files, e);
	call->common->relay_of_project = !said && files.relay_of_project;
	config_files_free(&files);
	return fine;
}

bool command_forget_files(struct command_call *call, struct error *e)
{
	call->common->relay_of_project = false;
	return read_words(call, e);
}

/* ---- running it ---- */

static void print_help(const struct command *c)
{
	struct command_options all;
	command_list_options(c, &all);
	printf("Usage: %s\n\n%s\n\nOptions:\n", c->usage, c->text);
	options_print(stdout, &all.table);
}

static int run(struct command_call *call, struct error *e)
{
	enum command_files files = call->command->files;
	if (!read_words(call, e))
		return EXIT_USAGE;
	if (call->common->help) {
		print_help(call->command);
		return EXIT_DONE;
	}
	if ((files == COMMAND_READS_FILES || files == COMMAND_WRITES_CONFIG) && !command_read_files(call, e))
		return EXIT_USAGE;
	return call->command->run(call, e);
}

int command_run(const struct command *c, int argc, char **argv, const struct program *program, struct error *e)
{
	struct settings_block *block = calloc(1, sizeof *block + c->settings_size);
	struct options *strings = options_new();
	struct command_call call = { .command = c,
				     .program = program,
				     .settings = block ? block->settings : NULL,
				     .common = block ? &block->common : NULL,
				     .all_argc = argc,
				     .all_argv = argv,
				     .strings = strings };
	int status = EXIT_USAGE;
	if (block && strings)
		status = run(&call, e);
	else
		error_set(e, EXIT_USAGE, "out of memory");
	options_free(strings); /* empties the lists in the blocks */
	free(block);
	free(call.other);
	free(call.db);
	return status;
}

/* ---- what commands ask for ---- */

const char *command_db(struct command_call *call, struct error *e)
{
	if (!call->common->db && !call->db)
		call->db = store_default_path(e);
	return call->common->db ? call->common->db : call->db;
}

bool command_open_store(struct command_call *call, enum store_mode mode, struct store **s, struct error *e)
{
	const char *path = command_db(call, e);
	return path && store_open(s, path, mode, e);
}

/* Where the user keeps tokens: the file he named, this folder's if he trusts it, his own. */
static char *kept_token(const struct command_call *call, const char *relay, struct error *e)
{
	const char *named = call->common->config;
	char *token = named ? config_token(named, relay, e) : NULL;
	if (!token && e->code == EXIT_DONE)
		token = config_files_project_token(named, call->command->files != COMMAND_READS_LATER, relay, e);
	char *path = !token && e->code == EXIT_DONE ? config_default_path() : NULL;
	if (path)
		token = config_token(path, relay, e);
	free(path);
	return token;
}

/* A token without what may have come along with it when it was copied. What is none stays as it is. Takes `text`, which
 * may be NULL. */
static char *as_token(char *text)
{
	char token[SECRET_SHAPE_TOKEN + 1];
	size_t digits;
	if (text && secret_shape_token(bytes_of(text), token, &digits) == TOKEN_SHAPE_WRAPPED)
		snprintf(text, strlen(text) + 1, "%s", token);
	OPENSSL_cleanse(token, sizeof token);
	return text;
}

char *command_token(const struct command_call *call, const char *relay, struct error *e)
{
	struct error why = { EXIT_DONE, "" };
	const char *variable = getenv("CREEL_TOKEN");
	bool is_set = variable && *variable;
	/* It says of no relay that it is that one's, so it is for those that the user himself named. */
	if (is_set && !call->common->relay_of_project)
		return as_token(strdup(variable));
	char *token = as_token(kept_token(call, relay, &why));
	if (!token && why.code == EXIT_DONE && is_set)
		error_set(
		    &why, EXIT_USAGE,
		    "CREEL_TOKEN is not sent to %.300s, a relay that ./creel.ini names and you did not: name it with "
		    "--relay or CREEL_RELAY, or keep its token with `creel login`",
		    relay);
	if (why.code != EXIT_DONE)
		*e = why;
	return token;
}
