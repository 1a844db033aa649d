/* What the inspector does (shared/frontend/source.h's struct deed_ops): replays, marks, deletes, exports. Loop thread.
 */
#pragma once

#include "client/app/forwarder.h"
#include "client/signing/secrets.h"
#include "shared/frontend/source.h"

struct inspect_deeds;

/* `forward` is for replays without a running client, `secrets` (may be NULL; both must live as long) for those signed
 * anew. Nothing is opened before the first deed. NULL when out of memory. */
struct inspect_deeds *inspect_deeds_new(uv_loop_t *loop, const char *path, const struct forward_options *forward,
					const struct secrets *secrets);
/* Replays under way are stopped; each has its last word (`over`) before `closed` (may be NULL) comes, on the loop. */
void inspect_deeds_close(struct inspect_deeds *d, void (*closed)(void *user), void *user);
/* Those under way, added up. */
struct replay_progress inspect_deeds_under_way(const struct inspect_deeds *d);
/* As inspect_deeds_close, but they go on to their end; `over` for each, with its last word. */
void inspect_deeds_leave(struct inspect_deeds *d, void (*over)(void *user, const struct replay_progress *p),
			 void (*closed)(void *user), void *user);
/* After that, before `closed`: what is not over is stopped. */
void inspect_deeds_stop(struct inspect_deeds *d);
extern const struct deed_ops inspect_deed_ops;
