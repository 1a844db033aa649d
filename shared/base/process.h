/* Whether other processes live, and whether this one may still open files. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a process of that number lives, whoever owns it; false for a number that no process has. */
bool process_is_alive(int64_t pid);
/* Whether the process lives that had this number at that moment, in microseconds since 1970: not one of another program
 * that has begun since and got the number again. What cannot be found out counts as alive. */
bool process_is_alive_since(int64_t pid, uint64_t moment_us);
/* Whether this process, or the machine, has as many files open as it may. Found out by opening two; for failures of
 * which a library gives no reason. */
bool process_files_are_out(void);
