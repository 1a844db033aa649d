/* Reads fields one after another from untrusted bytes: the one place where lengths found in them are checked.
 *
 * After the first field that does not fit, `bad` is set and all further reads give zero or empty views, so that it is
 * enough to ask once at the end. Views point into the bytes that are read. Pure. */
#pragma once

#include "shared/base/bytes.h"

struct reader {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct reader reader_of(struct bytes b);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
struct bytes reader_bytes(struct reader *r, size_t len);
/* A length of 16 or 32 bits, and that many bytes. */
struct bytes reader_bytes16(struct reader *r);
struct bytes reader_bytes32(struct reader *r);
/* All that is left. */
struct bytes reader_rest(struct reader *r);
