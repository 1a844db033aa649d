#include "shared/disk/batch_writer.h"

#include "shared/disk/bell.h"

#include <stdlib.h>
#include <string.h>

struct job_list {
	struct writer_job *first, **last;
};

#define LAZY_MS 10
#define LAZY_MOST 256
#define LAZY_SYNC_MS 20       /* after the last commit */
#define LAZY_SYNC_MOST_MS 100 /* after the first, while others follow: each sync is in the way of the journal's */
#define LAZY_SYNC_BYTES (512u << 10) /* or these many: a long sync is more in the way than a short one */
#define LAZY_BYTES (4u << 20)        /* in one transaction: whoever comes meanwhile waits for it */

struct batch_writer {
	const struct batch_ops *ops;
	void *db;
	struct bell finished;     /* thread → loop: `committed` or `done` has jobs */
	uv_prepare_t before_poll; /* hand over what was submitted outside the poll phase */
	uv_check_t after_poll;    /* hand over what a turn's callbacks submitted */
	uv_thread_t thread;
	uv_thread_t syncer; /* where the database syncs apart from its commit: a commit need not wait for the disk */
	uv_mutex_t lock;    /* guards queued, committed, unsynced, unsynced_bytes, sync_soon, done, ending, written */
	uv_cond_t wake, wake_syncer;
	uv_timer_t lazy_timer;
	struct job_list lazy; /* loop thread alone, as turn */
	size_t lazy_count;
	struct job_list turn; /* loop thread alone */
	struct job_list queued;
	struct job_list
	    put_off[2]; /* writer's thread alone: those for the next transaction, the lazy ones in the second */
	size_t most;    /* bytes of one transaction */
	struct writer_job *committed, **committed_last; /* by next_committed: each is, or will be, in `done` as well */
	struct job_list unsynced;
	size_t unsynced_bytes;
	struct job_list done;
	bool sync_soon;       /* for some of `unsynced` */
	bool ending, written; /* nothing more will be queued; nothing more will be unsynced */
	size_t pending;       /* loop thread alone */
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

static void list_init(struct job_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_append(struct job_list *l, struct job_list *more)
{
	if (!more->first)
		return;
	*l->last = more->first;
	l->last = more->last;
	list_init(more);
}

static struct writer_job *list_take(struct job_list *l)
{
	struct writer_job *first = l->first;
	list_init(l);
	return first;
}

enum outcome { OUTCOME_COMMITTED, OUTCOME_NOT_BEGUN, OUTCOME_ROLLED_BACK };

static enum outcome run_transaction(struct batch_writer *w, struct writer_job *first, const struct writer_job *end,
				    struct error *e)
{
	if (!w->ops->begin(w->db, e))
		return OUTCOME_NOT_BEGUN;
	for (struct writer_job *j = first; j != end; j = j->next) {
		if (!j->run(j, w->db, e)) {
			w->ops->rollback(w->db);
			return OUTCOME_ROLLED_BACK;
		}
	}
	if (w->ops->commit(w->db, e))
		return OUTCOME_COMMITTED;
	w->ops->rollback(w->db);
	return OUTCOME_ROLLED_BACK;
}

/* When the errors themselves cannot be allocated the job still learns that it failed. */
static struct error out_of_memory = { EXIT_STORE, "out of memory" };

static void fail_jobs(struct writer_job *first, const struct writer_job *end, const struct error *e)
{
	for (struct writer_job *j = first; j != end; j = j->next) {
		j->failed = malloc(sizeof *e);
		if (j->failed)
			*j->failed = *e;
		else
			j->failed = &out_of_memory;
	}
}

static void run_batch(struct batch_writer *w, struct writer_job *first)
{
	struct error e;
	enum outcome all = run_transaction(w, first, NULL, &e);
	if (all == OUTCOME_COMMITTED)
		return;
	/* Where nothing can be begun no job is to blame; asking again for each would add up a locked database's
	 * timeouts. */
	if (all == OUTCOME_NOT_BEGUN || !first->next) {
		fail_jobs(first, NULL, &e);
		return;
	}
	for (struct writer_job *j = first; j; j = j->next) {
		enum outcome one = run_transaction(w, j, j->next, &e);
		if (one == OUTCOME_NOT_BEGUN) {
			fail_jobs(j, NULL, &e);
			return;
		}
		if (one == OUTCOME_ROLLED_BACK)
			fail_jobs(j, j->next, &e);
	}
}

/* Says so of what is committed before it is synced. */
static void post_committed(struct batch_writer *w, struct writer_job *first)
{
	bool any = false;
	uv_mutex_lock(&w->lock);
	for (struct writer_job *j = first; j; j = j->next) {
		if (j->failed || !j->committed)
			continue;
		j->next_committed = NULL;
		*w->committed_last = j;
		w->committed_last = &j->next_committed;
		any = true;
	}
	uv_mutex_unlock(&w->lock);
	if (any)
		bell_ring(&w->finished);
}

static void sync_batch(struct batch_writer *w, struct writer_job *first)
{
	struct error e;
	bool any = false;
	for (struct writer_job *j = first; j; j = j->next)
		any |= !j->failed;
	if (!w->ops->sync || !any || w->ops->sync(w->db, &e))
		return;
	for (struct writer_job *j = first; j; j = j->next)
		if (!j->failed)
			fail_jobs(j, j->next, &e);
}

/* The lock is held. */
static struct job_list take_all(struct job_list *from)
{
	struct job_list jobs = *from;
	list_init(from);
	return jobs;
}

static void give_done(struct batch_writer *w, struct job_list *jobs)
{
	uv_mutex_lock(&w->lock);
	list_append(&w->done, jobs);
	uv_mutex_unlock(&w->lock);
	bell_ring(&w->finished);
}

static void give_unsynced(struct batch_writer *w, struct job_list *jobs)
{
	bool soon = false;
	size_t bytes = 0;
	for (const struct writer_job *j = jobs->first; j; j = j->next) {
		soon |= !j->lazy;
		bytes += j->bytes;
	}
	uv_mutex_lock(&w->lock);
	list_append(&w->unsynced, jobs);
	w->unsynced_bytes += bytes;
	w->sync_soon |= soon || w->unsynced_bytes >= LAZY_SYNC_BYTES;
	uv_mutex_unlock(&w->lock);
	uv_cond_signal(&w->wake_syncer);
}

static void list_add(struct job_list *l, struct writer_job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
}

/* One at least, where there is one, and then until they are about `most` bytes. */
static size_t move_some(struct job_list *to, struct job_list *from, size_t most)
{
	size_t bytes = 0;
	struct writer_job *j = from->first;
	while (j && bytes < most) {
		struct writer_job *next = j->next;
		bytes += j->bytes;
		list_add(to, j);
		j = next;
	}
	from->first = j;
	if (!j)
		list_init(from);
	return bytes;
}

/* What somebody waits for goes first, and then as much of the rest as does not hold up who comes next: one at least. */
static struct job_list choose_batch(struct batch_writer *w, struct writer_job *queued)
{
	struct job_list batch;
	list_init(&batch);
	for (struct writer_job *j = queued, *next; j; j = next) {
		next = j->next;
		list_add(&w->put_off[j->lazy], j);
	}
	size_t bytes = move_some(&batch, &w->put_off[0], w->most);
	size_t left = bytes < w->most ? w->most - bytes : 1;
	move_some(&batch, &w->put_off[1], left < LAZY_BYTES ? left : LAZY_BYTES);
	return batch;
}

static void writer_main(void *arg)
{
	struct batch_writer *w = arg;
	for (;;) {
		uv_mutex_lock(&w->lock);
		while (!w->queued.first && !w->put_off[0].first && !w->put_off[1].first && !w->ending)
			uv_cond_wait(&w->wake, &w->lock);
		struct writer_job *queued = list_take(&w->queued);
		uv_mutex_unlock(&w->lock);
		struct job_list batch = choose_batch(w, queued);
		if (!batch.first)
			break;
		run_batch(w, batch.first);
		post_committed(w, batch.first);
		if (w->ops->sync)
			give_unsynced(w, &batch);
		else
			give_done(w, &batch);
	}
}

/* Waits for another commit, though not beyond `end`. The lock is held. */
static bool another_comes(struct batch_writer *w, uint64_t end)
{
	uint64_t now = uv_hrtime(), most = LAZY_SYNC_MS * UINT64_C(1000000);
	if (now >= end)
		return false;
	return uv_cond_timedwait(&w->wake_syncer, &w->lock, end - now < most ? end - now : most) == 0;
}

/* Jobs that may wait are synced with the next that may not, which does not have to wait for theirs then. */
static void syncer_main(void *arg)
{
	struct batch_writer *w = arg;
	for (;;) {
		uv_mutex_lock(&w->lock);
		while (!w->unsynced.first && !w->written)
			uv_cond_wait(&w->wake_syncer, &w->lock);
		uint64_t end = uv_hrtime() + LAZY_SYNC_MOST_MS * UINT64_C(1000000);
		while (!w->sync_soon && !w->written && another_comes(w, end))
			;
		struct job_list batch = take_all(&w->unsynced);
		w->sync_soon = false;
		w->unsynced_bytes = 0;
		uv_mutex_unlock(&w->lock);
		if (!batch.first)
			break;
		sync_batch(w, batch.first);
		give_done(w, &batch);
	}
}

static void wake_lazy(struct batch_writer *w)
{
	list_append(&w->turn, &w->lazy);
	w->lazy_count = 0;
}

static void hand_over(struct batch_writer *w)
{
	if (w->lazy_count >= LAZY_MOST)
		wake_lazy(w);
	if (!w->turn.first)
		return;
	uv_mutex_lock(&w->lock);
	list_append(&w->queued, &w->turn);
	uv_mutex_unlock(&w->lock);
	uv_cond_signal(&w->wake); /* which finds the lock free */
}

static void call_done(struct batch_writer *w)
{
	uv_mutex_lock(&w->lock);
	struct writer_job *committed = w->committed, *j = list_take(&w->done);
	w->committed = NULL;
	w->committed_last = &w->committed;
	uv_mutex_unlock(&w->lock);
	for (; committed; committed = committed->next_committed)
		committed->committed(committed);
	while (j) {
		struct writer_job *next = j->next;
		struct error *failed = j->failed;
		w->pending--;
		j->done(j, failed);
		if (failed != &out_of_memory)
			free(failed);
		j = next;
	}
	if (w->pending == 0 && !bell_is_closing(&w->finished))
		bell_hold(&w->finished, false);
}

static void on_finished(void *user)
{
	call_done(user);
}

static void on_lazy_timer(uv_timer_t *h)
{
	wake_lazy(h->data);
	hand_over(h->data);
}

static void on_before_poll(uv_prepare_t *h)
{
	hand_over(h->data);
}

static void on_after_poll(uv_check_t *h)
{
	hand_over(h->data);
}

static void free_half_made(void *user)
{
	free(user);
}

static void end_thread(struct batch_writer *w, uv_thread_t *thread, bool *ending, uv_cond_t *wake)
{
	uv_mutex_lock(&w->lock);
	*ending = true;
	uv_cond_signal(wake);
	uv_mutex_unlock(&w->lock);
	uv_thread_join(thread);
}

static bool start_threads(struct batch_writer *w)
{
	if (uv_thread_create(&w->thread, writer_main, w) != 0)
		return false;
	if (!w->ops->sync || uv_thread_create(&w->syncer, syncer_main, w) == 0)
		return true;
	end_thread(w, &w->thread, &w->ending, &w->wake);
	return false;
}

struct batch_writer *batch_writer_new(uv_loop_t *loop, const struct batch_ops *ops, void *db, struct error *e)
{
	struct batch_writer *w = calloc(1, sizeof *w);
	if (!w) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	w->ops = ops;
	w->db = db;
	w->most = SIZE_MAX;
	struct job_list *lists[] = { &w->turn,       &w->lazy,     &w->queued, &w->put_off[0],
				     &w->put_off[1], &w->unsynced, &w->done };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		list_init(lists[i]);
	w->committed_last = &w->committed;
	if (uv_mutex_init(&w->lock) != 0)
		goto no_lock;
	if (uv_cond_init(&w->wake) != 0)
		goto no_cond;
	if (uv_cond_init(&w->wake_syncer) != 0)
		goto no_second_cond;
	if (!bell_open(&w->finished, loop, on_finished, w))
		goto no_bell;
	if (!start_threads(w))
		goto no_thread;
	uv_prepare_init(loop, &w->before_poll);
	uv_check_init(loop, &w->after_poll);
	uv_timer_init(loop, &w->lazy_timer);
	w->lazy_timer.data = w;
	w->before_poll.data = w->after_poll.data = w;
	uv_prepare_start(&w->before_poll, on_before_poll);
	uv_check_start(&w->after_poll, on_after_poll);
	uv_unref((uv_handle_t *)&w->before_poll);
	uv_unref((uv_handle_t *)&w->after_poll);
	return w;
no_thread:
	uv_cond_destroy(&w->wake_syncer);
	uv_cond_destroy(&w->wake);
	uv_mutex_destroy(&w->lock);
	error_set(e, EXIT_STORE, "the database's writer thread cannot be started");
	/* The handle is the loop's until its close callback. */
	bell_close(&w->finished, free_half_made);
	return NULL;
no_bell:
	uv_cond_destroy(&w->wake_syncer);
no_second_cond:
	uv_cond_destroy(&w->wake);
no_cond:
	uv_mutex_destroy(&w->lock);
no_lock:
	free(w);
	error_set(e, EXIT_STORE, "the database's writer thread cannot be prepared");
	return NULL;
}

void batch_writer_submit(struct batch_writer *w, struct writer_job *job)
{
	job->failed = NULL;
	list_add(job->lazy ? &w->lazy : &w->turn, job);
	if (job->lazy && w->lazy_count++ == 0 && !uv_is_closing((uv_handle_t *)&w->lazy_timer))
		uv_timer_start(&w->lazy_timer, on_lazy_timer, LAZY_MS, 0);
	if (w->pending++ == 0)
		bell_hold(&w->finished, true);
}

void batch_writer_bound(struct batch_writer *w, size_t bytes)
{
	w->most = bytes;
}

size_t batch_writer_pending(const struct batch_writer *w)
{
	return w->pending;
}

static void handle_is_closed(struct batch_writer *w)
{
	if (--w->open_handles > 0)
		return;
	void (*closed)(void *user) = w->closed;
	void *user = w->closed_user;
	free(w);
	if (closed)
		closed(user);
}

static void on_handle_closed(uv_handle_t *h)
{
	handle_is_closed(h->data);
}

static void on_bell_closed(void *user)
{
	handle_is_closed(user);
}

void batch_writer_close(struct batch_writer *w, void (*closed)(void *user), void *user)
{
	w->closed = closed;
	w->closed_user = user;
	wake_lazy(w);
	hand_over(w);
	end_thread(w, &w->thread, &w->ending, &w->wake);
	if (w->ops->sync)
		end_thread(w, &w->syncer, &w->written, &w->wake_syncer);
	w->open_handles = 4;
	uv_close((uv_handle_t *)&w->lazy_timer, on_handle_closed);
	uv_close((uv_handle_t *)&w->before_poll, on_handle_closed);
	uv_close((uv_handle_t *)&w->after_poll, on_handle_closed);
	bell_close(&w->finished, on_bell_closed);
	/* One job's `done` may submit the next, an attempt after its delivery: the threads have ended, so it runs here.
	 */
	for (call_done(w), wake_lazy(w); w->turn.first; call_done(w), wake_lazy(w)) {
		struct job_list rest = { w->turn.first, w->turn.last };
		list_init(&w->turn);
		run_batch(w, rest.first);
		post_committed(w, rest.first);
		sync_batch(w, rest.first);
		list_append(&w->done, &rest);
	}
	uv_cond_destroy(&w->wake_syncer);
	uv_cond_destroy(&w->wake);
	uv_mutex_destroy(&w->lock);
}
