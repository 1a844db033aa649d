/* Waits for a file below a folder to be saved (`creel replay --watch`). Hidden files and folders, node_modules and
 * editors' copies (~) do not count, nor do files that the app writes whenever it is called, such as a log. Loop
 * thread. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct replay_watch;

/* `saved` comes once, some time after the last of several changes. NULL and *e (EXIT_USAGE) when it is not a folder, or
 * has too many folders below it. */
struct replay_watch *replay_watch_new(uv_loop_t *loop, const char *folder, void (*saved)(void *user), void *user,
				      struct error *e);
/* Call these around each call of the app: a file that changes during two calls in a row is taken for one that the app
 * writes. */
void replay_watch_call_begins(struct replay_watch *w);
void replay_watch_call_ends(struct replay_watch *w);
/* It is freed when the loop has run once more. */
void replay_watch_close(struct replay_watch *w);
