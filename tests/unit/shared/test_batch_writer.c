/* Runs under TSan as well. The database is a struct of counters that only the writer thread may touch. */
#include "shared/disk/batch_writer.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <semaphore.h>
#include <stdatomic.h>

/* Stands before libuv's, to refuse a thread. */
static bool refuse_thread;

int uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg)
{
	int (*real)(uv_thread_t *, uv_thread_cb, void *);
	if (refuse_thread)
		return UV_EAGAIN;
	*(void **)&real = dlsym(RTLD_NEXT, "uv_thread_create");
	return real(thread, entry, arg);
}

struct fake_db {
	int begun, committed, rolled_back, rows, in_batch, largest_batch;
	int fail_commits; /* so many commits fail */
	bool locked;      /* nothing can be begun */
	/* Of the syncing thread. */
	atomic_int synced;
	atomic_bool fail_sync;
	sem_t *hold_sync;   /* waited for before each sync, or NULL */
	sem_t *sync_begins; /* posted before that, or NULL */
};

struct job {
	struct writer_job job;
	int number;
	bool bad;
	int *order, *done_count;
	bool *failed;
};

static bool begin(void *db, struct error *e)
{
	struct fake_db *d = db;
	d->begun++;
	d->in_batch = 0;
	return d->locked ? error_set(e, EXIT_STORE, "locked") : true;
}

static bool commit(void *db, struct error *e)
{
	struct fake_db *d = db;
	if (d->fail_commits > 0) {
		d->fail_commits--;
		return error_set(e, EXIT_STORE, "disk full");
	}
	d->committed++;
	d->rows += d->in_batch;
	if (d->in_batch > d->largest_batch)
		d->largest_batch = d->in_batch;
	return true;
}

static void rollback(void *db)
{
	((struct fake_db *)db)->rolled_back++;
}

static bool sync_apart(void *db, struct error *e)
{
	struct fake_db *d = db;
	if (d->sync_begins)
		sem_post(d->sync_begins);
	if (d->hold_sync)
		sem_wait(d->hold_sync);
	atomic_fetch_add(&d->synced, 1);
	return !atomic_load(&d->fail_sync) || error_set(e, EXIT_STORE, "the disk is broken");
}

static const struct batch_ops ops = { begin, commit, rollback, NULL };
static const struct batch_ops apart_ops = { begin, commit, rollback, sync_apart };

static bool run(struct writer_job *job, void *db, struct error *e)
{
	struct job *j = (struct job *)job;
	if (j->bad)
		return error_set(e, EXIT_STORE, "bad row");
	((struct fake_db *)db)->in_batch++;
	return true;
}

static void done(struct writer_job *job, const struct error *e)
{
	struct job *j = (struct job *)job;
	j->order[(*j->done_count)++] = j->number;
	j->failed[j->number] = e != NULL;
}

#define JOBS 200

struct fixture {
	uv_loop_t loop;
	struct fake_db db;
	struct batch_writer *writer;
	struct job jobs[JOBS];
	int order[JOBS], count;
	bool failed[JOBS];
};

static void start_with(struct fixture *f, const struct batch_ops *with)
{
	struct error e;
	memset(f, 0, sizeof *f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->writer = batch_writer_new(&f->loop, with, &f->db, &e);
	assert_non_null(f->writer);
}

static void start(struct fixture *f)
{
	start_with(f, &ops);
}

static void submit(struct fixture *f, int count, int bad)
{
	for (int i = 0; i < count; i++) {
		f->jobs[i] = (struct job){ { .run = run, .done = done }, i, i == bad, f->order, &f->count, f->failed };
		batch_writer_submit(f->writer, &f->jobs[i].job);
	}
}

static void end(struct fixture *f)
{
	batch_writer_close(f->writer, NULL, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}

static void test_one_turn_is_one_transaction(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	submit(f, JOBS, -1);
	uv_run(&f->loop, UV_RUN_DEFAULT); /* until nothing is pending */
	assert_int_equal(batch_writer_pending(f->writer), 0);
	assert_int_equal(f->count, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(f->order[i], i);
	end(f);
	assert_int_equal(f->db.committed, 1);
	assert_int_equal(f->db.largest_batch, JOBS);
	free(f);
}

static void test_bad_row_fails_alone(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	submit(f, 5, 2);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	for (int i = 0; i < 5; i++)
		assert_int_equal(f->failed[i], i == 2);
	end(f);
	assert_int_equal(f->db.rows, 4);
	free(f);
}

static void test_failed_commit_is_told_to_each(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	f->db.fail_commits = 3; /* the batch, and then each of the two */
	submit(f, 2, -1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->failed[0] && f->failed[1]);
	end(f);
	assert_int_equal(f->db.rows, 0);
	free(f);
}

static void test_close_finishes_everything(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	submit(f, 50, -1);
	end(f); /* no turn of the loop in between */
	assert_int_equal(f->count, 50);
	assert_int_equal(f->db.rows, 50);
	free(f);
}

static void test_locked_database_is_asked_once(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	f->db.locked = true;
	submit(f, 50, -1);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	end(f);
	for (int i = 0; i < 50; i++)
		assert_true(f->failed[i]);
	assert_int_equal(f->db.begun, 1); /* each try may cost the database's whole busy timeout */
	assert_int_equal(f->db.rolled_back, 0);
	free(f);
}

struct chain {
	struct job job;
	struct batch_writer *writer;
	struct job *next;
};

static void done_chain(struct writer_job *job, const struct error *e)
{
	struct chain *c = (struct chain *)job;
	done(job, e);
	batch_writer_submit(c->writer, &c->next->job);
}

static void test_what_done_submits_while_closing_is_run(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	f->jobs[1] = (struct job){ { .run = run, .done = done }, 1, false, f->order, &f->count, f->failed };
	struct chain first = { { { .run = run, .done = done_chain }, 0, false, f->order, &f->count, f->failed },
			       f->writer,
			       &f->jobs[1] };
	batch_writer_submit(f->writer, &first.job.job);
	end(f);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->db.rows, 2);
	assert_false(f->failed[1]);
	free(f);
}

static void test_many_turns_beside_the_thread(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	for (int i = 0; i < JOBS; i++) { /* a turn each, while the thread works on the turn before */
		f->jobs[i] = (struct job){ { .run = run, .done = done }, i, false, f->order, &f->count, f->failed };
		batch_writer_submit(f->writer, &f->jobs[i].job);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->count, JOBS);
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(f->order[i], i);
	end(f);
	assert_int_equal(f->db.rows, JOBS);
	free(f);
}

static void test_no_thread_to_be_had(void **state)
{
	uv_loop_t loop;
	struct fake_db db = { 0 };
	struct error e;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	refuse_thread = true;
	struct batch_writer *w = batch_writer_new(&loop, &ops, &db, &e);
	refuse_thread = false;
	assert_null(w);
	assert_int_equal(e.code, EXIT_STORE);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* Lazy jobs let the others go first, and are all done in the end, in their order. */
static void test_lazy_jobs_come_later_in_order(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	for (int i = 0; i < 6; i++) {
		f->jobs[i] = (struct job){
			{ .run = run, .done = done, .lazy = i < 3 }, i, false, f->order, &f->count, f->failed
		};
		batch_writer_submit(f->writer, &f->jobs[i].job);
	}
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->count, 6);
	static const int expected[] = { 3, 4, 5, 0, 1, 2 };
	assert_memory_equal(f->order, expected, sizeof expected);
	f->count = 0;
	f->jobs[0] =
	    (struct job){ { .run = run, .done = done, .lazy = true }, 0, false, f->order, &f->count, f->failed };
	batch_writer_submit(f->writer, &f->jobs[0].job);
	end(f); /* closing does not forget one that waits */
	assert_int_equal(f->count, 1);
	assert_int_equal(f->db.rows, 7);
	free(f);
}

static sem_t heavy_begun, heavy_may_go;

static bool run_heavy(struct writer_job *job, void *db, struct error *e)
{
	sem_post(&heavy_begun);
	sem_wait(&heavy_may_go);
	return run(job, db, e);
}

static void test_many_large_lazy_jobs_let_others_in_between(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start(f);
	sem_init(&heavy_begun, 0, 0);
	sem_init(&heavy_may_go, 0, 0);
	for (int i = 0; i < 3; i++) {
		f->jobs[i] = (struct job){ { .run = run_heavy, .done = done, .lazy = true, .bytes = 64u << 20 },
					   i,
					   false,
					   f->order,
					   &f->count,
					   f->failed };
		batch_writer_submit(f->writer, &f->jobs[i].job);
	}
	while (sem_trywait(&heavy_begun) != 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	f->jobs[3] = (struct job){ { .run = run, .done = done }, 3, false, f->order, &f->count, f->failed };
	batch_writer_submit(f->writer, &f->jobs[3].job);
	uv_run(&f->loop, UV_RUN_NOWAIT); /* the thread has it now, behind the first of the large ones */
	for (int i = 0; i < 3; i++)
		sem_post(&heavy_may_go);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	end(f);
	static const int expected[] = { 0, 3, 1, 2 };
	assert_int_equal(f->count, 4);
	assert_memory_equal(f->order, expected, sizeof expected);
	assert_int_equal(f->db.committed, 3);
	sem_destroy(&heavy_begun);
	sem_destroy(&heavy_may_go);
	free(f);
}

/* ---- a database that syncs apart from its commit ---- */

struct apart {
	struct job job;
	int committed, done_when_committed;
};

static void committed(struct writer_job *job)
{
	struct apart *a = (struct apart *)job;
	a->committed++;
	a->done_when_committed = *a->job.done_count;
}

static void submit_apart(struct fixture *f, struct apart *a, int number, bool bad)
{
	*a = (struct apart){ .job = { { .run = run, .committed = committed, .done = done },
				      number,
				      bad,
				      f->order,
				      &f->count,
				      f->failed } };
	batch_writer_submit(f->writer, &a->job.job);
}

static void test_committed_is_told_before_the_sync(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	struct apart a[3];
	sem_t disk, begins;
	(void)state;
	start_with(f, &apart_ops);
	assert_int_equal(sem_init(&disk, 0, 0), 0);
	assert_int_equal(sem_init(&begins, 0, 0), 0);
	f->db.hold_sync = &disk;
	f->db.sync_begins = &begins;
	submit_apart(f, &a[0], 0, false);
	while (!a[0].committed)
		uv_run(&f->loop, UV_RUN_ONCE);
	sem_wait(&begins);
	assert_int_equal(f->count, 0); /* the disk is at it, and not done */
	/* The next is committed meanwhile. */
	submit_apart(f, &a[1], 1, false);
	while (!a[1].committed)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->count, 0);
	sem_post(&disk);
	sem_post(&disk);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->order[0], 0);
	assert_false(f->failed[0] || f->failed[1]);
	/* Closing syncs, too. */
	submit_apart(f, &a[2], 2, false);
	sem_post(&disk);
	end(f);
	assert_int_equal(a[2].committed, 1);
	assert_int_equal(a[2].done_when_committed, 2);
	assert_int_equal(f->count, 3);
	assert_int_equal(f->db.synced, 3);
	sem_destroy(&begins);
	sem_destroy(&disk);
	free(f);
}

static void test_a_failed_sync_is_told_behind_committed(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	struct apart a[2];
	(void)state;
	start_with(f, &apart_ops);
	f->db.fail_sync = true;
	submit_apart(f, &a[0], 0, false);
	submit_apart(f, &a[1], 1, true);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(a[0].committed, 1);
	assert_int_equal(a[1].committed, 0); /* never was: its row was bad */
	assert_true(f->failed[0] && f->failed[1]);
	f->db.fail_sync = false;
	submit_apart(f, &a[0], 0, false);
	end(f);
	assert_false(f->failed[0]);
	free(f);
}

static void test_nothing_is_synced_where_nothing_was_committed(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	struct apart a;
	(void)state;
	start_with(f, &apart_ops);
	submit_apart(f, &a, 0, true);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(f->failed[0]);
	end(f);
	assert_int_equal(f->db.synced, 0);
	free(f);
}

/* Rows that may wait do not keep the disk busy: one sync with the next that may not, or one a little later. */
static void test_lazy_jobs_share_a_sync(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	struct apart a;
	sem_t disk;
	(void)state;
	start_with(f, &apart_ops);
	assert_int_equal(sem_init(&disk, 0, 0), 0);
	f->db.hold_sync = &disk;
	submit_apart(f, &a, 0, false); /* the disk is busy with it */
	for (int i = 1; i <= 3; i++) {
		f->jobs[i] = (struct job){
			{ .run = run, .done = done, .lazy = true }, i, false, f->order, &f->count, f->failed
		};
		batch_writer_submit(f->writer, &f->jobs[i].job);
	}
	while (!a.committed)
		uv_run(&f->loop, UV_RUN_ONCE);
	sem_post(&disk);
	sem_post(&disk);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->count, 4);
	assert_true(f->db.synced <= 2);
	f->db.hold_sync = NULL;
	end(f);
	sem_destroy(&disk);
	free(f);
}

struct steady {
	struct job job;
	struct fixture *f;
};

static struct steady *steady;

/* The next one, until one of them is done. */
static void one_more(struct writer_job *job)
{
	struct fixture *f = steady->f;
	int next = ((struct steady *)job)->job.number + 1;
	if (f->count > 0 || next == JOBS)
		return;
	steady[next] = (struct steady){ { { .run = run, .committed = one_more, .done = done, .lazy = true },
					  next,
					  false,
					  f->order,
					  &f->count,
					  f->failed },
					f };
	batch_writer_submit(f->writer, &steady[next].job.job);
}

/* However often one is committed: the journal's file is not free before the sync. */
static void test_lazy_jobs_that_keep_coming_are_synced(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	int submitted = 0;
	(void)state;
	start_with(f, &apart_ops);
	steady = calloc(JOBS, sizeof *steady);
	steady[0] = (struct steady){ { { .run = run, .committed = one_more, .done = done, .lazy = true },
				       0,
				       false,
				       f->order,
				       &f->count,
				       f->failed },
				     f };
	batch_writer_submit(f->writer, &steady[0].job.job);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	while (submitted < JOBS && steady[submitted].f)
		submitted++;
	assert_true(submitted < JOBS);
	end(f);
	free(steady);
	free(f);
}

static void test_what_done_submits_while_closing_is_synced(void **state)
{
	struct fixture *f = malloc(sizeof *f);
	(void)state;
	start_with(f, &apart_ops);
	f->jobs[1] = (struct job){ { .run = run, .done = done }, 1, false, f->order, &f->count, f->failed };
	struct chain first = { { { .run = run, .done = done_chain }, 0, false, f->order, &f->count, f->failed },
			       f->writer,
			       &f->jobs[1] };
	batch_writer_submit(f->writer, &first.job.job);
	end(f);
	assert_int_equal(f->count, 2);
	assert_int_equal(f->db.synced, 2);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_committed_is_told_before_the_sync),
		cmocka_unit_test(test_a_failed_sync_is_told_behind_committed),
		cmocka_unit_test(test_nothing_is_synced_where_nothing_was_committed),
		cmocka_unit_test(test_lazy_jobs_share_a_sync),
		cmocka_unit_test(test_lazy_jobs_that_keep_coming_are_synced),
		cmocka_unit_test(test_what_done_submits_while_closing_is_synced),
		cmocka_unit_test(test_lazy_jobs_come_later_in_order),
		cmocka_unit_test(test_many_large_lazy_jobs_let_others_in_between),
		cmocka_unit_test(test_one_turn_is_one_transaction),
		cmocka_unit_test(test_bad_row_fails_alone),
		cmocka_unit_test(test_failed_commit_is_told_to_each),
		cmocka_unit_test(test_close_finishes_everything),
		cmocka_unit_test(test_locked_database_is_asked_once),
		cmocka_unit_test(test_what_done_submits_while_closing_is_run),
		cmocka_unit_test(test_many_turns_beside_the_thread),
		cmocka_unit_test(test_no_thread_to_be_had),
	};
	return RUN(tests);
}
