/* Waits for a file below a folder to be saved (`creel replay --watch`). Hidden files and folders, node_modules and
 * copies that editors make (~) do not count, nor do files that the app writes whenever it is called, such as a log.
 * Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct replay_watch;

/* NULL and *e (EXIT_USAGE) when it is no folder, or there are too many below it. `saved` comes once some time after the
 * last of several changes. */
struct replay_watch *replay_watch_new(uv_loop_t *loop, const char *folder, void (*saved)(void *user), void *user,
				      struct error *e);
/* Between these two the app is called: what changes in two such times is the app's, not somebody's. */
void replay_watch_call_begins(struct replay_watch *w);
void replay_watch_call_ends(struct replay_watch *w);
/* Freed when the loop has run. */
void replay_watch_close(struct replay_watch *w);
