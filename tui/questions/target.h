/* Where a client sends deliveries. Pure. */
#pragma once

#include <stdbool.h>

/* Whether a target as the client names it is on this machine. */
bool target_is_local(const char *target);
