/* Asks a running client that knows a provider's secret to sign or to judge a request (shared/store/store_signing.h).
 * Waits for it on the caller's thread, 3 s at most: a command's only one, or a worker's. */
#pragma once

#include "shared/signature/signature.h"
#include "shared/store/store_signing.h"

/* The running client that knows this provider's secret: the one of that tunnel if it does, otherwise the newest. *pid
 * 0: none does. EXIT_STORE. */
MUST_CHECK bool signing_find_client(struct store *s, const struct signature_provider *p, struct bytes tunnel,
				    int64_t *pid, struct error *e);

struct signing_reply {
	struct buffer fields; /* the signature's, to replace those of their names */
	struct buffer body;   /* to replace the request's; empty: that stays */
	enum signature_verdict verdict;
};

/* Outside of transactions. EXIT_USAGE when the client cannot sign it or does not answer. signing_reply_free in any
 * case. */
MUST_CHECK bool signing_ask(struct store *s, int64_t pid, const struct signing *asked, struct signing_reply *out,
			    struct error *e);
void signing_reply_free(struct signing_reply *r);
