/* Checks the signature of a recorded delivery, and says why it does not hold: for `creel verify` and the inspector. Any
 * thread with a store of its own. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

/* One thing that was tried. Its views are for the call. */
struct verify_tried {
	const char *provider, *what; /* "encoded in hex", another provider's name; "as it is" */
	size_t secret;               /* which of the provider's, from 1 */
	struct bytes url;            /* empty: none is signed */
	bool holds;
	const char *why; /* it does not; "" or NULL: that is all that is known */
};

struct verify_options {
	const struct secrets *secrets;
	const struct signature_provider *provider; /* NULL: the one that is recognised */
	const char *url;                           /* as the sender called it; NULL: called_url.h */
	int64_t tolerance_ms;                      /* of the signature's age; -1: the provider's own */
	int64_t at;                                /* -1: when it was received, or sent for a replay */
	/* Called for all that is tried, in order; NULL: nobody asks. */
	void (*tried)(void *user, const struct verify_tried *t);
	void *user;
};

struct verified {
	uint8_t event_id[UUID_LEN];
	const char *provider;               /* NULL: not known */
	char scheme[SIGNATURE_SCHEME_SIZE]; /* how it signs; "": not known */
	int64_t judged_at;                  /* the moment at which the signature has its age, in seconds */
	bool recorded_valid;                /* the record already says that it is valid */
	struct signature_result result;
};

/* Reads the whole delivery. A signature that does not hold is a result, not an error. EXIT_STORE; EXIT_USAGE when there
 * is no such delivery; EXIT_INTERRUPTED when the store was stopped meanwhile (store_stop.h). */
MUST_CHECK bool verify_one(struct store *s, int64_t id, const struct verify_options *o, struct verified *out,
			   struct error *e);
