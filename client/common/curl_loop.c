#include "client/common/curl_loop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct curl_loop {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;
	struct socket_watch **watches; /* by descriptor */
	size_t watch_count;
	bool closing;
	void (*on_progress)(void *user);
	void *user;
	void (*closed)(void *user);
	void *closed_user;
};

struct socket_watch {
	uv_poll_t poll;
	struct curl_loop *owner;
	curl_socket_t fd;
	int events; /* registered with libuv */
};

static void drive(struct curl_loop *f, curl_socket_t fd, int flags)
{
	int running;
	curl_multi_socket_action(f->multi, fd, flags, &running);
	f->on_progress(f->user);
}

static void on_timeout(uv_timer_t *h)
{
	drive(h->data, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *user)
{
	struct curl_loop *f = user;
	(void)multi;
	if (timeout_ms < 0 || f->closing)
		uv_timer_stop(&f->timer);
	else
		uv_timer_start(&f->timer, on_timeout, (uint64_t)timeout_ms, 0);
	return 0;
}

static void on_socket_ready(uv_poll_t *h, int status, int events)
{
	struct socket_watch *w = h->data;
	int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
		    (status < 0 ? CURL_CSELECT_ERR : 0);
	drive(w->owner, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *h)
{
	free(h->data);
}

/* libcurl looks there no more, and may close the descriptor without a word: the one by which its resolver's thread
 * wakes it, for instance. */
static void drop_watch(struct curl_loop *f, curl_socket_t fd)
{
	struct socket_watch *w = (size_t)fd < f->watch_count ? f->watches[fd] : NULL;
	if (!w)
		return;
	f->watches[fd] = NULL;
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, on_watch_closed);
}

/* The watch of a descriptor, made at its first use. */
static struct socket_watch *find_watch(struct curl_loop *f, curl_socket_t fd)
{
	if ((size_t)fd >= f->watch_count) {
		size_t count = (size_t)fd + 64;
		struct socket_watch **watches = realloc(f->watches, count * sizeof *watches);
		if (!watches)
			return NULL;
		memset(watches + f->watch_count, 0, (count - f->watch_count) * sizeof *watches);
		f->watches = watches;
		f->watch_count = count;
	}
	if (f->watches[fd])
		return f->watches[fd];
	struct socket_watch *w = calloc(1, sizeof *w);
	if (!w || uv_poll_init_socket(f->loop, &w->poll, fd) != 0) {
		free(w);
		return NULL;
	}
	w->owner = f;
	w->fd = fd;
	w->poll.data = w;
	return f->watches[fd] = w;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
	struct curl_loop *f = user;
	(void)easy;
	(void)socket_user;
	if (what == CURL_POLL_REMOVE) {
		drop_watch(f, fd);
		return 0;
	}
	struct socket_watch *w = find_watch(f, fd);
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	if (!w)
		return -1;
	if (events == w->events)
		return 0;
	w->events = events;
	return uv_poll_start(&w->poll, events, on_socket_ready) == 0 ? 0 : -1;
}

/* libcurl closes a connection: its watch goes first. */
static int on_close_socket(void *user, curl_socket_t fd)
{
	struct curl_loop *f = user;
	drop_watch(f, fd);
	return close(fd);
}

struct curl_loop *curl_loop_new(uv_loop_t *loop, long idle_connections, void (*on_progress)(void *user), void *user)
{
	struct curl_loop *f = calloc(1, sizeof *f);
	if (!f || !(f->multi = curl_multi_init())) {
		free(f);
		return NULL;
	}
	f->loop = loop;
	f->on_progress = on_progress;
	f->user = user;
	uv_timer_init(loop, &f->timer);
	f->timer.data = f;
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
	curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, idle_connections);
	return f;
}

CURLM *curl_loop_multi(struct curl_loop *f)
{
	return f->multi;
}

void curl_loop_adopt(struct curl_loop *f, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, f);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct curl_loop *f = h->data;
	void (*closed)(void *user) = f->closed;
	void *user = f->closed_user;
	free(f);
	if (closed)
		closed(user);
}

void curl_loop_close(struct curl_loop *f, void (*closed)(void *user), void *user)
{
	f->closed = closed;
	f->closed_user = user;
	f->closing = true;
	curl_multi_cleanup(f->multi);
	for (size_t fd = 0; fd < f->watch_count; fd++)
		drop_watch(f, (curl_socket_t)fd);
	free(f->watches);
	f->watches = NULL;
	f->watch_count = 0;
	uv_close((uv_handle_t *)&f->timer, on_timer_closed);
}
