/* Syncing to a disk and asking for its free space, alike on every system. Any thread. */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Syncs a file, or a folder, to the disk itself. (On macOS fsync leaves it in the drive's cache.) */
static inline int disk_sync(int fd)
{
#ifdef F_FULLFSYNC
	if (fcntl(fd, F_FULLFSYNC) == 0) /* else a file system that has only the other */
		return 0;
#endif
	return fsync(fd);
}

/* The same for a file's bytes only, where that takes fewer writes: its times on disk may stay older. */
static inline int disk_sync_data(int fd)
{
#ifdef F_FULLFSYNC
	return disk_sync(fd);
#else
	return fdatasync(fd);
#endif
}

/* Bytes that are free where the file or folder is; -1 when it cannot be known. */
static inline int64_t disk_free(const char *path)
{
	struct statvfs fs;
	if (statvfs(path, &fs) != 0 || fs.f_blocks == 0) /* no blocks: no disk that could be full */
		return -1;
	return (int64_t)(fs.f_bavail * (fs.f_frsize ? fs.f_frsize : fs.f_bsize));
}
