/* Asks a running client that knows a provider's secret to sign or to judge a request (shared/store/store_signing.h).
 * Waits on the caller's thread until it has, 3 s at most: a command's only one, or a worker's. */
#pragma once

#include "shared/signature/signature.h"
#include "shared/store/store_signing.h"

/* The running client that says it knows this provider's secret: the one of that tunnel if it does, else the newest.
 * *pid 0: none. */
MUST_CHECK bool signing_find_client(struct store *s, const struct signature_provider *p, struct bytes tunnel,
				    int64_t *pid, struct error *e);

struct signing_answer {
	struct buffer fields; /* to be set in the place of those of their names */
	struct buffer body;   /* to be sent in the place of the other; empty: that stays */
	enum signature_verdict verdict;
};

/* Outside of transactions. False and a sentence, EXIT_USAGE when the client cannot sign it or does not answer.
 * `out` is freed by signing_answer_free in any case. */
MUST_CHECK bool signing_ask(struct store *s, int64_t pid, const struct signing *asked, struct signing_answer *out,
			    struct error *e);
void signing_answer_free(struct signing_answer *a);
