/* The inspector's changes to the record (struct deed_ops in shared/frontend/source.h): replays, marks, deletions,
 * exports. Loop thread; every callback comes on the loop. */
#pragma once

#include "client/app/forwarder.h"
#include "client/signing/secrets.h"
#include "shared/frontend/source.h"

struct inspect_deeds;
extern const struct deed_ops inspect_deed_ops; /* their `self` is a struct inspect_deeds */

/* `forward` is copied and serves replays without a running client; what it points to, and `secrets` (may be NULL), must
 * live as long. Nothing is opened before the first deed. NULL when out of memory. */
struct inspect_deeds *inspect_deeds_new(uv_loop_t *loop, const char *path, const struct forward_options *forward,
					const struct secrets *secrets);
/* Sets what :target does. Without this, :target only says that it cannot. */
void inspect_deeds_set_retarget(struct inspect_deeds *d,
				bool (*retarget)(void *user, const char *target, struct error *e), void *user);
/* The progress of all replays under way, added up. */
struct replay_progress inspect_deeds_under_way(const struct inspect_deeds *d);
/* Stops the replays under way; each reports its progress a last time. After that calls `closed` (may be NULL) and frees
 * it. */
void inspect_deeds_close(struct inspect_deeds *d, void (*closed)(void *user), void *user);
/* The same, but the replays under way go on to their end, with `over` for each. */
void inspect_deeds_leave(struct inspect_deeds *d, void (*over)(void *user, const struct replay_progress *p),
			 void (*closed)(void *user), void *user);
/* Stops those replays after all. Only before `closed` was called. */
void inspect_deeds_stop(struct inspect_deeds *d);
