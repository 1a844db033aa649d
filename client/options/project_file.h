/* Decides what counts of a project's file, ./creel.ini.
 *
 * It is read once into memory; these bytes are hashed, looked up among what the user trusts, shown and parsed. What
 * cannot hurt (project_options.h) counts at once. For the rest the user must have said `creel trust`; on a terminal he
 * is asked, elsewhere it is an error that names the key. Keys that the command at hand does not look at are left
 * alone. */
#pragma once

#include "client/options/project_options.h"
#include "client/options/trust.h"
#include "shared/options/ini_file.h"
#include "shared/options/options.h"

#define PROJECT_FILE "./creel.ini"

struct project_file {
	const char *name; /* for sentences: "./creel.ini", or what `creel trust` was given; lives as long */
	struct ini_file file;
	char *path; /* absolute */
	enum trust_state trust;
	bool may_ask;
};

/* The path under which a file is trusted: absolute, with the links in its folder's name resolved, so that it does not
 * matter how the user got there. NULL when there is no such folder; the caller frees. */
char *project_file_path(const char *name);
/* Reads the file of that name; a missing file is not a failure (file.there tells). project_file_free in any case. */
MUST_CHECK bool project_file_read(struct project_file *p, const char *name, struct error *e);
void project_file_free(struct project_file *p);

/* What becomes of a key for this command. May ask on the terminal, if the file is `may_ask`; a yes trusts the file. */
enum options_key project_file_judge(struct project_file *p, const struct option_row *row, const char *key,
				    const char *value, struct error *e);
/* The token of a section [token URL] for that relay: the user must have trusted it, as any other key that only the user
 * may set. NULL when there is none, or not trusted (then *e). The caller wipes, frees. */
char *project_file_token(struct project_file *p, const char *relay, struct error *e);

/* Calls `on` with each key that counts only once the file is trusted, for whatever command. */
MUST_CHECK bool project_file_each_bound(const struct project_file *p,
					void (*on)(void *user, const char *section, const char *key, const char *value),
					void *user, struct error *e);
/* Prints these, a line each, for a person to judge: no byte reaches a terminal raw, no secret is shown. */
MUST_CHECK bool project_file_print(const struct project_file *p, FILE *out, struct error *e);
/* Whether the file may be trusted at all: not if another user can change it after it was read. */
MUST_CHECK bool project_file_may_trust(const struct project_file *p, struct error *e);
