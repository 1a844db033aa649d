/* Hints for users who write a filter's term as an option, as other tools take it: --status 500, --since 1h. Pure; any
 * thread. */
#pragma once

#include "shared/options/options.h"

/* As struct options_source has it under `instead`: "write it as a filter, status:500". */
bool filter_hint(const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN]);
/* The same for a command that takes its filter as --where. */
bool filter_hint_where(const char *name, const char *value, char out[OPTIONS_INSTEAD_LEN]);
