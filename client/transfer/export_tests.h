/* The name of an exported test, taken from the file that it goes to. Any thread. */
#pragma once

#include "client/transfer/export.h"
#include "shared/formats/test_code.h"

struct export_tests {
	struct test_code code; /* its texts are the next members */
	char name[100], package[100];
	char *base; /* the caller's, as is freeing it */
};

/* Whether this is a test, and for which framework. */
bool export_tests_is(enum export_as as, enum test_framework *f);
/* `path` may be NULL, for standard output. EXIT_USAGE when the framework would not find a test in a file of that name.
 */
MUST_CHECK bool export_tests_begin(struct export_tests *t, enum test_framework f, const char *path, struct error *e);
