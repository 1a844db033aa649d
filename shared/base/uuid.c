#include "shared/base/uuid.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/hex.h"

/* `out` holds random bytes. */
static void put_time(uint8_t out[UUID_LEN], uint64_t now_us)
{
	uint64_t ms = now_us / 1000;
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)(ms >> (40 - 8 * i));
	/* rand_a: the fraction of the millisecond in 12 bits (RFC 9562 §6.2, method 3). */
	uint64_t fraction = (now_us % 1000) * 4096 / 1000;
	out[6] = (uint8_t)(0x70 | (fraction >> 8));
	out[7] = (uint8_t)fraction;
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}

bool uuid_make(uint8_t out[UUID_LEN], uint64_t now_us)
{
	if (RAND_bytes(out, UUID_LEN) != 1)
		return false;
	put_time(out, now_us);
	return true;
}

bool uuid_make_of(struct uuid_random *random, uint8_t out[UUID_LEN], uint64_t now_us)
{
	if (random->left == 0) {
		if (RAND_bytes(random->bytes, sizeof random->bytes) != 1)
			return false;
		random->left = sizeof random->bytes;
	}
	random->left -= UUID_LEN;
	memcpy(out, random->bytes + random->left, UUID_LEN);
	put_time(out, now_us);
	return true;
}

void uuid_format(const uint8_t id[UUID_LEN], char out[UUID_TEXT_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;
	for (int i = 0; i < UUID_LEN; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[id[i] >> 4];
		*at++ = digits[id[i] & 15];
	}
	*at = 0;
}

bool uuid_from_text(struct bytes text, uint8_t out[UUID_LEN])
{
	if (text.len != UUID_TEXT_LEN)
		return false;
	size_t at = 0;
	for (int i = 0; i < UUID_LEN; i++) {
		if (at == 8 || at == 13 || at == 18 || at == 23) {
			if (text.at[at++] != '-')
				return false;
		}
		int high = hex_digit(text.at[at]), low = hex_digit(text.at[at + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return true;
}
