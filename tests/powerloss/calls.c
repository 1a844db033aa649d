/* Notes what the program itself does to files, beside SQLite: the linker sends its calls here (--wrap, which macOS has
 * not). SQLite is a library of its own, whose calls it does not change. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/powerloss/powerloss.h"

#ifndef __APPLE__

#define PAGE 4096
enum { FDS = 1024, NOT_NOTED = 0, THE_FOLDER = -1 };

static int noted[FDS];    /* NOT_NOTED, THE_FOLDER or 1 + the name's index */
static int64_t ends[FDS]; /* where write() goes on */

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_unlink(const char *path);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __real_pwritev(int fd, const struct iovec *v, int count, off_t at);
int __real_fsync(int fd);
int __real_fdatasync(int fd);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_unlink(const char *path);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwritev(int fd, const struct iovec *v, int count, off_t at);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	int fd = __real_open(path, flags, flags & O_CREAT ? va_arg(args, int) : 0);
	va_end(args);
	if (fd < 0 || fd >= FDS)
		return fd;
	int name = powerloss_name_index(path);
	noted[fd] = name >= 0 ? 1 + name : flags & O_DIRECTORY && powerloss_is_folder(path) ? THE_FOLDER : NOT_NOTED;
	ends[fd] = 0;
	if (name >= 0 && flags & O_CREAT)
		powerloss_note((struct event){ .kind = EVENT_CREATE, .name = name }, NULL);
	return fd;
}

int __wrap_close(int fd)
{
	if (fd >= 0 && fd < FDS)
		noted[fd] = NOT_NOTED;
	return __real_close(fd);
}

int __wrap_unlink(const char *path)
{
	int name = powerloss_name_index(path), code = __real_unlink(path);
	if (name >= 0 && code == 0)
		powerloss_note((struct event){ .kind = EVENT_DELETE, .name = name }, NULL);
	return code;
}

/* Page by page, each of which the disk may have or not. */
static void note_write(int fd, const uint8_t *bytes, size_t len, int64_t at)
{
	while (len && noted[fd] > 0) {
		size_t part = PAGE - (size_t)at % PAGE;
		part = part < len ? part : len;
		powerloss_note(
		    (struct event){ .kind = EVENT_WRITE, .name = noted[fd] - 1, .at = at, .len = (uint32_t)part },
		    bytes);
		bytes += part;
		len -= part;
		at += (int64_t)part;
	}
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
	ssize_t n = __real_write(fd, bytes, len);
	if (n > 0 && fd < FDS) {
		note_write(fd, bytes, (size_t)n, ends[fd]);
		ends[fd] += n;
	}
	return n;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	ssize_t n = __real_pwrite(fd, bytes, len, at);
	if (n > 0 && fd < FDS)
		note_write(fd, bytes, (size_t)n, at);
	return n;
}

ssize_t __wrap_pwritev(int fd, const struct iovec *v, int count, off_t at)
{
	ssize_t n = __real_pwritev(fd, v, count, at), left = n;
	for (int i = 0; i < count && left > 0 && fd < FDS; i++) {
		size_t part = (size_t)left < v[i].iov_len ? (size_t)left : v[i].iov_len;
		note_write(fd, v[i].iov_base, part, at);
		at += (off_t)part;
		left -= (ssize_t)part;
	}
	return n;
}

/* What is noted before it began is on disk. Real syncs are left out. */
static bool note_sync(int fd)
{
	if (fd < 0 || fd >= FDS || noted[fd] == NOT_NOTED)
		return false;
	if (noted[fd] == THE_FOLDER)
		powerloss_note((struct event){ .kind = EVENT_SYNC_FOLDER }, NULL);
	else
		powerloss_note((struct event){ .kind = EVENT_SYNC, .name = noted[fd] - 1 }, NULL);
	return true;
}

int __wrap_fsync(int fd)
{
	return note_sync(fd) ? 0 : __real_fsync(fd);
}

int __wrap_fdatasync(int fd)
{
	return note_sync(fd) ? 0 : __real_fdatasync(fd);
}

#endif
