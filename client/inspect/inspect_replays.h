/* The inspector's replays: several deliveries at one stroke, some of them at a time, with a count of how far they are.
 * Loop thread; every callback comes on the loop. */
#pragma once

#include "client/replay/replayer.h"
#include "shared/frontend/source.h"

struct inspect_replays;

/* `options` are copied; what they point to must live as long. NULL when out of memory. No store is opened before the
 * first replay. */
struct inspect_replays *inspect_replays_new(uv_loop_t *loop, const struct replayer_options *options);
/* As struct deed_ops has `replay`; `store` is used within the call alone. Returns a handle, or 0 and *e. */
int64_t inspect_replays_begin(struct inspect_replays *r, struct store *store, const struct replay_request *request,
			      void (*progress)(void *user, const struct replay_progress *p), void *user,
			      struct error *e);
/* Stops the one of this handle; nothing when it is over. */
void inspect_replays_stop(struct inspect_replays *r, int64_t handle);
void inspect_replays_stop_all(struct inspect_replays *r);
/* The progress of all under way, added up. */
struct replay_progress inspect_replays_under_way(const struct inspect_replays *r);
/* Waits until all are over: `over` (may be NULL) for each with its last progress, then `closed`, and it is freed. */
void inspect_replays_close(struct inspect_replays *r, void (*over)(void *user, const struct replay_progress *p),
			   void (*closed)(void *user), void *user);
