/* `listen --answer-challenges`: the questions by which providers make sure that a URL is ours before they send to it.
 * This file finds the answer, answer_challenge.c gives it, confirm.c fetches. Pure; any thread. */
#pragma once

#include "client/signing/secrets.h"

struct challenge_request {
	struct bytes method, target, headers, body;
	enum signature_verdict signature; /* of what came; some are answered only when it holds */
	const char *const *topics;        /* that the user subscribed to (WebSub) */
	size_t topic_count;
};

struct challenge {
	const char *provider; /* "slack", … */
	int status;
	struct buffer headers, body;
	struct buffer confirm; /* a URL to be fetched, NUL-terminated, or empty (Amazon SNS) */
	struct buffer say;     /* a sentence for the user, NUL-terminated, or empty */
};

/* Whether it is a challenge that can be answered: Zoom's, Meta's (its verify token) and Braintree's need
 * the provider's secret.
 * False as well when out of memory; the app is called in that case. challenge_free whatever it returns. */
MUST_CHECK bool challenge_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *out);
void challenge_free(struct challenge *c);

/* Whether the URL is https, of a host of Amazon SNS (sns.REGION.amazonaws.com, …com.cn), without a user or a port. */
bool challenge_may_fetch(struct bytes url);
