/* When each of several replays is due. Pure. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define REPLAY_PARALLEL_PACED 16 /* with a rate or a speed, so that one slow answer does not hold up the next */

struct replay_pace {
	int64_t parallel; /* at once; -1: one after another, or REPLAY_PARALLEL_PACED */
	double rate;      /* a second at most; 0: as fast as answers come */
	double speed;     /* keeps the gaps between the originals, at this speed: 2 is twice as fast; 0: not kept */
};

/* Reads a number above 0 ("2", "0.5", "10x"). EXIT_USAGE with a sentence that names the option. */
MUST_CHECK bool replay_pace_number(const char *option, const char *text, double *out, struct error *e);
size_t replay_pace_parallel(const struct replay_pace *p);
/* When the i-th is due, in ms after the first. `received_us` are the originals' times, ascending; only for `speed`. */
uint64_t replay_pace_due_ms(const struct replay_pace *p, size_t i, const uint64_t *received_us);
