/* What uacme says on its standard error, with the words of a certificate authority in it. The detail is a part of it; a
 * time to try again is later than now. */
#include <stdlib.h>
#include <string.h>

#include "relay/acme/acme_cause.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const time_t now = 1795510915;
	uint8_t *exact = malloc(size + 1); /* so that ASan sees a read behind the end */
	if (!exact)
		return 0;
	memcpy(exact + 1, data, size);
	struct bytes said = bytes_make(exact + 1, size), detail;
	enum acme_cause cause = acme_cause_of(said, &detail);
	if (detail.len > 0 && (detail.at < said.at || detail.at + detail.len > said.at + said.len))
		abort();
	if (cause == ACME_FINE || !*acme_cause_name(cause) || !*acme_cause_sentence(cause))
		abort();
	time_t at = acme_cause_retry_at(said, now);
	if (at != 0 && at <= now)
		abort();
	free(exact);
	return 0;
}
