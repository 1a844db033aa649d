/* A recorded request in the user's editor before it is sent again, as `git commit` does with a message. Blocks until
 * the editor has ended. */
#pragma once

#include "client/replay/replayer.h"
#include "shared/store/store.h"

struct replay_edit;
struct core_dumps;

/* *change then is what the editor left, or untouched where that is what was there; its views live until
 * replay_edit_free. EXIT_NO when it was given up: the editor failed, or left nothing; EXIT_USAGE when it left what is
 * no request, and nobody is there to be asked. `cores`: the user's own, for the editor. */
MUST_CHECK bool replay_edit_run(struct store *s, int64_t id, const struct core_dumps *cores,
				struct replay_change *change, struct replay_edit **out, struct error *e);
void replay_edit_free(struct replay_edit *edit);
