#include "shared/disk/body_file.h"

#include "shared/base/buffer.h"
#include "shared/disk/disk.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Bytes given to the disk at once: what others sync meanwhile waits behind these, and not behind a whole body. */
#define SLICE (2 << 20)
#define TRIES 8 /* a sweep may take a file before it is locked */

bool body_file_is_name(struct bytes name)
{
	if (name.len != BODY_FILE_NAME_LEN)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("0123456789abcdef", name.at[i]) || !name.at[i])
			return false;
	return true;
}

/* "FOLDER/NAME", which the caller frees; NULL and errno. */
static char *path_of(const char *folder, const char *name)
{
	struct buffer b = { 0 };
	if (buffer_printf(&b, "%s/%s", folder, name) && buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	errno = ENOMEM;
	return NULL;
}

static int open_in(const char *folder, const char *name, int flags)
{
	char *path = path_of(folder, name);
	int fd = path ? open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600) : -1, why = errno;
	free(path);
	errno = why;
	return fd;
}

static int close_with(int fd, int why)
{
	close(fd);
	errno = why;
	return -1;
}

static bool sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool fine = disk_sync(fd) == 0;
	int why = errno;
	close(fd);
	errno = why;
	return fine;
}

/* That it is there outlives a power cut, too. */
static bool make_folder(const char *folder)
{
	const char *slash = strrchr(folder, '/');
	if (mkdir(folder, 0700) != 0)
		return errno == EEXIST;
	char *above = slash ? strndup(folder, slash > folder ? (size_t)(slash - folder) : 1) : strdup(".");
	bool fine = above && sync_folder(above);
	free(above);
	return fine;
}

static bool make_name(char name[BODY_FILE_NAME_LEN + 1])
{
	uint8_t random[BODY_FILE_NAME_LEN / 2];
	errno = EIO;
	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(name + 2 * i, 3, "%02x", random[i]);
	return true;
}

static bool is_linked(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int body_file_make(const char *folder, char name[BODY_FILE_NAME_LEN + 1])
{
	for (int i = 0; i < TRIES; i++) {
		if (!make_name(name))
			return -1;
		int fd = open_in(folder, name, O_RDWR | O_CREAT | O_EXCL);
		if (fd < 0 && errno == ENOENT && make_folder(folder))
			fd = open_in(folder, name, O_RDWR | O_CREAT | O_EXCL);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) != 0) {
			int why = errno;
			body_file_remove(folder, name);
			return close_with(fd, why);
		}
		if (is_linked(fd))
			return fd;
		close(fd);
	}
	errno = EAGAIN;
	return -1;
}

int body_file_open(const char *folder, const char *name, uint64_t *len)
{
	struct stat st;
	int fd = open_in(folder, name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0)
		return close_with(fd, errno);
	if (!S_ISREG(st.st_mode))
		return close_with(fd, EINVAL);
	*len = (uint64_t)st.st_size;
	return fd;
}

/* False and errno where the bytes could not be written: whoever waits for a range is told of the error in the place of
 * the sync that follows. */
static bool write_in_slices(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
	const unsigned how = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	struct stat st;
	if (fstat(fd, &st) != 0)
		return false;
	for (off_t at = 0; at < st.st_size; at += SLICE)
		if (sync_file_range(fd, at, SLICE, how) != 0)
			return errno == ENOSYS || errno == EPERM; /* not here: the sync does it all */
#else
	(void)fd;
#endif
	return true;
}

bool body_file_sync(const char *folder, int fd)
{
	return write_in_slices(fd) && disk_sync_data(fd) == 0 && sync_folder(folder);
}

void body_file_remove(const char *folder, const char *name)
{
	char *path = path_of(folder, name);
	int why = errno;
	if (path)
		unlink(path);
	free(path);
	errno = why;
}

static void sweep_one(const char *folder, const char *name,
		      uint64_t (*visit)(void *user, const char *name, uint64_t len), void *user)
{
	struct stat st;
	int fd = open_in(folder, name, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		uint64_t len = (uint64_t)st.st_size, keep = visit(user, name, len);
		if (keep == 0)
			body_file_remove(folder, name);
		else if (keep < len && ftruncate(fd, (off_t)keep) != 0)
			errno = 0; /* it stays longer than it has to be */
	}
	close(fd);
}

void body_file_sweep(const char *folder, uint64_t (*visit)(void *user, const char *name, uint64_t len), void *user)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	for (const struct dirent *d; (d = readdir(dir));)
		if (body_file_is_name(bytes_of(d->d_name)))
			sweep_one(folder, d->d_name, visit, user);
	closedir(dir);
}
