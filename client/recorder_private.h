/* What recorder.c, recorder_left.c and recorder_index.c share. */
#pragma once

#include "client/recorder.h"

/* Takes what was recorded into the search index while nothing else is to be written. */
struct indexing {
	struct writer_job job;
	uv_timer_t timer;
	bool under_way, more, ending;
	uint64_t submitted; /* deliveries and attempts so far */
	uint64_t seen;      /* of these, at the last tick */
	int wait;           /* ticks without work */
};

struct recorder {
	struct store *store;
	struct batch_writer *writer;
	struct indexing indexing;
	int open; /* parts to be closed */
	void (*closed)(void *user);
	void *closed_user;
};

void recorder_index_start(struct recorder *r, uv_loop_t *loop);
/* Leads to recorder_part_closed. */
void recorder_index_stop(struct recorder *r);
void recorder_part_closed(struct recorder *r);
