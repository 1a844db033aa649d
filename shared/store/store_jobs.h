/* Replays that other programs ask of a running client: the asking program puts the replay on record (state waiting, not
 * called yet) and a job for it; the client of that tunnel calls the app and ends the job with the attempt, in one
 * transaction. The same threads as the store's. */
#pragma once

#include "shared/store/store.h"

enum job_state { JOB_ASKED = 0, JOB_TAKEN = 1, JOB_DONE = 2, JOB_FAILED = 3 };

struct job {
	int64_t id, delivery_id, replay_id; /* the original, and what is sent */
	uint64_t asked_at_us;
	enum job_state state;
	int64_t pid; /* the client that took it; 0 none */
};

MUST_CHECK bool store_ask_job(struct store *s, int64_t delivery_id, int64_t replay_id, uint64_t now_us, int64_t *job,
			      struct error *e);
/* Lists the oldest `most` jobs that are asked or taken: those of this tunnel, and of any tunnel those that were asked
 * before `old_us`. */
MUST_CHECK bool store_list_jobs(struct store *s, struct bytes tunnel, uint64_t old_us, int most,
				void (*row)(void *user, const struct job *), void *user, struct error *e);
/* *found false when there is none. */
MUST_CHECK bool store_get_job(struct store *s, int64_t id, struct job *out, bool *found, struct error *e);
MUST_CHECK bool store_take_job(struct store *s, int64_t id, int64_t pid, struct error *e);
/* The jobs that a process of this number took are nobody's: it is gone, and a new one has the number. */
MUST_CHECK bool store_disown_jobs(struct store *s, int64_t pid, struct error *e);
/* Ends a job; one that is over already stays as it is. */
MUST_CHECK bool store_end_job(struct store *s, int64_t id, enum job_state state, struct error *e);
