/* A command's call to the running relay of a data folder (control.h). Blocks; any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

enum control_answer {
	CONTROL_OK,
	CONTROL_NOBODY, /* no relay runs on the folder */
	CONTROL_FAILED, /* the relay refused, or was not reached: *e */
};

/* Sends the line and waits for the whole answer; *out, zeroed by the caller and to be freed, is what was asked for. *e
 * is set for CONTROL_NOBODY, too, with EXIT_NO. */
MUST_CHECK enum control_answer control_ask(const char *folder, const char *line, struct buffer *out, struct error *e);
/* The same for an answer that may be long: `take` is called with what has come and was not taken yet, and removes what
 * it is done with from the front (buffer_consume); when it returns false, with *e, the call ends. CONTROL_OK: the
 * answer ended; whether it was complete, only `take` knows. */
MUST_CHECK enum control_answer control_ask_long(const char *folder, const char *line,
						bool (*take)(void *user, struct buffer *come, struct error *e),
						void *user, struct error *e);
