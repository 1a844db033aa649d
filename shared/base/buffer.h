/* A byte string that owns its memory and grows. How large it may become is for those who append to decide.
 *
 * A zeroed buffer is an empty one. Appending fails only when out of memory, and then leaves the content as it was.
 * Pure; no two threads at once. */
#pragma once

#include "shared/base/bytes.h"

struct buffer {
	uint8_t *at;
	size_t len;
	size_t cap;
};

/* Makes room for `more` further bytes. False when out of memory or when the sum overflows. */
MUST_CHECK bool buffer_reserve(struct buffer *b, size_t more);
MUST_CHECK bool buffer_append(struct buffer *b, const void *at, size_t len);
MUST_CHECK bool buffer_append_bytes(struct buffer *b, struct bytes v);
MUST_CHECK bool buffer_append_text(struct buffer *b, const char *text);
MUST_CHECK bool buffer_printf(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
MUST_CHECK bool buffer_put_u8(struct buffer *b, uint8_t v);
MUST_CHECK bool buffer_put_u16(struct buffer *b, uint16_t v);
MUST_CHECK bool buffer_put_u32(struct buffer *b, uint32_t v);
MUST_CHECK bool buffer_put_u64(struct buffer *b, uint64_t v);
/* A text's length in 8 bits, and the text. False also where it has more than 255 bytes. */
MUST_CHECK bool buffer_put_text8(struct buffer *b, const char *text);
/* Removes the first `n` bytes (all of them when n exceeds len). */
void buffer_consume(struct buffer *b, size_t n);
struct bytes buffer_view(const struct buffer *b);
/* Frees the memory and leaves an empty, reusable buffer. */
void buffer_free(struct buffer *b);
