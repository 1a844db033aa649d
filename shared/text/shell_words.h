/* A command line as words, without a shell: blanks separate, '…' keeps all, "…" keeps all but \ before " \ $ ` and
 * newline, \ keeps what follows it. Nothing is expanded. What a shell would give a meaning (| & ; < > ( ) $ `, unless
 * quoted) is refused, since the user would expect it to work. Pure; any thread. */
#pragma once

#include "shared/base/error.h"

/* NULL-terminated, one allocation that the caller frees; at least one word. NULL and *e (EXIT_USAGE), which begins with
 * `what` ("--exec"). */
char **shell_words_split(const char *text, const char *what, struct error *e);
