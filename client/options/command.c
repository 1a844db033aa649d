#include "client/options/command.h"

#include "client/options/config.h"
#include "client/options/config_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OWN 40

static size_t gather(struct option_row *all, struct common_options *common, const struct option_spec *own,
		     size_t own_count)
{
	const struct option_spec shared[] = {
		{ "relay", 'r', OPTION_TEXT, &common->relay, "URL",
		  "the relay: http, https, ws or wss (default: of `creel login`)" },
		{ "db", 0, OPTION_TEXT, &common->db, "FILE", "the store (default $XDG_DATA_HOME/creel/creel.db)" },
		{ "config", 0, OPTION_TEXT, &common->config, "FILE", "one more config file" },
		{ "help", 'h', OPTION_FLAG, &common->help, NULL, "this text" },
	};
	const size_t shared_count = sizeof shared / sizeof *shared;
	for (size_t i = 0; i < own_count + shared_count; i++) {
		const struct option_spec *s = i < own_count ? &own[i] : &shared[i - own_count];
		all[i] = (struct option_row){ .name = s->name,
					      .letter = s->letter,
					      .kind = s->type,
					      .at = (size_t)((char *)s->dest - (char *)common),
					      .sources = strcmp(s->name, "help") == 0     ? OPTION_BY_LINE
							 : strcmp(s->name, "config") == 0 ? OPTION_BY_CALLER
											  : OPTION_BY_PROJECT,
					      .arg = s->arg,
					      .help = s->help };
		all[i].sources |= OPTION_HAS_DEFAULT;
	}
	return own_count + shared_count;
}

static bool parse(const struct command *c, struct options *o, struct common_options *common,
		  const struct option_spec *own, size_t own_count, const struct config_files *files, int argc,
		  char **argv, int *first, struct error *e)
{
	struct option_row all[MAX_OWN + 8];
	char program[64];
	if (own_count > MAX_OWN)
		return error_set(e, EXIT_USAGE, "too many options in the table of %s", c->name);
	const struct option_group group = { all, gather(all, common, own, own_count), 0 };
	const struct option_table table = { &group, 1 };
	snprintf(program, sizeof program, "creel %s", c->name);
	struct options_source source = { program, "CREEL_", files ? files->list : NULL, c->name,
					 files ? files->count : 0 };
	if (!options_parse(o, &table, common, &source, argc, argv, first, e))
		return false;
	if (!files && common->help) {
		printf("Usage: %s\n\n%s\n\nOptions:\n", c->usage, c->text);
		options_print(stdout, &table);
	}
	return true;
}

bool command_parse_words(const struct command *c, struct options *o, struct common_options *common,
			 const struct option_spec *own, size_t own_count, int argc, char **argv, int *first,
			 int *status, struct error *e)
{
	memset(common, 0, sizeof *common);
	*status = EXIT_USAGE;
	if (!parse(c, o, common, own, own_count, NULL, argc, argv, first, e))
		return false;
	if (common->help)
		*status = EXIT_DONE;
	return !common->help;
}

bool command_parse_files(const struct command *c, struct options *o, struct common_options *common,
			 const struct option_spec *own, size_t own_count, int argc, char **argv, int *first,
			 struct error *e)
{
	struct config_files files;
	common->may_ask = c != &command_doctor; /* which says what it finds */
	bool said = common->relay != NULL;      /* by the command line or the environment, which win */
	bool fine = command_read_files(c, common, c->name, &files, e) &&
		    parse(c, o, common, own, own_count, &files, argc, argv, first, e);
	common->relay_of_project = !said && files.relay_of_project;
	config_files_free(&files);
	return fine;
}

bool command_read_files(const struct command *c, const struct common_options *common, const char *as,
			struct config_files *files, struct error *e)
{
	struct config_wish wish = {
		.command = as,
		.named = common->config,
		.named_may_be_missing = c == &command_login, /* which writes it */
		.may_ask = common->may_ask,
	};
	return config_files_read(files, &wish, e);
}

bool command_parse(const struct command *c, struct options *o, struct common_options *common,
		   const struct option_spec *own, size_t own_count, int argc, char **argv, int *first, int *status,
		   struct error *e)
{
	/* A first pass without files finds --help and --config. */
	return command_parse_words(c, o, common, own, own_count, argc, argv, first, status, e) &&
	       command_parse_files(c, o, common, own, own_count, argc, argv, first, e);
}

/* Where the user keeps tokens: the file he named, this folder's if he trusts it, his own. */
static char *kept_token(const struct common_options *common, const char *relay, struct error *e)
{
	char *token = common->config ? config_token(common->config, relay, e) : NULL;
	if (!token && e->code == EXIT_DONE)
		token = config_files_project_token(common->config, common->may_ask, relay, e);
	char *path = !token && e->code == EXIT_DONE ? config_default_path() : NULL;
	if (path)
		token = config_token(path, relay, e);
	free(path);
	return token;
}

char *command_token(const struct common_options *common, const char *relay, struct error *e)
{
	struct error why = { EXIT_DONE, "" };
	const char *variable = getenv("CREEL_TOKEN");
	bool is_set = variable && *variable;
	/* It says of no relay that it is that one's, so it is for those that the user himself named. */
	if (is_set && !common->relay_of_project)
		return strdup(variable);
	char *token = kept_token(common, relay, &why);
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
