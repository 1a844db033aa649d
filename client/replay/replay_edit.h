/* Opens a recorded request in the user's editor before it is sent again, as `git commit` does with a message. Blocks
 * until the editor has ended; a command's only thread. */
#pragma once

#include "client/replay/replayer.h"
#include "shared/store/store.h"

struct replay_edit;
struct core_dumps;

/* *change becomes what the editor left; it is untouched when nothing was changed. Its views live until
 * replay_edit_free. EXIT_NO when the user gave up: the editor failed, or left nothing. EXIT_USAGE when it left what is
 * not a request, and there is no terminal to ask whether to go on. `cores` are the user's own limits, for the editor.
 */
MUST_CHECK bool replay_edit_run(struct store *s, int64_t id, const struct core_dumps *cores,
				struct replay_change *change, struct replay_edit **out, struct error *e);
/* NULL is fine. */
void replay_edit_free(struct replay_edit *edit);
