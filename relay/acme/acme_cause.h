/* Why an order for a certificate failed, by the problem types of RFC 8555 §6.7 in uacme's standard error, which
 * contains the CA's answers. Pure; any thread. */
#pragma once

#include <time.h>

#include "shared/base/bytes.h"

enum acme_cause {
	ACME_FINE,
	ACME_NO_PROGRAM,
	ACME_UNREACHABLE,  /* no answer of the CA at all */
	ACME_RATE_LIMITED, /* wait for as long as it says */
	ACME_DNS,
	ACME_CONNECTION,
	ACME_UNAUTHORIZED,
	ACME_CAA,
	ACME_REJECTED,
	ACME_NO_ACCOUNT, /* register again */
	ACME_CONTACT,
	ACME_EXTERNAL,
	ACME_NONCE,
	ACME_SERVER,
	ACME_OTHER,
};

/* `said`: up to some KiB. *detail is set to the CA's own words where there are any (a part of `said`), else to uacme's
 * last line. */
enum acme_cause acme_cause_of(struct bytes said, struct bytes *detail);
/* The time after which a rate limit lets more through, by the words "retry after 2026-11-29 17:00:00 UTC" that Let's
 * Encrypt puts into its detail, or "Retry-After: SECONDS"; 0: it does not say. */
time_t acme_cause_retry_at(struct bytes said, time_t now);
/* A word for logs, and a sentence for the operator. */
const char *acme_cause_name(enum acme_cause cause);
const char *acme_cause_sentence(enum acme_cause cause);
