#include "relay/admin_daemon.h"

#include <stdlib.h>

#define RUNS_A_TURN 8 /* MHD's epoll is edge triggered: it may have more to do at once (MHD_get_timeout 0) */

struct admin_daemon {
	struct MHD_Daemon *mhd;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_prepare_t turn_start;
	uv_check_t turn_end;
	uv_idle_t again; /* keeps the loop from sleeping while MHD has work */
	bool wanted;
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

static void on_timer(uv_timer_t *h);

static void on_idle(uv_idle_t *h)
{
	(void)h; /* only there so that the poll does not block */
}

static void run(struct admin_daemon *d)
{
	MHD_UNSIGNED_LONG_LONG timeout = 0;
	d->wanted = false;
	for (int i = 0; i < RUNS_A_TURN; i++) {
		MHD_run(d->mhd);
		if (MHD_get_timeout(d->mhd, &timeout) != MHD_YES) {
			uv_timer_stop(&d->timer);
			uv_idle_stop(&d->again);
			return;
		}
		if (timeout > 0) {
			uv_idle_stop(&d->again);
			uv_timer_start(&d->timer, on_timer, timeout, 0);
			return;
		}
	}
	d->wanted = true;
	uv_idle_start(&d->again, on_idle);
}

static void on_timer(uv_timer_t *h)
{
	run(h->data);
}

static void on_readable(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	run(h->data);
}

static void run_if_wanted(struct admin_daemon *d)
{
	if (d->wanted)
		run(d);
}

static void on_turn_start(uv_prepare_t *h)
{
	run_if_wanted(h->data);
}

static void on_turn_end(uv_check_t *h)
{
	run_if_wanted(h->data);
}

struct admin_daemon *admin_daemon_new(uv_loop_t *loop, struct MHD_Daemon *daemon)
{
	struct admin_daemon *d = calloc(1, sizeof *d);
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!d || !info || uv_poll_init(loop, &d->poll, info->epoll_fd) != 0) {
		MHD_stop_daemon(daemon);
		free(d);
		return NULL;
	}
	d->mhd = daemon;
	uv_timer_init(loop, &d->timer);
	uv_prepare_init(loop, &d->turn_start);
	uv_check_init(loop, &d->turn_end);
	uv_idle_init(loop, &d->again);
	d->poll.data = d->timer.data = d->turn_start.data = d->turn_end.data = d->again.data = d;
	uv_poll_start(&d->poll, UV_READABLE, on_readable);
	uv_prepare_start(&d->turn_start, on_turn_start);
	uv_check_start(&d->turn_end, on_turn_end);
	return d;
}

static void on_closed(uv_handle_t *h)
{
	struct admin_daemon *d = h->data;
	if (--d->open_handles > 0)
		return;
	void (*closed)(void *user) = d->closed;
	void *user = d->closed_user;
	free(d);
	if (closed)
		closed(user);
}

void admin_daemon_close(struct admin_daemon *d, void (*closed)(void *user), void *user)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&d->poll, (uv_handle_t *)&d->timer, (uv_handle_t *)&d->turn_start,
				   (uv_handle_t *)&d->turn_end, (uv_handle_t *)&d->again };
	d->closed = closed;
	d->closed_user = user;
	d->open_handles = sizeof handles / sizeof *handles;
	uv_poll_stop(&d->poll);
	MHD_stop_daemon(d->mhd);
	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
		uv_close(handles[i], on_closed);
}
