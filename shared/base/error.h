/* Failures as one sentence for a person, with the exit status that goes with it (shared/DESIGN.md §10).
 *
 * Whatever can fail takes a `struct error *` as its last argument, fills it and returns false. The sentence says what
 * failed, on what, and what to do; it ends without a full stop and holds no secret. Pure; any thread. */
#pragma once

#include <stdbool.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_NO = 1,     /* the answer is no: no match in time, signature invalid, --fail and a non-2xx */
	EXIT_USAGE = 2,  /* wrong usage */
	EXIT_RELAY = 3,  /* relay unreachable or refused; for creel-relay: cannot serve */
	EXIT_STORE = 4,  /* the store cannot be read or written */
	EXIT_TARGET = 5, /* target not reachable */
	EXIT_INTERRUPTED = 130,
};

struct error {
	enum exit_code code;
	char text[600];
};

/* Fills `e` (which may be NULL) and returns false, so that callers can `return error_set(…)`. */
bool error_set(struct error *e, enum exit_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the system's error number means for a person, with what to do where there is something to do: never NULL, and
 * valid until strerror is called again on this thread. */
const char *error_system(int number);
/* Puts "what: " before the sentence. Returns false. */
bool error_prefix(struct error *e, const char *what);
