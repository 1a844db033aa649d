/* Asks before a replay that may not be meant so: a lot of requests, or requests to another machine. */
#pragma once

#include "client/replay/replay_pace.h"
#include "client/replay/replayer.h"

struct replay_errand {
	const struct replayer_options *replayer;
	const struct replay_pace *pace;
	const int64_t *ids;
	size_t count;
	int64_t times; /* each */
	bool again;    /* whenever a file is saved */
	bool yes;      /* it was said already */
};

/* Whether to go on: on a terminal somebody is asked, EXIT_NO when the answer is no. Without one it takes `yes`:
 * EXIT_USAGE, with a sentence that says how many would go where. Reads the store. */
MUST_CHECK bool replay_confirm(struct store *s, const struct replay_errand *errand, struct error *e);
