#include "client/web/web_thread.h"
#include "shared/program/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct web_thread {
	uv_loop_t loop;
	uv_thread_t thread;
	uv_async_t stop;
	uv_sem_t begun;
	struct web_options options;
	struct web *web;
	struct error error;
};

static void on_stop(uv_async_t *handle)
{
	struct web_thread *t = handle->data;
	web_close(t->web, NULL, NULL);
	uv_close((uv_handle_t *)handle, NULL);
}

static void run(void *user)
{
	struct web_thread *t = user;
	sigset_t all;
	sigfillset(&all); /* they are the client's */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	t->web = web_start(&t->loop, &t->options, &t->error);
	if (!t->web)
		uv_close((uv_handle_t *)&t->stop, NULL);
	uv_sem_post(&t->begun);
	uv_run(&t->loop, UV_RUN_DEFAULT);
}

static void thread_free(struct web_thread *t)
{
	uv_thread_join(&t->thread);
	uv_loop_close(&t->loop);
	uv_sem_destroy(&t->begun);
	free(t);
}

struct web_thread *web_thread_start(const struct web_options *options, struct error *e)
{
	struct web_thread *t = calloc(1, sizeof *t);
	if (!t) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	if (!loop_open(&t->loop, EXIT_STORE, e)) {
		free(t);
		return NULL;
	}
	t->options = *options;
	bool fine = uv_sem_init(&t->begun, 0) == 0 && uv_async_init(&t->loop, &t->stop, on_stop) == 0;
	t->stop.data = t;
	if (!fine || uv_thread_create(&t->thread, run, t) != 0) {
		error_set(e, EXIT_STORE, "the page's thread cannot start");
		if (fine)
			uv_close((uv_handle_t *)&t->stop, NULL);
		uv_run(&t->loop, UV_RUN_DEFAULT);
		uv_loop_close(&t->loop);
		free(t);
		return NULL;
	}
	uv_sem_wait(&t->begun);
	if (t->web)
		return t;
	*e = t->error;
	thread_free(t);
	return NULL;
}

const char *web_thread_url(const struct web_thread *t)
{
	return web_url(t->web);
}

void web_thread_stop(struct web_thread *t)
{
	if (!t)
		return;
	uv_async_send(&t->stop);
	thread_free(t);
}
