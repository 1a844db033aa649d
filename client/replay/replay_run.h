/* Sends a list of deliveries again through a replayer, at a pace, prints what came of each, and stops on Ctrl-C. */
#pragma once

#include "client/replay/replay_pace.h"
#include "client/replay/replayer.h"

struct replay_run;

struct replay_run_options {
	const char *db;
	struct replayer_options replayer;
	struct replay_change change;
	struct replay_pace pace;
	const int64_t *ids;
	const uint64_t *received_us; /* of each; for pace.speed */
	size_t count;
	int64_t times; /* each */
	bool json;
};

struct replay_outcome {
	size_t total, sent;            /* sent: with an answer or a failure on record */
	size_t cut_off;                /* begun and stopped by Ctrl-C */
	bool failed_status;            /* one was not 2xx */
	bool unreachable, interrupted; /* no answer came from a target; Ctrl-C */
};

/* The loop is the caller's, the options live as long. NULL and *e. */
struct replay_run *replay_run_new(uv_loop_t *loop, const struct replay_run_options *o, struct error *e);
/* Closes its handles; freed when the loop has run. */
void replay_run_close(struct replay_run *r);
/* Runs the loop until all are sent. False and *e when it cannot go on; with out->unreachable *e is the last one's
 * sentence. Ctrl-C ends it, which is no error, and all later ones. */
MUST_CHECK bool replay_run_all(struct replay_run *r, struct replay_outcome *out, struct error *e);
bool replay_run_interrupted(const struct replay_run *r);
