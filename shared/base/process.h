/* Other processes. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whether a process of that number lives, whoever owns it; false for a number that no process has. */
bool process_is_alive(int64_t pid);
