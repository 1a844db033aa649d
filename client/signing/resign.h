/* Signs a recorded request anew, with a fresh time: for `replay --resign`. By a secret at hand, or by a running client
 * that knows it (signing_ask.h), which is waited for: on a command's thread or a worker's, outside of transactions. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct resign_request {
	int64_t id;    /* for sentences */
	bool own_only; /* no client is asked */
	struct bytes method, target, tunnel;
	const char *url; /* as the sender called it; NULL: found out */
	struct bytes body;
	struct buffer *headers;  /* signature fields are replaced, Content-Length follows the body */
	struct buffer *new_body; /* filled when the signature stands in the body */
	bool *has_new_body;
};

/* EXIT_USAGE: nobody known sent it, or nobody knows the secret. `secrets` may be NULL. */
MUST_CHECK bool resign(struct store *store, const struct secrets *secrets, const struct resign_request *r,
		       struct error *e);
/* Whether resign knows how, and whose secret it is to use, for r's head and body. EXIT_USAGE. */
MUST_CHECK bool resign_possible(struct store *store, const struct secrets *secrets, const struct resign_request *r,
				struct error *e);
/* Takes the fields of `set` in the place of those of their names; a Content-Length in the block becomes body_len's. */
MUST_CHECK bool resign_set_fields(struct buffer *headers, struct bytes set, size_t body_len);
