#include "shared/disk/disk_aside.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define WRITES_MOST 2 /* of the pool's four threads: files are synced there, too */

struct aside {
	uv_work_t work;
	int fd;
	uint64_t from, len; /* 0: only to be closed */
};

static unsigned writes; /* under way */

static void run(uv_work_t *work)
{
	const struct aside *a = (const struct aside *)work;
#ifdef SYNC_FILE_RANGE_WRITE
	/* Where this fails the file's sync says why. */
	if (a->len)
		sync_file_range(a->fd, (off_t)a->from, (off_t)a->len, SYNC_FILE_RANGE_WRITE);
#endif
	close(a->fd);
}

static void on_run(uv_work_t *work, int status)
{
	struct aside *a = (struct aside *)work;
	(void)status; /* nobody cancels it */
	writes -= a->len > 0;
	free(a);
}

static bool begin(uv_loop_t *loop, int fd, uint64_t from, uint64_t len)
{
	struct aside *a = malloc(sizeof *a);
	if (!a)
		return false;
	*a = (struct aside){ .fd = fd, .from = from, .len = len };
	if (uv_queue_work(loop, &a->work, run, on_run) != 0) {
		free(a);
		return false;
	}
	writes += len > 0;
	return true;
}

bool disk_aside_write(uv_loop_t *loop, int fd, uint64_t from, uint64_t len)
{
#ifdef SYNC_FILE_RANGE_WRITE
	int own = writes < WRITES_MOST ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
#else
	int own = -1;
	(void)fd;
#endif
	if (own < 0)
		return false;
	if (begin(loop, own, from, len))
		return true;
	close(own);
	return false;
}

void disk_aside_close(uv_loop_t *loop, int fd)
{
	if (!begin(loop, fd, 0, 0))
		close(fd);
}
