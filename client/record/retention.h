/* What a running client lets go of its record: deliveries older than --keep, and what is beyond --max-size, for that
 * was lowered or another program wrote (what the client itself writes keeps to it at each commit: store_bound.h). Works
 * on a thread and a connection of its own, in small transactions, a second after the start and every ten minutes. Loop
 * thread. */
#pragma once

#include <uv.h>

#include "client/record/recorder.h"
#include "shared/base/error.h"

/* The defaults of --keep and --max-size. */
#define RETENTION_KEEP "30d"
#define RETENTION_MAX_SIZE "2GiB"

struct retention;

struct retention_options {
	const char *db;
	int64_t keep_ms; /* 0: for ever */
	struct store_bound bound;
	struct recorder *recorder; /* to be asked what gave way; outlives this */
};

/* `told` gets a sentence when something was deleted or could not be; on the loop. NULL when out of memory, or there is
 * nothing to do. */
struct retention *retention_start(uv_loop_t *loop, const struct retention_options *o,
				  void (*told)(void *user, const char *sentence), void *user);
/* Ends after the transaction under way; frees on the loop. NULL is fine. */
void retention_close(struct retention *r);
