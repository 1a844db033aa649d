#include "client/watch/backoff.h"

#include <openssl/rand.h>

#define FIRST_MS 250u
#define MOST_MS 15000u
#define STABLE_MS 1000u
#define AFTER_WELCOME 2u

uint64_t backoff_next_ms(struct backoff *b)
{
	uint32_t random = 0;
	uint64_t most = b->failures < 6 ? FIRST_MS << b->failures : MOST_MS;
	if (most > MOST_MS)
		most = MOST_MS;
	if (b->failures < 6)
		b->failures++;
	if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
		return most;
	return most / 2 + random % (most / 2 + 1);
}

void backoff_connected(struct backoff *b, uint64_t stood_ms)
{
	if (stood_ms >= STABLE_MS)
		b->failures = 0;
	else if (b->failures > AFTER_WELCOME)
		b->failures = AFTER_WELCOME;
}
