#include "shared/base/crc32c.h"

#include <pthread.h>
#include <string.h>
#if defined __x86_64__
#include <cpuid.h>
#endif

#define POLYNOMIAL UINT32_C(0x82f63b78) /* reflected */

static uint32_t table[8][256]; /* [n][byte]: the byte with n zero bytes after it */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? POLYNOMIAL ^ (c >> 1) : c >> 1;
		table[0][i] = c;
	}
	for (unsigned n = 1; n < 8; n++)
		for (unsigned i = 0; i < 256; i++)
			table[n][i] = (table[n - 1][i] >> 8) ^ table[0][table[n - 1][i] & 0xff];
}

/* Eight bytes a step (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation").
 */
uint32_t crc32c_add_by_table(uint32_t before, struct bytes b)
{
	uint32_t c = ~before;
	pthread_once(&once, make_table);
	for (; b.len >= 8; b.at += 8, b.len -= 8) {
		uint32_t low = c ^ ((uint32_t)b.at[0] | (uint32_t)b.at[1] << 8 | (uint32_t)b.at[2] << 16 |
				    (uint32_t)b.at[3] << 24);
		c = table[7][low & 0xff] ^ table[6][(low >> 8) & 0xff] ^ table[5][(low >> 16) & 0xff] ^
		    table[4][low >> 24] ^ table[3][b.at[4]] ^ table[2][b.at[5]] ^ table[1][b.at[6]] ^ table[0][b.at[7]];
	}
	for (; b.len; b.at++, b.len--)
		c = (c >> 8) ^ table[0][(c ^ *b.at) & 0xff];
	return ~c;
}

#if defined __x86_64__

static uint32_t __attribute__((target("sse4.2,crc32"))) add_by_instruction(uint32_t before, struct bytes b)
{
	uint64_t c = ~before;
	for (; b.len >= 8; b.at += 8, b.len -= 8) {
		uint64_t eight;
		memcpy(&eight, b.at, sizeof eight);
		c = __builtin_ia32_crc32di(c, eight);
	}
	for (; b.len; b.at++, b.len--)
		c = __builtin_ia32_crc32qi((uint32_t)c, *b.at);
	return ~(uint32_t)c;
}

static bool has_instruction;
static pthread_once_t asked = PTHREAD_ONCE_INIT;

/* Not __builtin_cpu_supports: what it needs is not in every compiler's run-time library. */
static void ask_processor(void)
{
	unsigned a, b, c, d;
	has_instruction = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
}

uint32_t crc32c_add(uint32_t before, struct bytes b)
{
	pthread_once(&asked, ask_processor);
	return has_instruction ? add_by_instruction(before, b) : crc32c_add_by_table(before, b);
}

#else

uint32_t crc32c_add(uint32_t before, struct bytes b)
{
	return crc32c_add_by_table(before, b);
}

#endif
