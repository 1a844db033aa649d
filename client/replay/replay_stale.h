/* What `creel replay` says before it sends what the app will refuse, since its signature is too old. */
#pragma once

#include "client/replay/replayer.h"
#include "shared/signature/signature.h"

/* Whether an app that checks it as its provider's libraries do will refuse this delivery sent as it is; `out` says why,
 * as what comes behind "it was ". */
MUST_CHECK bool replay_is_stale(struct store *s, int64_t id, char out[SIGNATURE_STALE_LEN], bool *stale,
				struct error *e);
#define REPLAY_STALE_LEN 300

/* A sentence, or "": which delivery, how old its signature is and what its provider's libraries allow; of several how
 * many. EXIT_STORE, EXIT_USAGE when one cannot be read. */
MUST_CHECK bool replay_find_stale(struct store *s, const int64_t *ids, size_t count, const struct replay_change *change,
				  const struct replayer_options *options, char out[REPLAY_STALE_LEN], struct error *e);
