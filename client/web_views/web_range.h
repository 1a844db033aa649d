/* The Range field of a request for a body (RFC 9110 §14.2). Pure. */
#pragma once

#include <stdint.h>

/* One range of a Range field: the first and last byte to send. */
enum web_range { WEB_RANGE_WHOLE, WEB_RANGE_PART, WEB_RANGE_BAD };
/* Several ranges, another unit and nonsense are the whole (§14.2); one that begins beyond the end is bad. Pure. */
enum web_range web_range_read(const char *field, uint64_t size, uint64_t *first, uint64_t *last);
