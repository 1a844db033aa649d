/* Checks the signature of a recorded delivery, and says why it does not hold: for `creel verify` and the inspector. Any
 * thread with a store of its own. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct verify_options {
	const struct secrets *secrets;
	const struct signature_provider *provider; /* NULL: recognised */
	const char *url;                           /* as the sender called it; NULL: found out */
	int64_t tolerance_ms;                      /* -1: the provider's own */
	int64_t at;                                /* -1: when it was received; of a replay, when that was sent */
};

struct verified {
	uint8_t event_id[UUID_LEN];
	const char *provider; /* NULL: not known */
	bool recorded_valid;  /* its row says so already */
	struct signature_result result;
};

/* Reads the whole delivery. False and *e when it cannot be read; a signature that does not hold is a result. */
MUST_CHECK bool verify_one(struct store *s, int64_t id, const struct verify_options *o, struct verified *out,
			   struct error *e);
