/* Deliveries as a test that sends them again, byte for byte, to the app under test, in the conventions of pytest, Jest,
 * JUnit 5 and Go's testing. The app is at the URL in the environment's CREEL_TEST_URL, or at a base written into the
 * test. A test passes when the app answers with the status on record, or, where none is, with any of 200 to 299. Pure;
 * any thread. */
#pragma once

#include "shared/transcripts/transcript.h"

enum test_framework { TEST_PYTEST, TEST_JEST, TEST_JUNIT, TEST_GO };

struct test_code {
	enum test_framework framework;
	struct bytes base;   /* the URL where CREEL_TEST_URL is not set */
	const char *name;    /* JUnit: the class; Go: after Test in the function's name */
	const char *package; /* Go */
};

/* What stands before the deliveries, for each of them, and after them. False when out of memory. */
MUST_CHECK bool test_code_begin(const struct test_code *t, struct buffer *out);
/* `body_file` lies beside the test; NULL: the body is written out in base64. */
MUST_CHECK bool test_code_put(const struct test_code *t, const struct transcript *x, const char *body_file,
			      struct buffer *out);
MUST_CHECK bool test_code_end(const struct test_code *t, struct buffer *out);
/* The name that a test in that file has: its class "StripeTest" of "StripeTest.java", or "StripeHooks" of
 * "stripe_hooks_test.go". False when the framework would not find a test in a file of that name, or its compiler would
 * not take it; *want is then what it has to be like. */
MUST_CHECK bool test_code_name(enum test_framework f, const char *path, char name[100], const char **want);
