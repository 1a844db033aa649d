/* UUID version 7 (RFC 9562 §5.7): event ids, ordered by time of receipt. */
#pragma once

#include "shared/base/bytes.h"

#define UUID_LEN 16
#define UUID_TEXT_LEN 36

/* Makes an id from a time in microseconds since 1970 (milliseconds in the id, the sub-millisecond in rand_a) and
 * OpenSSL's random bytes. False when no randomness could be had. */
MUST_CHECK bool uuid7_make(uint8_t out[UUID_LEN], uint64_t now_us);

/* Random bytes at hand for who makes many: OpenSSL makes a system call each time it is asked. Zeroed at first; not for
 * a process that forks and goes on with it in both. */
struct uuid7_random {
	uint8_t bytes[64 * UUID_LEN];
	size_t left;
};
/* The same with random bytes of it. */
MUST_CHECK bool uuid7_make_of(struct uuid7_random *random, uint8_t out[UUID_LEN], uint64_t now_us);
/* Lower-case text with hyphens, NUL-terminated. */
void uuid_format(const uint8_t id[UUID_LEN], char out[UUID_TEXT_LEN + 1]);
/* Accepts upper and lower case with hyphens. False when malformed. (uuid_parse is one of macOS.) */
MUST_CHECK bool uuid_from_text(struct bytes text, uint8_t out[UUID_LEN]);
