#include "client/record/journal_syncer.h"

#include "shared/disk/bell.h"
#include "shared/disk/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* After a sync of so many records the next one begins a little later, and serves what comes until then, too: a sync
 * costs 50 to 100 us of CPU whatever it serves. With fewer senders than that takes, nobody comes meanwhile. */
#define GATHER_FROM 28
#define GATHER_NS 250000

struct journal_syncer {
	struct bell finished;
	uv_thread_t thread;
	uv_sem_t wake;   /* posted after each change of what was asked */
	uv_mutex_t lock; /* guards what follows, up to `ending` */
	int fds[2];
	uint64_t asked, done, failed_at; /* failed_at: everything up to there, from `done` on, is not on disk */
	int failed;                      /* errno */
	bool ending;
	uint64_t told; /* loop thread alone, as the rest */
	bool waiting;
	void (*synced)(void *user, uint64_t sequence, const struct error *e);
	void (*closed)(void *user);
	void *user;
};

struct task {
	int fds[2];
	uint64_t begun, asked; /* equal: there is nothing to sync */
	bool ending;
};

static struct task look(struct journal_syncer *s)
{
	uv_mutex_lock(&s->lock);
	struct task t = { .fds = { s->fds[0], s->fds[1] },
			  .begun = s->done > s->failed_at ? s->done : s->failed_at,
			  .asked = s->asked,
			  .ending = s->ending };
	uv_mutex_unlock(&s->lock);
	return t;
}

static void sync_task(struct journal_syncer *s, const struct task *t)
{
	int failed = 0;
	for (int i = 0; i < 2 && !failed; i++)
		failed = t->fds[i] >= 0 && disk_sync_data(t->fds[i]) != 0 ? errno : 0;
	uv_mutex_lock(&s->lock);
	s->failed = failed;
	if (failed)
		s->failed_at = t->asked;
	else
		s->done = t->asked;
	uv_mutex_unlock(&s->lock);
	bell_ring(&s->finished);
}

/* Waits at a semaphore and not at a condition: whoever wakes from that takes the lock once more, and gives it back by a
 * system call. */
static void syncer_main(void *arg)
{
	struct journal_syncer *s = arg;
	uint64_t served = 0;
	for (;;) {
		uv_sem_wait(&s->wake);
		struct task t = look(s);
		if (t.asked == t.begun && t.ending)
			break;
		if (t.asked == t.begun)
			continue;
		if (served >= GATHER_FROM && !t.ending) {
			nanosleep(&(struct timespec){ .tv_nsec = GATHER_NS }, NULL);
			t = look(s);
		}
		sync_task(s, &t);
		served = t.asked - t.begun;
	}
}

static void tell(struct journal_syncer *s)
{
	uv_mutex_lock(&s->lock);
	int failed = s->failed;
	uint64_t asked = s->asked, done = failed ? s->failed_at : s->done;
	uv_mutex_unlock(&s->lock);
	if (done == s->told)
		return;
	s->told = done;
	if (asked == done && s->waiting) {
		s->waiting = false;
		bell_hold(&s->finished, false);
	}
	struct error e;
	if (failed)
		error_set(&e, EXIT_STORE, "the record's journal cannot be synced: %s", strerror(failed));
	s->synced(s->user, done, failed ? &e : NULL);
}

static void on_finished(void *user)
{
	tell(user);
}

static void on_closed(void *user)
{
	struct journal_syncer *s = user;
	void (*closed)(void *user) = s->closed;
	void *closed_user = s->user;
	free(s);
	if (closed)
		closed(closed_user);
}

struct journal_syncer *journal_syncer_new(uv_loop_t *loop,
					  void (*synced)(void *user, uint64_t sequence, const struct error *e),
					  void *user, struct error *e)
{
	struct journal_syncer *s = calloc(1, sizeof *s);
	if (!s) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	s->synced = synced;
	s->user = user;
	if (uv_mutex_init(&s->lock) != 0)
		goto no_lock;
	if (uv_sem_init(&s->wake, 0) != 0)
		goto no_sem;
	if (!bell_open(&s->finished, loop, on_finished, s))
		goto no_bell;
	if (uv_thread_create(&s->thread, syncer_main, s) != 0)
		goto no_thread;
	return s;
no_thread:
	uv_sem_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	bell_close(&s->finished, on_closed);
	error_set(e, EXIT_STORE, "a thread for the record's journal cannot be started");
	return NULL;
no_bell:
	uv_sem_destroy(&s->wake);
no_sem:
	uv_mutex_destroy(&s->lock);
no_lock:
	free(s);
	error_set(e, EXIT_STORE, "a thread for the record's journal cannot be prepared");
	return NULL;
}

void journal_syncer_ask(struct journal_syncer *s, const int fds[2], uint64_t sequence)
{
	uv_mutex_lock(&s->lock);
	s->fds[0] = fds[0];
	s->fds[1] = fds[1];
	s->asked = sequence;
	uv_mutex_unlock(&s->lock);
	uv_sem_post(&s->wake);
	if (!s->waiting)
		bell_hold(&s->finished, true);
	s->waiting = true;
}

void journal_syncer_close(struct journal_syncer *s, void (*closed)(void *user))
{
	uv_mutex_lock(&s->lock);
	s->ending = true;
	uv_mutex_unlock(&s->lock);
	uv_sem_post(&s->wake);
	uv_thread_join(&s->thread);
	tell(s);
	uv_sem_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	s->closed = closed;
	bell_close(&s->finished, on_closed);
}
