/* Signs what `creel trigger` sends: by the secret that was named, or by a running client that knows its own, or, so
 * that the sample has its true form, by one that everybody knows. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct trigger_sign {
	const struct signature_provider *provider; /* NULL: nothing is signed */
	const struct secrets *secrets;
	const char *db;      /* NULL: the default */
	struct store *store; /* opened for writing, or NULL */
	struct bytes tunnel; /* of the client that it goes to, or empty */
	bool tunnelled;      /* it goes to one of this store's */
	struct bytes method, url;
	struct buffer *fields, *body;
	struct buffer signature; /* the fields that were set; the caller's to free */
};

/* False and a sentence. */
MUST_CHECK bool trigger_sign(struct trigger_sign *t, struct error *e);
/* Of what is in `fields` now: UNKNOWN when what was signed is not what stands there. */
enum signature_verdict trigger_sign_verdict(const struct trigger_sign *t);
