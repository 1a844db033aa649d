/* The writer thread of one database: runs jobs in batches, one transaction each, and answers on the loop.
 *
 * Jobs submitted during one turn of the loop go to the thread together, and whatever gathers while a commit runs
 * makes the next batch: one fsync carries many. `run` is called on the writer thread inside the transaction, `done`
 * on the loop's thread once it is safe on disk, in the order submitted. Where the database syncs apart from its commit
 * (`sync`), `committed` is called in between: others see the rows by then and a kill leaves them there, while a power
 * cut may still take them, so that work may begin and nothing may be promised. If a job or the commit fails, the batch
 * is rolled back and its jobs are run again one by one, each in a transaction of its own, so that a bad row fails
 * alone; where begin fails, no job is at fault and all fail at once. */
#pragma once

#include <uv.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct batch_writer;
struct writer_job;

struct batch_ops {
	bool (*begin)(void *db, struct error *e);
	bool (*commit)(void *db, struct error *e);
	void (*rollback)(void *db);
	/* Makes all that was committed so far safe against a power cut. NULL: `commit` does that. */
	bool (*sync)(void *db, struct error *e);
};

/* Embed it as a member; the memory is the submitter's and must live until `done`. */
struct writer_job {
	/* May be called a second time after a rollback: it starts from nothing each time. */
	bool (*run)(struct writer_job *job, void *db, struct error *e);
	/* May be NULL. The transaction was committed; `done` follows, maybe with the error of the sync. May submit
	 * others.
	 */
	void (*committed)(struct writer_job *job);
	/* `e` is NULL when the job's transaction is on disk. May free the job, may submit others. */
	void (*done)(struct writer_job *job, const struct error *e);
	struct writer_job *next, *next_committed; /* the writer's */
	struct error *failed;                     /* the writer's */
	/* May wait a few milliseconds for company, before its commit and before the sync: rows that nobody waits for
	 * cost less in larger batches. Such jobs keep their order among themselves. */
	bool lazy;
	/* About how many bytes it writes, where they are many: with more than a few MiB of lazy ones in a row others
	 * have their transactions in between, and no transaction gathers more than batch_writer_bound says. */
	size_t bytes;
};

/* Starts the thread. `db` is used by the thread alone until the writer is closed. NULL and *e on failure. */
struct batch_writer *batch_writer_new(uv_loop_t *loop, const struct batch_ops *ops, void *db, struct error *e);
void batch_writer_submit(struct batch_writer *w, struct writer_job *job);
/* Bounds the bytes that a transaction gathers, apart from its last job and one lazy job beside the others. To be called
 * before the first job. */
void batch_writer_bound(struct batch_writer *w, size_t bytes);
/* Jobs submitted whose `done` has not run. */
size_t batch_writer_pending(const struct batch_writer *w);
/* Finishes all jobs submitted, joins the thread, calls every `done`, closes the loop handles and then calls `closed`
 * (may be NULL) on the loop; the writer is freed by then. Jobs that a `done` submits during the call are run as well,
 * none may be submitted after it. */
void batch_writer_close(struct batch_writer *w, void (*closed)(void *user), void *user);
