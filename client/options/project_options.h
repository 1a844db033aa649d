/* Which options a project's file (./creel.ini) may set.
 *
 * A project is somebody else's: it comes with a clone or an archive, and is read because somebody stands in its folder.
 * So it may set what cannot hurt, and nothing else before its user said `creel trust`. What a project may not set
 * counts from the user's own file, from the environment and from the command line.
 *
 * An option's row says which it is: OPTION_BY_PROJECT is for what cannot hurt whatever its value (a name, a time limit,
 * which deliveries are shown and how), OPTION_BY_LOCAL for what cannot where the value leads to this machine. What
 * runs, writes, deletes or sends anything, or loosens a check, is the user's: OPTION_BY_USER. Pure; any thread. */
#pragma once

#include "client/options/command.h"

enum project_verdict {
	PROJECT_TAKEN,
	PROJECT_PASSED_OVER, /* without effect, and no reason to stop */
	PROJECT_REFUSED,
};

/* What becomes of an option in a project's file that nobody trusted. */
enum project_verdict project_options_judge(const struct option_row *row, const char *value);
/* The same for a key as it stands in the file, where "secret.github = x" says "secret = github=x". *row: its option, or
 * NULL when this command has no such option (and the key is passed over). */
enum project_verdict project_options_judge_key(const struct command *c, const char *key, const char *value,
					       const struct option_row **row);
