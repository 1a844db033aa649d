/* CRC-32C (Castagnoli, RFC 3720 appendix B.4): a checksum that finds torn and damaged records, but does not protect
 * against forged ones. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

/* Continues a checksum with `b`: `before` is the sum of all earlier bytes, 0 at the beginning. */
uint32_t crc32c_add(uint32_t before, struct bytes b);
/* The same without the processor's instruction for it: for tests to compare. */
uint32_t crc32c_add_by_table(uint32_t before, struct bytes b);
