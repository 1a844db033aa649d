/* Reads options: from the command line (getopt_long), the environment (PREFIX_NAME, upper case, '-' as '_') and INI
 * files (libinih), into a command's settings, by the table of its rows (option_table.h).
 *
 * Precedence: command line, environment, files (a later one wins), the row's default. Durations and sizes are written
 * as quantity.h says. Strings in the settings belong to a `struct options` and live until options_free. Any thread, one
 * call at a time: getopt keeps state. */
#pragma once

#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/options/option_table.h"

struct options;

/* What becomes of a key in a file that names an option. */
enum options_key { OPTIONS_KEY_TAKEN, OPTIONS_KEY_PASSED_OVER, OPTIONS_KEY_REFUSED /* with *e */ };

/* One config file, read (ini_file.h). */
struct options_file {
	const char *path; /* for sentences */
	struct bytes text;
	/* Asked about each key that would count, `key` as it is written ("secret.github" for the option "secret"), and
	 * about one that nobody knows, with no row; NULL: all are taken. */
	enum options_key (*judge)(void *user, const struct option_row *row, const char *key, const char *value,
				  struct error *e);
	void *user;
};

#define OPTIONS_INSTEAD_LEN 160

struct options_source {
	const char *program;              /* "creel listen", for sentences */
	const char *env_prefix;           /* "CREEL_", or NULL */
	const struct options_file *files; /* later ones win; may be NULL */
	const char *ini_section;          /* keys of this section and of no section count */
	/* Whether another section, or with "" for it a key that is no option here, is known all the same and left
	 * alone; what is not is refused. NULL: all are left alone. */
	bool (*is_others)(const char *section, const char *key);
	const char *sections; /* with it: which sections there are, to end a sentence */
	size_t file_count;
	/* Asked what to write in place of an option that does not exist, "--name" with `value` (may be NULL) after it:
	 * a part of a sentence in `out`. False: it does not know. May be NULL. */
	bool (*instead)(const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN]);
};

/* NULL: out of memory. */
struct options *options_new(void);
void options_free(struct options *o);
/* Sets every row's field of `settings` to its default, then to what the sources say; fields without a row stay. May be
 * called again, with files in addition: strings of the earlier call live on. *first: the index of the first argument
 * that is no option (argv is permuted as getopt_long does). False and *e (EXIT_USAGE) for an unknown option, a bad
 * value, one beyond its limits, or an unknown key or section of a file; the sentence names where it stands, and the
 * nearest right spelling. */
MUST_CHECK bool options_parse(struct options *o, const struct option_table *table, void *settings,
			      const struct options_source *source, int argc, char **argv, int *first, struct error *e);
/* A line or two for each row: name, value, help, default, limits. */
void options_print(FILE *out, const struct option_table *table);
