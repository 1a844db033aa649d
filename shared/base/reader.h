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
/* Bytes of a known number; where they are not there, `out` stays as it is. */
void reader_copy(struct reader *r, uint8_t *out, size_t len);
/* A length of 8 bits, and that many characters of printable ASCII without blanks, quotation marks and backslashes,
 * which may be logged as they are; `out` is "" where they do not fit into `size` with their NUL. */
void reader_word8(struct reader *r, char *out, size_t size);
/* All that is left. */
struct bytes reader_rest(struct reader *r);
