#include "shared/disk/disk_aside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the line ---- */

static struct disk_task *first, *last; /* the first is under way */

static void begin(uv_loop_t *loop);

static void on_work(uv_work_t *work)
{
	struct disk_task *t = (struct disk_task *)work;
	t->run(t);
}

static void on_worked(uv_work_t *work, int status)
{
	struct disk_task *t = (struct disk_task *)work;
	uv_loop_t *loop = work->loop;
	(void)status; /* nobody cancels it */
	first = t->next;
	if (first)
		begin(loop);
	else
		last = NULL;
	t->done(t);
}

static void begin(uv_loop_t *loop)
{
	/* libuv refuses work without a function, and nothing else. */
	if (uv_queue_work(loop, &first->work, on_work, on_worked) != 0)
		abort();
}

void disk_aside_run(uv_loop_t *loop, struct disk_task *t)
{
	t->next = NULL;
	if (last)
		last->next = t;
	else
		first = t;
	last = t;
	if (first == t)
		begin(loop);
}

/* ---- writing early ---- */

#ifdef SYNC_FILE_RANGE_WRITE

struct early {
	struct disk_task task;
	int fd;
	uint64_t from, len;
};

/* Not waited for: that would take the error of a failed write away from the file's sync, which is to say why. */
static void write_range(struct disk_task *t)
{
	const struct early *w = (const struct early *)t;
	sync_file_range(w->fd, (off_t)w->from, (off_t)w->len, SYNC_FILE_RANGE_WRITE);
	close(w->fd);
}

static void on_written(struct disk_task *t)
{
	free(t);
}

bool disk_aside_write(uv_loop_t *loop, int fd, uint64_t from, uint64_t len)
{
	struct early *w = first ? NULL : malloc(sizeof *w);
	if (!w)
		return false;
	*w = (struct early){ { .run = write_range, .done = on_written }, fcntl(fd, F_DUPFD_CLOEXEC, 0), from, len };
	if (w->fd < 0) {
		free(w);
		return false;
	}
	disk_aside_run(loop, &w->task);
	return true;
}

#else

bool disk_aside_write(uv_loop_t *loop, int fd, uint64_t from, uint64_t len)
{
	(void)loop;
	(void)fd;
	(void)from;
	(void)len;
	return false;
}

#endif

/* ---- closing ---- */

struct closing {
	uv_work_t work;
	int fd;
	bool kept;
};

static void run_close(uv_work_t *work)
{
	const struct closing *c = (const struct closing *)work;
#ifdef POSIX_FADV_DONTNEED
	if (c->kept)
		posix_fadvise(c->fd, 0, 0, POSIX_FADV_DONTNEED);
#endif
	close(c->fd);
}

static void on_closed(uv_work_t *work, int status)
{
	(void)status; /* nobody cancels it */
	free(work);
}

static void close_aside(uv_loop_t *loop, int fd, bool kept)
{
	struct closing *c = malloc(sizeof *c);
	if (c) {
		c->fd = fd;
		c->kept = kept;
		if (uv_queue_work(loop, &c->work, run_close, on_closed) == 0)
			return;
		free(c);
	}
	close(fd);
}

void disk_aside_close(uv_loop_t *loop, int fd)
{
	close_aside(loop, fd, false);
}

void disk_aside_close_kept(uv_loop_t *loop, int fd)
{
	close_aside(loop, fd, true);
}
