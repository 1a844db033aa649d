/* Whether a recorded delivery's signature holds over its bytes as received, and why not. Reads the store: any thread
 * that may use it; the secrets are only read. */
#pragma once

#include "client/secrets.h"
#include "shared/store.h"

struct verify_how {
	const struct secrets *secrets;
	const struct signature_provider *provider; /* NULL: recognised */
	const char *url;                           /* as the sender called it; NULL: found out */
	int64_t tolerance_ms, at;                  /* -1: the provider's own; when it was received */
};

struct verify_answer {
	const char *provider; /* NULL: not known */
	uint8_t event_id[UUID_LEN];
	struct signature_result result;
};

/* False and *e when the delivery cannot be read, or out of memory. */
MUST_CHECK bool verify_record(struct store *store, int64_t id, const struct verify_how *how, struct verify_answer *out,
			      struct error *e);
