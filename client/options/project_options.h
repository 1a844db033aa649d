/* Which options a project's file (./creel.ini) may set.
 *
 * A project is somebody else's: it comes with a clone or an archive, and is read because somebody stands in its folder.
 * So it may set what cannot hurt, and nothing else before its user said `creel trust`. What a project may not set
 * counts from the user's own file, from the environment and from the command line.
 *
 * A new option needs a line in the table of project_options.c. Without one the project may not set it, and the unit
 * test that walks the table says so. Pure; any thread. */
#pragma once

#include <stddef.h>

#include "shared/base/error.h"

enum project_right {
	PROJECT_USER,   /* the user alone */
	PROJECT_MAY,    /* a project, too: no value of it can hurt */
	PROJECT_LOCAL,  /* a project, too, where the value leads to this machine (a route's target on loopback) */
	PROJECT_UNUSED, /* every command takes it, and this one does nothing with it */
};

struct project_option {
	const char *command, *option;
	enum project_right right;
};

/* The i-th line, NULL behind the last. */
const struct project_option *project_option_at(size_t i);
/* NULL: the table has no line for it. */
const struct project_option *project_option_find(const char *command, const char *option);

enum project_verdict {
	PROJECT_TAKEN,
	PROJECT_PASSED_OVER, /* without effect, and no reason to stop */
	PROJECT_REFUSED,
};

/* What becomes of a key of a project's file that nobody trusted. */
enum project_verdict project_option_judge(const char *command, const char *option, const char *value);
/* The same of a key as it stands in the file, where "secret.github = x" says "secret = github=x". *option: which it is,
 * NULL for none of this command's (then it is passed over). */
enum project_verdict project_key_judge(const char *command, const char *key, const char *value,
				       const struct project_option **option);
