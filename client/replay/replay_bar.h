/* How far several replays are: a bar on standard error. It is drawn only on a terminal, and only once they take longer
 * than a second. Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"

struct replay_bar {
	uv_timer_t timer; /* the owner closes it */
	bool on, drawn;
	uint64_t began_ms;
	size_t done, failed, total;
};
void replay_bar_init(struct replay_bar *b, uv_loop_t *loop);
void replay_bar_begin(struct replay_bar *b, size_t total);
/* Takes it off the terminal for a line that is to be printed. The timer draws it again. */
void replay_bar_hide(struct replay_bar *b);
void replay_bar_end(struct replay_bar *b);
/* "[####....] 5/10  1 failed  3.2/s", at most `columns` wide. Pure. */
void replay_bar_text(const struct replay_bar *b, uint64_t now_ms, size_t columns, char *out, size_t room);
