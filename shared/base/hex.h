/* Hexadecimal digits. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* The digit's value, of either case; -1 for any other byte. */
int hex_digit(uint8_t c);
/* Appends two lower-case digits a byte. False when out of memory. */
MUST_CHECK bool hex_encode(struct buffer *out, struct bytes in);
/* Writes two lower-case digits a byte and a NUL; `out` has room for 2 * len + 1. */
void hex_write(char *out, const uint8_t *at, size_t len);
/* Appends the bytes. False when `in` is not hex or has an odd number of digits, or when out of memory. */
MUST_CHECK bool hex_decode(struct buffer *out, struct bytes in);
