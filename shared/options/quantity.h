/* Durations, sizes and numbers as people write them: 500ms, 5s, 2m, 1h, 7d; 64KiB, 1MiB, 2GiB or plain bytes; 42.
 *
 * Pure; any thread. What parses returns false, and leaves *out alone, for anything else: a sign, a blank, a unit that
 * is missing or unknown, a value beyond INT64_MAX. */
#pragma once

#include <stdint.h>

#include "shared/base/bytes.h" /* MUST_CHECK */

/* Milliseconds. "0" needs no unit. */
MUST_CHECK bool quantity_parse_duration(const char *text, int64_t *out);
/* Bytes. */
MUST_CHECK bool quantity_parse_size(const char *text, uint64_t *out);
/* A number without a unit. */
MUST_CHECK bool quantity_parse_count(const char *text, int64_t *out);

/* Room for what the functions below write, with the NUL. */
#define QUANTITY_LEN 32
/* In the largest unit that is exact: 90000 is "90s", 60000 "1m"; 65536 bytes are "64KiB". */
void quantity_format_duration(int64_t ms, char out[QUANTITY_LEN]);
void quantity_format_size(uint64_t bytes, char out[QUANTITY_LEN]);
