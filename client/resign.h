/* Signs a recorded request anew, with a fresh time: for `replay --resign`. */
#pragma once

#include "client/secrets.h"
#include "shared/store.h"

struct resign_request {
	int64_t id; /* for sentences */
	struct bytes method, target, tunnel;
	const char *url; /* as the sender called it; NULL: found out */
	struct bytes body;
	struct buffer *headers;  /* signature fields are replaced, Content-Length follows the body */
	struct buffer *new_body; /* filled when the signature stands in the body */
	bool *has_new_body;
};

/* EXIT_USAGE: nobody known sent it, or there is no secret of theirs. */
MUST_CHECK bool resign(struct store *store, const struct secrets *secrets, const struct resign_request *r,
		       struct error *e);
/* Whether resign knows how, and has the secret, for this head and body; `id` for sentences. EXIT_USAGE. */
MUST_CHECK bool resign_possible(const struct secrets *secrets, int64_t id, struct bytes headers, struct bytes body,
				struct error *e);
/* Takes the fields of `set` in the place of those of their names; a Content-Length in the block becomes body_len's. */
MUST_CHECK bool resign_set_fields(struct buffer *headers, struct bytes set, size_t body_len);
/* As the sender called it, of what is on record. */
MUST_CHECK bool resign_url(struct store *store, int64_t id, struct bytes headers, struct bytes tunnel,
			   struct bytes target, struct buffer *out, struct error *e);
