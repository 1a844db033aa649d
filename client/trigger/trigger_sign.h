/* Signs what `creel trigger` sends: by the secret that was named, by a running client that knows one, or otherwise by a
 * public test secret, so that the sample has its true form. A command's only thread. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct trigger_sign {
	const struct signature_provider *provider; /* NULL: nothing is signed */
	const struct secrets *secrets;
	const char *db;      /* NULL: the default */
	struct store *store; /* opened for writing, or NULL */
	struct bytes tunnel; /* of the client that it goes to, or empty */
	bool tunnelled;      /* it goes to a client of this store's */
	struct bytes method, url;
	struct buffer *fields, *body; /* what is sent; the signature is put into them */
	struct buffer signature;      /* the fields that were set; the caller frees it */
};

/* EXIT_USAGE without a secret that fits, EXIT_STORE. */
MUST_CHECK bool trigger_sign(struct trigger_sign *t, struct error *e);
/* The verdict on what is in `fields` now: UNKNOWN when the signature was replaced since. */
enum signature_verdict trigger_sign_verdict(const struct trigger_sign *t);
