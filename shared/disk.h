/* Brings a file, or a folder, to the disk itself: fsync, which on macOS leaves it in the drive's cache. */
#pragma once

#include <fcntl.h>
#include <unistd.h>

static inline int disk_sync(int fd)
{
#ifdef F_FULLFSYNC
	if (fcntl(fd, F_FULLFSYNC) == 0) /* else a file system that has only the other */
		return 0;
#endif
	return fsync(fd);
}
