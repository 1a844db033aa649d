/* Sends a list of deliveries again through a replayer, at a pace, prints what came of each, and stops on Ctrl-C. Runs
 * the loop itself: for a command that does nothing else. */
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
	const uint64_t *received_us; /* of each; only for pace.speed */
	size_t count;
	int64_t times; /* how often each is sent */
	bool json;
};

struct replay_outcome {
	size_t total, sent; /* sent: with an answer or a failure on record */
	size_t cut_off;     /* begun, and stopped by Ctrl-C */
	bool failed_status; /* there was an answer other than 2xx */
	bool unreachable;   /* a target gave no answer */
	bool interrupted;   /* by Ctrl-C */
};

/* The loop is the caller's; the options must live as long. NULL and *e. */
struct replay_run *replay_run_new(uv_loop_t *loop, const struct replay_run_options *o, struct error *e);
/* Runs the loop until all are sent. False and *e when it cannot go on. With out->unreachable *e has the sentence of the
 * last failure. Ctrl-C ends this run and all later ones, which is not an error. */
MUST_CHECK bool replay_run_all(struct replay_run *r, struct replay_outcome *out, struct error *e);
bool replay_run_interrupted(const struct replay_run *r);
/* Closes its handles; it is freed when the loop has run once more. */
void replay_run_close(struct replay_run *r);
