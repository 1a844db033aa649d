/* `listen --answer-challenges`: the handshakes with which providers ask whether an endpoint is theirs to send to,
 * answered in the app's place. What to answer is decided here, and is pure; call.c answers, confirm.c fetches. */
#pragma once

#include "client/signing/secrets.h"

struct challenge_request {
	struct bytes method, target, headers, body;
};

struct challenge {
	const char *provider; /* "slack", … */
	struct buffer headers, body;
	struct buffer confirm; /* a URL to be fetched, NUL-terminated, or empty (Amazon SNS) */
};

/* Whether it is a handshake that can be answered: Zoom's and Meta's need the provider's secret (for Meta its verify
 * token). False as well when out of memory: then the app is asked. challenge_free in any case. */
MUST_CHECK bool challenge_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *out);
void challenge_free(struct challenge *c);

/* https, a host of Amazon SNS (sns.REGION.amazonaws.com, …com.cn), no user, no port. */
bool challenge_may_fetch(struct bytes url);
