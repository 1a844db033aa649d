/* Options of both programs: one table gives the command line (getopt_long), the INI keys (libinih), the environment
 * variables and the help text.
 *
 * Precedence: command line, environment (PREFIX_NAME, upper case, '-' as '_'), INI files (later path wins), default.
 * Values live in a `struct options`, freed at the end of the command. Durations: 500ms 5s 2m 1h 7d; sizes: 64KiB 1MiB
 * 2GiB, or plain bytes. */
#pragma once

#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

enum option_type {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char * */
	OPTION_LIST, /* struct option_values; repeatable (an INI key may be repeated, too; "name.x = y" is "name = x=y")
		      */
	OPTION_SUM,  /* like OPTION_LIST, but what each source says is added to what those before it said */
	OPTION_DURATION, /* int64_t, milliseconds */
	OPTION_SIZE,     /* uint64_t, bytes */
	OPTION_COUNT,    /* int64_t, not negative */
	OPTION_CHOICE,   /* const char *, one of choices ("a|b|c") */
};

struct option_values {
	const char **at;
	size_t count;
};

struct option_spec {
	const char *name; /* long name without the dashes */
	char letter;      /* or 0 */
	enum option_type type;
	void *dest;       /* holds the default beforehand */
	const char *arg;  /* shown in help ("PORT"), for CHOICE the choices "a|b|c" */
	const char *help; /* one line */
};

struct options;

/* What becomes of a key of a file that is one of the options. */
enum options_key { OPTIONS_KEY_TAKEN, OPTIONS_KEY_PASSED_OVER, OPTIONS_KEY_REFUSED /* with *e */ };

/* One config file, read (ini_file.h). */
struct options_file {
	const char *path; /* for sentences */
	struct bytes text;
	/* Asked of each key that would count, `key` as it is written ("secret.github" for the option "secret"); NULL:
	 * all are taken. */
	enum options_key (*judge)(void *user, const char *option, const char *key, const char *value, struct error *e);
	void *user;
};

struct options_source {
	const char *program;              /* "creel listen", for messages */
	const char *env_prefix;           /* "CREEL_", or NULL */
	const struct options_file *files; /* later ones win; may be NULL */
	const char *ini_section;          /* keys of this section and of no section count; others are left alone */
	size_t file_count;
};

struct options *options_new(void);
void options_free(struct options *o);
/* Parses; *first is the index of the first argument that is no option (argv is permuted as getopt_long does).
 * An unknown option or bad value is EXIT_USAGE, the sentence names it (with the nearest right spelling). Unknown
 * keys in the command's own section are errors naming the file. */
MUST_CHECK bool options_parse(struct options *o, const struct option_spec *specs, size_t count,
			      const struct options_source *source, int argc, char **argv, int *first, struct error *e);
void options_print(FILE *out, const struct option_spec *specs, size_t count);
