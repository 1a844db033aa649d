/* Who asked the record gets what was read (inspect_source.h). Loop thread. */
#pragma once

#include "client/inspect/inspect_read.h"

/* Calls the function that the question names, with what was found or a sentence why not. What it is handed is its own;
 * the question stays the caller's. */
void inspect_answer(struct question *q);
