/* Durations, sizes and numbers as people write them: 500ms, 5s, 2m, 1h, 7d; 64KiB, 1MiB, 2GiB or plain bytes; 42.
 *
 * Pure; any thread. Each returns false, and leaves *out alone, for anything else: a sign, a blank, a unit that is
 * missing or unknown, a value beyond INT64_MAX. */
#pragma once

#include <stdint.h>

#include "shared/base/bytes.h" /* MUST_CHECK */

/* Milliseconds. "0" needs no unit. */
MUST_CHECK bool quantity_parse_duration(const char *text, int64_t *out);
/* Bytes. */
MUST_CHECK bool quantity_parse_size(const char *text, uint64_t *out);
/* A number without a unit. */
MUST_CHECK bool quantity_parse_count(const char *text, int64_t *out);
