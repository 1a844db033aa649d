/* Byte strings: a view of bytes that somebody else owns, and integers in big-endian order as they stand on the wire.
 *
 * A `struct bytes` is valid for as long as its owner says. Whatever came from outside is held in one, never in a bare
 * `char *`. Bytes that are owned: buffer.h. Lengths found in untrusted input: reader.h. Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct bytes {
	const uint8_t *at;
	size_t len;
};

/* A view of a C string's characters, without its NUL; NULL gives the empty view. */
struct bytes bytes_of(const char *text);
struct bytes bytes_make(const void *at, size_t len);
bool bytes_equal(struct bytes a, struct bytes b);
/* The whole comparison, of which bytes_equal_nocase makes only the first step. */
bool bytes_equal_whole_nocase(struct bytes a, const char *b);
/* ASCII case folded, as RFC 9110 §5.1 compares field names. Most comparisons are over with the first character. */
static inline bool bytes_equal_nocase(struct bytes a, const char *b)
{
	return (a.len == 0 || ((*a.at ^ (uint8_t)*b) & 0xdf) == 0) && bytes_equal_whole_nocase(a, b);
}
/* Whether it begins with exactly that text. */
bool bytes_begins(struct bytes b, const char *with);
/* The part before the first `end`, or all of it: a target without its query for '?'. */
struct bytes bytes_until(struct bytes b, char end);
/* Whether `part`, not empty, stands anywhere in it; ASCII case folded. */
bool bytes_contains_nocase(struct bytes in, const char *part);
/* A NUL-terminated copy (bytes after an inner NUL are kept but invisible); caller frees. NULL when out of memory. */
char *bytes_dup_text(struct bytes b);

uint16_t bytes_get_u16(const uint8_t *at);
uint32_t bytes_get_u32(const uint8_t *at);
uint64_t bytes_get_u64(const uint8_t *at);
void bytes_set_u16(uint8_t *at, uint16_t v);
void bytes_set_u32(uint8_t *at, uint32_t v);
void bytes_set_u64(uint8_t *at, uint64_t v);

/* Most files that need views need buffers as well. */
#include "shared/base/buffer.h"
