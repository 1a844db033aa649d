#include "shared/program/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* libuv's first loop makes a pipe for signals once it has a file for epoll or kqueue, and aborts when it cannot. */
static int check_files(void)
{
	int ends[4], why = 0, count = 0;
	while (!why && count < 4) {
		if (pipe(ends + count) == 0)
			count += 2;
		else
			why = errno;
	}
	while (count > 0)
		close(ends[--count]);
	return why;
}

bool loop_fail(int uv_code, enum exit_code code, struct error *e)
{
	/* UV_E… is the negative errno on all systems that creel runs on. */
	return error_set(e, code, "creel cannot begin its work: %s", error_system(-uv_code));
}

bool loop_open(uv_loop_t *loop, enum exit_code code, struct error *e)
{
	int why = -check_files();
	if (!why)
		why = uv_loop_init(loop);
	return !why || loop_fail(why, code, e);
}

bool loop_takes_lws(enum exit_code code, struct error *e)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE)
		return loop_fail(-errno, code, e);
	return error_set(e, code, "/dev/urandom cannot be opened: %s%s", error_system(errno),
			 errno == ENOENT ? "; a container or chroot needs a /dev of its own" : "");
}

static void on_late(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

void loop_run_out(uv_loop_t *loop)
{
	uv_timer_t late;
	bool bounded = uv_timer_init(loop, &late) == 0;
	if (bounded) {
		uv_timer_start(&late, on_late, LOOP_END_MS, 0);
		uv_unref((uv_handle_t *)&late);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	if (bounded) {
		uv_close((uv_handle_t *)&late, NULL);
		uv_run(loop, UV_RUN_NOWAIT);
	}
}
