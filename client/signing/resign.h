/* Re-signs a recorded request, with the present time (`replay --resign`): by a secret at hand, or by a running client
 * that knows it (signing_ask.h), for which it waits. So it runs on a command's thread or a worker's, outside of
 * transactions. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct resign_request {
	int64_t id;    /* for sentences, and for its URL */
	bool own_only; /* ask no client */
	struct bytes method, target, tunnel;
	const char *url; /* as the sender called it; NULL: called_url.h */
	struct bytes body;
	struct buffer *headers;  /* its signature fields are replaced, and Content-Length follows the body */
	struct buffer *new_body; /* filled when the signature stands in the body; *has_new_body says so */
	bool *has_new_body;
};

/* EXIT_USAGE when the provider is not known, or nobody knows its secret. `secrets` may be NULL. */
MUST_CHECK bool resign(struct store *store, const struct secrets *secrets, const struct resign_request *r,
		       struct error *e);
/* Whether resign would find a provider and a secret for r's headers and body. EXIT_USAGE when not. */
MUST_CHECK bool resign_possible(struct store *store, const struct secrets *secrets, const struct resign_request *r,
				struct error *e);
/* Replaces the fields that `set` has, and makes a Content-Length in the block that of body_len. False when out of
 * memory. */
MUST_CHECK bool resign_set_fields(struct buffer *headers, struct bytes set, size_t body_len);
