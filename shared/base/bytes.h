/* Byte strings: how creel holds everything that came from outside.
 *
 * `struct bytes` is a borrowed view, valid as long as its owner says; `struct buffer` owns its memory, grows and is
 * bounded by whoever appends. `struct reader` is the one place where lengths found in untrusted input are checked.
 * Integers on the wire are big-endian. Pure: no I/O, any thread. */
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
/* ASCII case folded, as RFC 9110 §5.1 compares field names. */
bool bytes_equal_nocase(struct bytes a, const char *b);
/* A NUL-terminated copy (bytes after an inner NUL are kept but invisible); caller frees. NULL when out of memory. */
char *bytes_dup_text(struct bytes b);

struct buffer {
	uint8_t *at;
	size_t len;
	size_t cap;
};

/* Makes room for `more` further bytes. False when out of memory or the sum overflows; the content stays. */
MUST_CHECK bool buffer_reserve(struct buffer *b, size_t more);
MUST_CHECK bool buffer_append(struct buffer *b, const void *at, size_t len);
MUST_CHECK bool buffer_append_bytes(struct buffer *b, struct bytes v);
MUST_CHECK bool buffer_append_text(struct buffer *b, const char *text);
MUST_CHECK bool buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
MUST_CHECK bool buffer_put_u8(struct buffer *b, uint8_t v);
MUST_CHECK bool buffer_put_u16(struct buffer *b, uint16_t v);
MUST_CHECK bool buffer_put_u32(struct buffer *b, uint32_t v);
MUST_CHECK bool buffer_put_u64(struct buffer *b, uint64_t v);
/* Removes the first `n` bytes (all of them when n exceeds len). */
void buffer_consume(struct buffer *b, size_t n);
struct bytes buffer_view(const struct buffer *b);
/* Frees the memory and leaves an empty, reusable buffer. */
void buffer_free(struct buffer *b);

uint16_t bytes_get_u16(const uint8_t *at);
uint32_t bytes_get_u32(const uint8_t *at);
uint64_t bytes_get_u64(const uint8_t *at);
void bytes_set_u16(uint8_t *at, uint16_t v);
void bytes_set_u32(uint8_t *at, uint32_t v);
void bytes_set_u64(uint8_t *at, uint64_t v);

/* Reads fields one after another; after the first that does not fit, `bad` is set and all reads give zero or empty. */
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
/* A u16 length and that many bytes; the same with u32. */
struct bytes reader_bytes16(struct reader *r);
struct bytes reader_bytes32(struct reader *r);
struct bytes reader_rest(struct reader *r);
