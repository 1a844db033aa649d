/* Asks the user before a replay that may not be meant: of many requests, or of requests to another machine. A command's
 * only thread; reads the store. */
#pragma once

#include "client/replay/replay_pace.h"
#include "client/replay/replayer.h"

struct replay_errand {
	const struct replayer_options *replayer;
	const struct replay_pace *pace;
	const int64_t *ids;
	size_t count;
	int64_t times; /* how often each is sent */
	bool again;    /* and once more whenever a file is saved */
	bool yes;      /* the user has agreed beforehand (--yes) */
};

/* Whether to go on. On a terminal it asks, and EXIT_NO means that the answer was no. Without a terminal `yes` is
 * needed: EXIT_USAGE, with a sentence that says how many requests would go where. */
MUST_CHECK bool replay_confirm(struct store *s, const struct replay_errand *errand, struct error *e);
