/* Deletes old deliveries while a client runs: those older than --keep, and those beyond --max-size when that was
 * lowered or another program wrote (what the client writes itself keeps to it at each commit: store_bound.h). Works on
 * a thread and a connection of its own, in small transactions, a second after the start and then every ten minutes.
 * Loop thread. */
#pragma once

#include <uv.h>

#include "client/record/recorder.h"
#include "shared/base/error.h"

/* The defaults of --keep and --max-size. */
#define RETENTION_KEEP "30d"
#define RETENTION_MAX_SIZE "2GiB"

struct retention;

struct retention_options {
	const char *db;  /* copied */
	int64_t keep_ms; /* 0: for any time */
	struct store_bound bound;
	struct recorder *recorder; /* to be asked what gave way; must live longer */
};

/* `told` gets a sentence, on the loop, when something was deleted or could not be deleted. NULL when there is nothing
 * to do, or when out of memory. */
struct retention *retention_start(uv_loop_t *loop, const struct retention_options *o,
				  void (*told)(void *user, const char *sentence), void *user);
/* Ends after the transaction under way; it is freed when the loop has run. NULL is fine. */
void retention_close(struct retention *r);
