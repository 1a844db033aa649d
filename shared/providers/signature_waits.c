/* How long senders wait for an answer, and what they do when it is late. */
#include "shared/providers/signature_sender.h"
#include "shared/signature/signature_private.h"

#include <stdio.h>

uint32_t signature_waits_ms(struct bytes provider)
{
	for (size_t i = 0; provider.len && i < signature_table_len; i++)
		if (bytes_equal(provider, bytes_of(signature_table[i].name)))
			return signature_table[i].waits_ms;
	return 0;
}

/* What it does when there is none in time, as "3, after 1 min, 1 h and 6 h"; NULL: not known. */
static const char *retries_of(struct bytes provider)
{
	for (size_t i = 0; provider.len && i < signature_table_len; i++)
		if (bytes_equal(provider, bytes_of(signature_table[i].name)))
			return signature_table[i].retries;
	return NULL;
}

bool signature_waits_say(struct bytes provider, uint64_t took_us, char out[SIGNATURE_WAITS_LEN])
{
	uint32_t waits = signature_waits_ms(provider);
	const char *retries = retries_of(provider);
	if (!waits || took_us <= (uint64_t)waits * 1000)
		return false;
	snprintf(out, SIGNATURE_WAITS_LEN, "%.*s waits %u s for an answer, and this one took %.1f s%s%s%s",
		 (int)provider.len, (const char *)provider.at, waits / 1000, (double)took_us / 1000000,
		 retries ? " (it sends again: " : "", retries ? retries : "", retries ? ")" : "");
	return true;
}
