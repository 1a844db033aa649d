/* The options of `creel-relay serve`, from its command line, the environment and an INI file: the table of options
 * (with those of limits.def), and the checks that concern more than one option. Used before the loop runs; not
 * thread-safe, as options.h is not. */
#pragma once

#include "relay/common/relay.h"
#include "shared/options/ini_file.h"
#include "shared/secrets/secret_gate.h"

struct serve_options {
	struct settings set; /* its strings live until serve_options_free */
	const char *config;
	bool help, limits; /* to be printed instead of serving */
	struct options *parsed;
	struct ini_file file;
};

/* False and *e (EXIT_USAGE) when the relay cannot serve with them. The gate learns the file's secrets. Call
 * serve_options_free in either case. */
MUST_CHECK bool serve_options_read(struct serve_options *o, int argc, char **argv, struct secret_gate *gate,
				   struct error *e);
void serve_options_free(struct serve_options *o);
/* Prints the help or the limits, where they were asked for; false: neither was, and nothing was printed. */
bool serve_options_print(FILE *out, const struct serve_options *o);
