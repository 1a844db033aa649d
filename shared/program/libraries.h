/* The libraries that a program runs with, for `version --verbose`: names and versions, and what is older than a release
 * that closed a known hole. Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct library {
	const char *name, *version;
};

#define LIBRARIES_COMMON 7
/* Those that both programs have. The texts are the libraries' own. */
void libraries_common(struct library out[LIBRARIES_COMMON]);

/* " OpenSSL 3.0.22", a line each; after an old one comes the release that closes its holes. */
void libraries_print(FILE *out, const struct library *list, size_t count);

/* How the program came by its libraries, a line: the system's, or built in with these patches. */
void libraries_print_origin(FILE *out);

/* The release of the same series that closed a known hole, or NULL: `version` is that or a later one, or its series is
 * not known. As of the day of creel's own release; a distribution may close a hole without a new number. */
const char *libraries_security_release(const char *name, const char *version);
