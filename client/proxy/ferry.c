#include "client/proxy/ferry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOLD (64 << 10)
#define END_MS 1000

/* What goes one way. */
struct load {
	uint8_t at[HOLD];
	size_t from, to; /* bytes from..to are still to be written */
	bool ended;      /* nothing comes any more */
	bool refused;    /* nothing is taken any more */
};

struct ferry {
	CURL *far;
	int near_fd, far_fd; /* far_fd is a duplicate: libcurl may watch, and will close, its own */
	uv_poll_t near_poll, far_poll;
	uv_timer_t end;
	struct load up, down; /* up: to the relay */
	int open_handles;
	bool closing;
	void (*over)(void *user);
	void *user;
};

static void on_closed(uv_handle_t *h)
{
	struct ferry *f = h->data;
	if (--f->open_handles > 0)
		return;
	void (*over)(void *user) = f->over;
	void *user = f->user;
	free(f);
	over(user);
}

static void close_all(struct ferry *f)
{
	if (f->closing)
		return;
	f->closing = true;
	uv_close((uv_handle_t *)&f->near_poll, on_closed);
	uv_close((uv_handle_t *)&f->far_poll, on_closed);
	uv_close((uv_handle_t *)&f->end, on_closed);
	close(f->near_fd);
	close(f->far_fd);
}

/* ---- one step of one end: the number of bytes, 0: none now, -1: it has ended ---- */

static ssize_t read_near(struct ferry *f, uint8_t *at, size_t most)
{
	ssize_t n = recv(f->near_fd, at, most, 0);
	return n > 0 ? n : n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? 0 : -1;
}

static ssize_t write_near(struct ferry *f, const uint8_t *at, size_t len)
{
	ssize_t n = send(f->near_fd, at, len, 0);
	return n >= 0 ? n : errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

static ssize_t read_far(struct ferry *f, uint8_t *at, size_t most)
{
	size_t n = 0;
	CURLcode code = curl_easy_recv(f->far, at, most, &n);
	return code == CURLE_AGAIN ? 0 : code == CURLE_OK && n > 0 ? (ssize_t)n : -1;
}

static ssize_t write_far(struct ferry *f, const uint8_t *at, size_t len)
{
	size_t n = 0;
	CURLcode code = curl_easy_send(f->far, at, len, &n);
	return code == CURLE_AGAIN ? 0 : code == CURLE_OK ? (ssize_t)n : -1;
}

/* Whether anything moved. */
static bool carry(struct ferry *f, struct load *l, ssize_t (*read)(struct ferry *f, uint8_t *at, size_t most),
		  ssize_t (*write)(struct ferry *f, const uint8_t *at, size_t len))
{
	bool moved = false;
	if (l->from == l->to && !l->ended) {
		ssize_t n = read(f, l->at, sizeof l->at);
		l->from = 0;
		l->to = n > 0 ? (size_t)n : 0;
		l->ended = n < 0;
		moved = n != 0;
	}
	if (l->from < l->to && !l->refused) {
		ssize_t n = write(f, l->at + l->from, l->to - l->from);
		l->from += n > 0 ? (size_t)n : 0;
		l->refused = n < 0;
		moved = moved || n != 0;
	}
	return moved;
}

static bool is_over(const struct load *l)
{
	return l->refused || (l->ended && l->from == l->to);
}

static void on_ready(uv_poll_t *h, int status, int events);

static void look(struct ferry *f)
{
	/* libcurl may hold bytes that its TLS has read: so until nothing moves, and not as the socket says. */
	while (!f->closing) {
		bool up = carry(f, &f->up, read_near, write_far), down = carry(f, &f->down, read_far, write_near);
		if (!up && !down)
			break;
	}
	/* Neither end speaks to one that has gone: a WebSocket is over with either. */
	if (is_over(&f->up) || is_over(&f->down)) {
		close_all(f);
		return;
	}
	bool up_waits = f->up.from < f->up.to, down_waits = f->down.from < f->down.to;
	int near = (up_waits || f->up.ended ? 0 : UV_READABLE) | (down_waits ? UV_WRITABLE : 0);
	int far = (down_waits || f->down.ended ? 0 : UV_READABLE) | (up_waits ? UV_WRITABLE : 0);
	if (uv_poll_start(&f->near_poll, near, on_ready) != 0 || uv_poll_start(&f->far_poll, far, on_ready) != 0)
		close_all(f);
}

static void on_ready(uv_poll_t *h, int status, int events)
{
	(void)status; /* the next read or write says what is wrong */
	(void)events;
	look(h->data);
}

static void on_end(uv_timer_t *h)
{
	close_all(h->data);
}

static void on_dropped(uv_handle_t *h)
{
	free(h->data);
}

/* The descriptors are closed by the caller when this fails. */
static bool watch(struct ferry *f, uv_loop_t *loop)
{
	f->near_poll.data = f->far_poll.data = f->end.data = f;
	if (uv_poll_init_socket(loop, &f->far_poll, f->far_fd) != 0) {
		free(f);
		return false;
	}
	if (uv_poll_init_socket(loop, &f->near_poll, f->near_fd) != 0) {
		uv_close((uv_handle_t *)&f->far_poll, on_dropped);
		return false;
	}
	uv_timer_init(loop, &f->end);
	f->open_handles = 3;
	return true;
}

struct ferry *ferry_new(uv_loop_t *loop, CURL *far, int fd, void (*over)(void *user), void *user)
{
	curl_socket_t socket = CURL_SOCKET_BAD;
	struct ferry *f = calloc(1, sizeof *f);
	curl_easy_getinfo(far, CURLINFO_ACTIVESOCKET, &socket);
	int copy = socket != CURL_SOCKET_BAD ? fcntl((int)socket, F_DUPFD_CLOEXEC, 0) : -1;
	bool fine = f && copy >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
	if (fine) {
		*f = (struct ferry){ .far = far, .near_fd = fd, .far_fd = copy, .over = over, .user = user };
		fine = watch(f, loop);
	} else {
		free(f);
	}
	if (fine) {
		look(f);
		return f;
	}
	if (copy >= 0)
		close(copy);
	close(fd);
	return NULL;
}

void ferry_end(struct ferry *f)
{
	if (!f->closing)
		uv_timer_start(&f->end, on_end, END_MS, 0);
}
