/* UUIDs (RFC 9562): ids of events. Those made here are of version 7 (§5.7), and so ordered by the time of receipt;
 * those that others send or import may be of any version, which nothing checks. Any thread. */
#pragma once

#include "shared/base/bytes.h"

#define UUID_LEN 16
#define UUID_TEXT_LEN 36

/* Makes an id from a time in microseconds since 1970 (milliseconds in the id, the sub-millisecond in rand_a) and
 * OpenSSL's random bytes. False when there is no randomness. */
MUST_CHECK bool uuid_make(uint8_t out[UUID_LEN], uint64_t now_us);

/* A store of random bytes for a caller that makes many ids: OpenSSL makes a system call each time it is asked. Zeroed
 * at first; used by one thread, and not after a fork by both processes. */
struct uuid_random {
	uint8_t bytes[64 * UUID_LEN];
	size_t left;
};
/* Like uuid_make, with random bytes from that store, which is filled again when it is empty. */
MUST_CHECK bool uuid_make_of(struct uuid_random *random, uint8_t out[UUID_LEN], uint64_t now_us);
/* Lower-case text with hyphens, NUL-terminated. */
void uuid_format(const uint8_t id[UUID_LEN], char out[UUID_TEXT_LEN + 1]);
/* Accepts upper and lower case with hyphens. False when malformed. (macOS has a uuid_parse of its own.) */
MUST_CHECK bool uuid_from_text(struct bytes text, uint8_t out[UUID_LEN]);
