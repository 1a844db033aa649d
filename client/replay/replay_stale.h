/* Finds deliveries that an app will refuse when they are sent again as they are, because their signatures are too old
 * for their providers' libraries. Reads the store, on the thread of its connection. EXIT_STORE, or EXIT_USAGE when
 * there is no such delivery. */
#pragma once

#include "client/replay/replayer.h"
#include "shared/providers/signature_sender.h"

/* For one delivery. `out` says why, to be put after "it was ". */
MUST_CHECK bool replay_stale_check(struct store *s, int64_t id, char out[SIGNATURE_STALE_LEN], bool *stale,
				   struct error *e);

#define REPLAY_STALE_LEN 300

/* What `creel replay` says before it sends these: a sentence about the delivery, or about how many of several; "" when
 * none is too old. */
MUST_CHECK bool replay_stale_find(struct store *s, const int64_t *ids, size_t count, const struct replay_change *change,
				  const struct replayer_options *options, char out[REPLAY_STALE_LEN], struct error *e);
