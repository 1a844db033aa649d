#include "shared/disk/bell.h"

#include <errno.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/eventfd.h>
#endif

static bool open_fds(int fds[2])
{
#ifdef __linux__
	fds[0] = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return fds[0] >= 0;
#else
	return uv_pipe(fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE) == 0;
#endif
}

static void close_fds(const int fds[2])
{
	close(fds[0]);
	if (fds[1] != fds[0])
		close(fds[1]);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct bell *b = poll->data;
	uint64_t count;
	(void)status;
	(void)events;
	while (read(b->fds[0], &count, sizeof count) < 0 && errno == EINTR)
		;
	atomic_store(&b->rung, false); /* whoever rings from here on writes again */
	b->on_rung(b->user);
}

bool bell_open(struct bell *b, uv_loop_t *loop, void (*on_rung)(void *user), void *user)
{
	if (!open_fds(b->fds))
		return false;
	if (uv_poll_init(loop, &b->poll, b->fds[0]) != 0) {
		close_fds(b->fds);
		return false;
	}
	b->poll.data = b;
	b->on_rung = on_rung;
	b->user = user;
	atomic_init(&b->rung, false);
	uv_poll_start(&b->poll, UV_READABLE, on_readable);
	bell_hold(b, false);
	return true;
}

void bell_ring(struct bell *b)
{
	static const uint64_t one = 1;
	if (atomic_exchange(&b->rung, true))
		return;
	/* Nothing else can fail: at most one of these is in there. */
	while (write(b->fds[1], &one, sizeof one) < 0 && errno == EINTR)
		;
}

void bell_hold(struct bell *b, bool holds)
{
	if (holds)
		uv_ref((uv_handle_t *)&b->poll);
	else
		uv_unref((uv_handle_t *)&b->poll);
}

bool bell_is_closing(const struct bell *b)
{
	return uv_is_closing((const uv_handle_t *)&b->poll);
}

static void on_closed(uv_handle_t *h)
{
	struct bell *b = h->data;
	close_fds(b->fds);
	b->closed(b->user);
}

void bell_close(struct bell *b, void (*closed)(void *user))
{
	b->closed = closed;
	uv_close((uv_handle_t *)&b->poll, on_closed);
}
