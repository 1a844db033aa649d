/* Reads a secret from where the user says it is. */
#pragma once

#include "shared/base/error.h"

/* `place`: @FILE, @- (standard input) or env:NAME. What belongs to no secret is cut off (secret_shape_clean): one line
 * end, a byte order mark. A bare value is refused:
 * arguments can be seen by others. NULL and *e (EXIT_USAGE) when it cannot be read, is empty, has a NUL or more than
 * 4096 bytes. The caller wipes and frees it. */
char *secret_read(const char *place, struct error *e);
