/* What the files recorder*.c share. */
#pragma once

#include "client/record/recorder.h"

/* Takes what was recorded into the search index while nothing else is to be written. */
struct indexing {
	struct writer_job job;
	uv_timer_t timer;
	bool under_way, more, ending;
	uint64_t submitted; /* deliveries and attempts so far */
	uint64_t seen;      /* of these, at the last tick */
	int wait;           /* ticks without work */
};

/* recorder_log.c: moves what was written into the database when the log is long, on libuv's pool. */
struct shortening {
	uv_work_t work;
	struct store *own; /* the pool's connection; NULL until then */
	bool under_way, ending;
};

/* What recorder_left_over.c and recorder_asked.c need of each other: whether a job is to be taken up, within the
 * writer's transaction; then the replay's id, else 0. False and *e when the store fails. */
MUST_CHECK bool recorder_check_job(struct store *s, int64_t job, int64_t *replay, struct error *e);
/* A call that was lost with its client goes on record. *parked: that happened too often. */
MUST_CHECK bool recorder_record_lost(struct store *s, int64_t id, bool *parked, struct error *e);

struct recorder {
	struct store *store;
	struct store *watch; /* the loop's own connection, for recorder_find_asked; NULL until then */
	char *path;
	int64_t watched; /* its version when last looked at */
	const struct secrets *secrets;
	bool signing;          /* under way on the writer's thread */
	uint64_t signed_at_ms; /* by the loop's clock, when that was begun last; 0 never */
	struct batch_writer *writer;
	struct indexing indexing;
	struct shortening shortening;
	uv_loop_t *loop;
	int open; /* parts to be closed */
	void (*closed)(void *user);
	void *closed_user;
};

void recorder_index_start(struct recorder *r, uv_loop_t *loop);
/* Leads to recorder_part_closed. */
void recorder_index_stop(struct recorder *r);
/* Behind what was written. */
void recorder_log_look(struct recorder *r);
/* Leads to recorder_part_closed, maybe at once. */
void recorder_log_stop(struct recorder *r);
void recorder_part_closed(struct recorder *r);
