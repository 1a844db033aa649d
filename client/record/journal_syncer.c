#include "client/record/journal_syncer.h"

#include "shared/disk/disk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct journal_syncer {
	uv_async_t finished;
	uv_thread_t thread;
	uv_mutex_t lock; /* guards what follows, up to `ending` */
	uv_cond_t wake;
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

static void syncer_main(void *arg)
{
	struct journal_syncer *s = arg;
	uv_mutex_lock(&s->lock);
	for (;;) {
		uint64_t begun = s->done > s->failed_at ? s->done : s->failed_at;
		if (s->asked == begun && s->ending)
			break;
		if (s->asked == begun) {
			uv_cond_wait(&s->wake, &s->lock);
			continue;
		}
		uint64_t asked = s->asked;
		int fds[2] = { s->fds[0], s->fds[1] };
		uv_mutex_unlock(&s->lock);
		int failed = 0;
		for (int i = 0; i < 2 && !failed; i++)
			failed = fds[i] >= 0 && disk_sync_data(fds[i]) != 0 ? errno : 0;
		uv_mutex_lock(&s->lock);
		s->failed = failed;
		if (failed)
			s->failed_at = asked;
		else
			s->done = asked;
		uv_mutex_unlock(&s->lock);
		uv_async_send(&s->finished);
		uv_mutex_lock(&s->lock);
	}
	uv_mutex_unlock(&s->lock);
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
		uv_unref((uv_handle_t *)&s->finished);
	}
	struct error e;
	if (failed)
		error_set(&e, EXIT_STORE, "the record's journal cannot be synced: %s", strerror(failed));
	s->synced(s->user, done, failed ? &e : NULL);
}

static void on_finished(uv_async_t *h)
{
	tell(h->data);
}

static void on_closed(uv_handle_t *h)
{
	struct journal_syncer *s = h->data;
	void (*closed)(void *user) = s->closed;
	void *user = s->user;
	free(s);
	if (closed)
		closed(user);
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
	s->finished.data = s;
	if (uv_mutex_init(&s->lock) != 0)
		goto no_lock;
	if (uv_cond_init(&s->wake) != 0)
		goto no_cond;
	if (uv_async_init(loop, &s->finished, on_finished) != 0)
		goto no_async;
	if (uv_thread_create(&s->thread, syncer_main, s) != 0)
		goto no_thread;
	uv_unref((uv_handle_t *)&s->finished);
	return s;
no_thread:
	uv_cond_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	uv_close((uv_handle_t *)&s->finished, on_closed);
	error_set(e, EXIT_STORE, "a thread for the record's journal cannot be started");
	return NULL;
no_async:
	uv_cond_destroy(&s->wake);
no_cond:
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
	uv_cond_signal(&s->wake); /* which finds the lock free */
	if (!s->waiting)
		uv_ref((uv_handle_t *)&s->finished);
	s->waiting = true;
}

void journal_syncer_close(struct journal_syncer *s, void (*closed)(void *user))
{
	uv_mutex_lock(&s->lock);
	s->ending = true;
	uv_cond_signal(&s->wake);
	uv_mutex_unlock(&s->lock);
	uv_thread_join(&s->thread);
	tell(s);
	uv_cond_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	s->closed = closed;
	uv_close((uv_handle_t *)&s->finished, on_closed);
}
