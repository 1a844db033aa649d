/* When each of several replays is due, and how far they are. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define REPLAY_PARALLEL_MAX 64
#define REPLAY_PARALLEL_PACED 16 /* with a rate or a speed, so that one slow answer does not hold up the next */

struct replay_pace {
	int64_t parallel; /* at once; -1: one after another, or REPLAY_PARALLEL_PACED */
	double rate;      /* a second at most; 0: as fast as answers come */
	double speed;     /* of the gaps between the originals: 2 is twice as fast; 0: none are kept */
};

/* A number above 0 ("2", "0.5", "10x"); false and a sentence naming the option. */
MUST_CHECK bool replay_pace_number(const char *option, const char *text, double *out, struct error *e);
size_t replay_pace_parallel(const struct replay_pace *p);
/* When the i-th is due, in ms after the first. `received_us` are the originals' times, ascending, for speed only. */
uint64_t replay_pace_due_ms(const struct replay_pace *p, size_t i, const uint64_t *received_us);

/* A bar on standard error while there is a terminal and it takes longer than a second. Loop thread. */
struct replay_bar {
	uv_timer_t timer;
	bool on, drawn;
	uint64_t began_ms;
	size_t done, failed, total;
};
void replay_bar_init(struct replay_bar *b, uv_loop_t *loop);
void replay_bar_begin(struct replay_bar *b, size_t total);
/* Takes it off the terminal, for a line that is to be printed; it is drawn anew by itself. */
void replay_bar_hide(struct replay_bar *b);
void replay_bar_end(struct replay_bar *b);
/* "[####....] 5/10  1 failed  3.2/s", at most `columns` wide. */
void replay_bar_text(const struct replay_bar *b, uint64_t now_ms, size_t columns, char *out, size_t room);
