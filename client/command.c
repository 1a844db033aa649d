#include "client/command.h"

#include "client/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OWN 40

static size_t gather(struct option_spec *all, struct common_options *common, const struct option_spec *own,
		     size_t own_count)
{
	const struct option_spec shared[] = {
		{ "relay", 'r', OPTION_TEXT, &common->relay, "URL",
		  "the relay: http, https, ws or wss (default: of `creel login`)" },
		{ "db", 0, OPTION_TEXT, &common->db, "FILE", "the store (default $XDG_DATA_HOME/creel/creel.db)" },
		{ "config", 0, OPTION_TEXT, &common->config, "FILE", "one more config file" },
		{ "help", 'h', OPTION_FLAG, &common->help, NULL, "this text" },
	};
	if (own_count)
		memcpy(all, own, own_count * sizeof *own);
	memcpy(all + own_count, shared, sizeof shared);
	return own_count + sizeof shared / sizeof *shared;
}

static bool parse(const struct command *c, struct options *o, struct common_options *common,
		  const struct option_spec *own, size_t own_count, const char *const *ini_paths, int argc, char **argv,
		  int *first, struct error *e)
{
	struct option_spec all[MAX_OWN + 8];
	char program[64];
	if (own_count > MAX_OWN)
		return error_set(e, EXIT_USAGE, "too many options in the table of %s", c->name);
	size_t count = gather(all, common, own, own_count);
	snprintf(program, sizeof program, "creel %s", c->name);
	struct options_source source = { program, "CREEL_", ini_paths, c->name };
	if (!options_parse(o, all, count, &source, argc, argv, first, e))
		return false;
	if (!ini_paths && common->help) {
		printf("Usage: %s\n\n%s\n\nOptions:\n", c->usage, c->text);
		options_print(stdout, all, count);
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
	bool made_by_it = c == &command_login; /* which writes the file */
	if (common->config && access(common->config, R_OK) != 0 && !(made_by_it && errno == ENOENT))
		return error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", common->config,
				 strerror(errno));
	char *user_config = config_default_path();
	const char *paths[4];
	size_t n = 0;
	if (user_config)
		paths[n++] = user_config;
	paths[n++] = "./creel.ini";
	if (common->config)
		paths[n++] = common->config;
	paths[n] = NULL;
	bool fine = parse(c, o, common, own, own_count, paths, argc, argv, first, e);
	free(user_config);
	return fine;
}

bool command_parse(const struct command *c, struct options *o, struct common_options *common,
		   const struct option_spec *own, size_t own_count, int argc, char **argv, int *first, int *status,
		   struct error *e)
{
	/* A first pass without files finds --help and --config. */
	return command_parse_words(c, o, common, own, own_count, argc, argv, first, status, e) &&
	       command_parse_files(c, o, common, own, own_count, argc, argv, first, e);
}

char *command_token(const struct common_options *common, const char *relay, struct error *e)
{
	const char *variable = getenv("CREEL_TOKEN");
	if (variable && *variable)
		return strdup(variable);
	/* ./creel.ini is a project's, and often committed: no tokens are read from it. */
	char *token = common->config ? config_token(common->config, relay, e) : NULL;
	char *path = token ? NULL : config_default_path();
	if (path)
		token = config_token(path, relay, e);
	free(path);
	return token;
}
