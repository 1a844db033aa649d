/* What a running client lets go of its record: deliveries older than --keep, then the oldest until it fits into
 * --max-size (DESIGN §8). Works on a thread and a connection of its own, in small transactions, a second after the
 * start and every ten minutes. Loop thread. */
#pragma once

#include <uv.h>

#include "shared/error.h"

#define RETENTION_KEEP_MS (30 * INT64_C(86400000))
#define RETENTION_MAX_BYTES (UINT64_C(2) << 30)

struct retention;

struct retention_options {
	const char *db;
	int64_t keep_ms;    /* 0: for ever */
	uint64_t max_bytes; /* 0: no bound */
};

/* `told` gets a sentence when something was deleted or could not be; on the loop. NULL when out of memory, or there is
 * nothing to do. */
struct retention *retention_start(uv_loop_t *loop, const struct retention_options *o,
				  void (*told)(void *user, const char *sentence), void *user);
/* Ends after the transaction under way; frees on the loop. NULL is fine. */
void retention_close(struct retention *r);
