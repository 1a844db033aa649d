/* The config files of a command, the weakest first: the user's own, the project's (./creel.ini), the one named with
 * --config. A file named by the user counts as his own, even if it is the project's file. */
#pragma once

#include "client/options/project_file.h"

struct config_wish {
	const char *named;         /* --config or CREEL_CONFIG; NULL: none */
	bool named_may_be_missing; /* because it is about to be made */
	bool may_ask;              /* on a terminal, whether the project's file is to be trusted */
};

struct config_files {
	char *user_path;
	const char *named_path;
	struct ini_file user, named;
	struct project_file project;
	struct options_file list[3];
	size_t count;
	/* What was seen when the keys were judged. */
	char *users_relay; /* the user's own file's */
	bool relay_of_project;
};

/* EXIT_USAGE. config_files_free in any case; `list` points into *f, which is not to be moved. */
MUST_CHECK bool config_files_read(struct config_files *f, const struct config_wish *wish, struct error *e);
void config_files_free(struct config_files *f);
/* The token for a relay that ./creel.ini keeps, if it is the project's file and the user trusts it (project_file.h). */
char *config_files_project_token(const char *named, bool may_ask, const char *relay, struct error *e);
