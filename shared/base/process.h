/* Other processes, and what this one may still do. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a process of that number lives, whoever owns it; false for a number that no process has. */
bool process_is_alive(int64_t pid);
/* Whether this process, or the machine, has as many files open as it may. Looked at by opening two, for where a library
 * only says that something failed. */
bool process_files_are_out(void);
