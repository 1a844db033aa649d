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
