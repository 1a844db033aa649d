#include "shared/disk/spill.h"

#include "shared/disk/disk_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OFFSET_MAX ((uint64_t)INT64_MAX)
#define EARLY_FROM (64u << 10)
#define BEGIN_EACH (4u << 20) /* bytes that the system is to begin with at once */

_Static_assert(sizeof(off_t) == sizeof(int64_t), "offsets beyond 2 GiB need -D_FILE_OFFSET_BITS=64");

void spill_init(struct spill *s, const char *folder)
{
	*s = (struct spill){ .folder = folder, .fd = -1 };
}

void spill_init_for_record(struct spill *s, const char *folder, uv_loop_t *loop)
{
	spill_init(s, folder);
	s->for_record = true;
	s->loop = loop;
}

void spill_close_aside(struct spill *s, uv_loop_t *loop)
{
	s->loop = loop;
}

void spill_expect(struct spill *s, uint64_t len)
{
	s->expects_much = len > SPILL_MEMORY;
}

/* All of it or false and errno. At a given offset, so that it overwrites what a failed write left. */
static bool write_at(int fd, const uint8_t *at, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pwrite(fd, at, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

static bool read_at(int fd, uint8_t *to, size_t len, uint64_t offset)
{
	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* somebody cut the file */
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return true;
}

/* A file without a name, or -1 and errno. */
static int open_unnamed(const char *folder)
{
	const char *from_env = getenv("TMPDIR");
	struct buffer path = { 0 };
	int fd = -1;
	if (!folder)
		folder = from_env && *from_env ? from_env : "/tmp";
	if (buffer_printf(&path, "%s/creel-XXXXXX", folder)) {
		fd = mkostemp((char *)path.at, O_CLOEXEC); /* 0600 */
		if (fd >= 0 && unlink((char *)path.at) != 0) {
			int why = errno;
			close(fd);
			fd = -1;
			errno = why;
		}
	} else {
		errno = ENOMEM;
	}
	int why = errno;
	buffer_free(&path);
	errno = why;
	return fd;
}

static int open_file(struct spill *s)
{
	if (!s->for_record)
		return open_unnamed(s->folder);
	struct body_file *file = calloc(1, sizeof *file);
	int fd = file ? body_file_make(s->folder, file->name) : -1;
	if (fd >= 0)
		s->file = file;
	else
		free(file);
	return fd;
}

/* `keep` 0: the file goes, if it has a name. */
static void close_file(struct spill *s, uint64_t keep)
{
	int why = errno;
	if (s->file && !keep)
		body_file_remove(s->folder, s->file->name);
	else if (keep && keep < s->len && ftruncate(s->fd, (off_t)keep) != 0)
		why = 0; /* it stays longer than it has to be, until the next sweep */
	if (s->fd >= 0 && s->loop && keep && s->file && s->file->synced)
		disk_aside_close_kept(s->loop, s->fd);
	else if (s->fd >= 0 && s->loop)
		disk_aside_close(s->loop, s->fd);
	else if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	free(s->file);
	s->file = NULL;
	errno = why;
}

/* The memory stays the body's place until the file has all of it. */
static bool move_to_file(struct spill *s)
{
	int fd = open_file(s);
	if (fd < 0)
		return false;
	bool fine = write_at(fd, s->memory.at, s->memory.len, 0);
	s->fd = fd;
	if (!fine) {
		close_file(s, 0);
		return false;
	}
	buffer_free(&s->memory);
	return true;
}

void spill_adopt(struct spill *s, struct buffer *memory)
{
	spill_free(s);
	s->memory = *memory;
	s->len = memory->len;
	*memory = (struct buffer){ 0 };
}

void spill_adopt_file(struct spill *s, int fd, uint64_t len)
{
	spill_free(s);
	s->fd = fd;
	s->len = len;
}

static void write_early(struct spill *s)
{
	if (s->for_record && s->loop && s->fd >= 0 && s->len - s->begun >= BEGIN_EACH &&
	    disk_aside_write(s->loop, s->fd, s->begun, BEGIN_EACH))
		s->begun += BEGIN_EACH;
}

bool spill_append(struct spill *s, const void *at, size_t len)
{
	size_t most = s->expects_much ? EARLY_FROM : SPILL_MEMORY;
	if (len > OFFSET_MAX - s->len) {
		errno = EFBIG;
		return false;
	}
	if (len == 0)
		return true;
	if (s->fd < 0 && s->len + len <= most) {
		if (!buffer_append(&s->memory, at, len)) {
			errno = ENOMEM;
			return false;
		}
	} else if ((s->fd < 0 && !move_to_file(s)) || !write_at(s->fd, at, len, s->len)) {
		return false;
	}
	s->len += len;
	write_early(s);
	return true;
}

struct body_file *spill_file(const struct spill *s)
{
	return s->file;
}

bool spill_sync(const struct spill *s)
{
	if (!s->file || s->file->synced)
		return true;
	s->file->synced = body_file_sync(s->folder, s->fd);
	return s->file->synced;
}

void spill_keep(struct spill *s)
{
	s->kept = s->file && s->file->recorded;
}

uint64_t spill_len(const struct spill *s)
{
	return s->len;
}

bool spill_copy(const struct spill *s, uint64_t at, void *to, size_t len)
{
	if (at > s->len || len > s->len - at) {
		errno = EINVAL;
		return false;
	}
	if (len == 0)
		return true;
	if (s->fd >= 0)
		return read_at(s->fd, to, len, at);
	memcpy(to, s->memory.at + at, len);
	return true;
}

bool spill_read(const struct spill *s, uint64_t at, size_t len, struct buffer *out)
{
	if (at > s->len || len > s->len - at) {
		errno = EINVAL;
		return false;
	}
	if (len == 0)
		return true;
	if (!buffer_reserve(out, len)) {
		errno = ENOMEM;
		return false;
	}
	if (!spill_copy(s, at, out->at + out->len, len))
		return false;
	out->len += len;
	return true;
}

bool spill_view(const struct spill *s, struct bytes *out)
{
	if (s->fd >= 0)
		return false;
	*out = buffer_view(&s->memory);
	return true;
}

bool spill_map(const struct spill *s, struct bytes *out)
{
	if (spill_view(s, out))
		return true;
	if (s->len == 0 || (size_t)s->len != s->len)
		return false;
	void *at = mmap(NULL, (size_t)s->len, PROT_READ, MAP_SHARED, s->fd, 0);
	if (at == MAP_FAILED)
		return false;
	*out = bytes_make(at, (size_t)s->len);
	return true;
}

void spill_unmap(const struct spill *s, struct bytes view)
{
	if (s->fd >= 0)
		munmap((void *)(uintptr_t)view.at, view.len);
}

void spill_free(struct spill *s)
{
	close_file(s, s->kept ? s->file->recorded : 0);
	buffer_free(&s->memory);
	*s = (struct spill){ .folder = s->folder, .fd = -1, .for_record = s->for_record, .loop = s->loop };
}
