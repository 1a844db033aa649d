/* The writer thread of one database: runs jobs in batches, one transaction each, and answers on the loop.
 *
 * Jobs submitted during one turn of the loop go to the thread together, and whatever gathers while a commit runs
 * makes the next batch: one fsync carries many. `run` is called on the writer thread inside the transaction, `done`
 * on the loop's thread after the commit, in the order submitted. If a job or the commit fails, the batch is rolled back
 * and its jobs are run again one by one, each in a transaction of its own, so that a bad row fails alone; where begin
 * fails, no job is at fault and all fail at once. */
#pragma once

#include <uv.h>

#include "shared/bytes.h"
#include "shared/error.h"

struct batch_writer;
struct writer_job;

struct batch_ops {
	bool (*begin)(void *db, struct error *e);
	bool (*commit)(void *db, struct error *e);
	void (*rollback)(void *db);
};

/* Embed it as a member; the memory is the submitter's and must live until `done`. */
struct writer_job {
	/* May be called a second time after a rollback: it starts from nothing each time. */
	bool (*run)(struct writer_job *job, void *db, struct error *e);
	/* `e` is NULL when the job's transaction was committed. May free the job, may submit others. */
	void (*done)(struct writer_job *job, const struct error *e);
	struct writer_job *next; /* the writer's */
	struct error *failed;    /* the writer's */
	/* May wait a few milliseconds for company: rows that nobody waits for cost less in larger batches. Such jobs
	 * keep their order among themselves. */
	bool lazy;
};

/* Starts the thread. `db` is used by the thread alone until the writer is closed. NULL and *e on failure. */
struct batch_writer *batch_writer_new(uv_loop_t *loop, const struct batch_ops *ops, void *db, struct error *e);
void batch_writer_submit(struct batch_writer *w, struct writer_job *job);
/* Jobs submitted whose `done` has not run. */
size_t batch_writer_pending(const struct batch_writer *w);
/* Finishes all jobs submitted, joins the thread, calls every `done`, closes the loop handles and then calls `closed`
 * (may be NULL) on the loop; the writer is freed by then. Jobs that a `done` submits during the call are run as well,
 * none may be submitted after it. */
void batch_writer_close(struct batch_writer *w, void (*closed)(void *user), void *user);
