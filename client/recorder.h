/* Deliveries and attempts on their way into the store: jobs for the writer thread that carry everything they need, so
 * that nothing is shared between the threads. Loop thread, but for the jobs themselves. */
#pragma once

#include "shared/batch_writer.h"
#include "shared/store.h"

struct recorder;

/* Opens the store for writing and starts its writer thread. NULL and *e. */
struct recorder *recorder_new(uv_loop_t *loop, const char *path, struct error *e);
/* Commits everything submitted, calls every `done`, closes the store; `closed` on the loop. */
void recorder_close(struct recorder *r, void (*closed)(void *user), void *user);

/* The views in *d must live until `done`; `e` NULL when committed, `duplicate` when the event id was there already. */
void recorder_insert_delivery(struct recorder *r, const struct store_delivery *d,
			      void (*done)(void *user, int64_t id, bool duplicate, const struct error *e), void *user);
/* The same for an attempt. `done` may be NULL. */
void recorder_insert_attempt(struct recorder *r, const struct store_attempt *a,
			     void (*done)(void *user, const struct error *e), void *user);
/* A delivery that an earlier run recorded and did not finish. Owned by the receiver: recorder_unfinished_free. */
struct unfinished {
	int64_t id;
	int attempts;
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	bool has_body, https;
	struct buffer method, target, peer;
	struct message message;
	struct unfinished *next;
};
/* Reads the tunnel's unfinished deliveries, oldest first, at most `limit`; none while another living client holds a
 * tunnel of that name with this store, for they may be its own. */
void recorder_list_unfinished(struct recorder *r, const char *tunnel, size_t limit,
			      void (*done)(void *user, struct unfinished *list), void *user);
void recorder_unfinished_free(struct unfinished *u);

/* Copies what it needs. Failures are left to the next one. */
void recorder_put_status(struct recorder *r, const struct client_status *c);
void recorder_drop_status(struct recorder *r, int64_t pid);
