#include "client/record/journal_file.h"

#include "shared/disk/disk.h"
#include "shared/disk/file.h"

#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

/* Blocks that were written once are written over without a change to the file system's own record, which makes a sync
 * several times cheaper. */
#define FIRST_ROOM (512u << 10)
/* By small writes, since Linux keeps in one piece what was written in one, and counts (and looks through) all of that
 * piece as written again at each record. */
#define PIECE 4096
#define LONG (4u << 20)

#ifndef IOV_MAX
#define IOV_MAX 1024
#endif

static bool make_name(char name[JOURNAL_NAME_LEN + 1])
{
	uint8_t random[JOURNAL_NAME_LEN / 2];
	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(name + 2 * i, 3, "%02x", random[i]);
	return true;
}

static bool fail(const char *path, struct error *e)
{
	return error_set(e, EXIT_STORE, "%s cannot be written: %s", path, strerror(errno));
}

static bool make_room(const struct journal_file *f, const char *name, struct error *e)
{
	struct buffer b = { 0 };
	bool fine = journal_record_put_head(&b, name) && buffer_reserve(&b, PIECE);
	if (!fine) {
		buffer_free(&b);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	memset(b.at + b.len, 0, PIECE - b.len);
	for (size_t at = 0; fine && at < FIRST_ROOM; at += PIECE) {
		fine = file_write_all(f->fd, bytes_make(b.at, PIECE));
		memset(b.at, 0, PIECE);
	}
	fine = (fine && disk_sync(f->fd) == 0) || fail(f->path, e);
	buffer_free(&b);
	return fine;
}

static bool file_open(struct journal_file *f, const char *db, const char *name, int number, struct error *e)
{
	f->path = store_journal_file(db, name, number);
	if (!f->path)
		return error_set(e, EXIT_STORE, "out of memory");
	f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	f->at = JOURNAL_HEAD;
	if (f->fd < 0 || flock(f->fd, LOCK_EX | LOCK_NB) != 0)
		return fail(f->path, e);
	return make_room(f, name, e);
}

/* That the files are there must outlive a power cut, too. */
static bool sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	bool fine = fd >= 0 && disk_sync(fd) == 0;
	if (fd >= 0)
		close(fd);
	free(folder);
	return fine;
}

bool journal_files_open(struct journal_files *j, const char *db, struct error *e)
{
	*j = (struct journal_files){ .lap = 1 };
	for (int i = 0; i < JOURNAL_FILES; i++)
		j->files[i].fd = -1;
	if (!make_name(j->name))
		return error_set(e, EXIT_STORE, "there is no randomness");
	bool fine = true;
	for (int i = 0; fine && i < JOURNAL_FILES; i++)
		fine = file_open(&j->files[i], db, j->name, i, e);
	if (fine && !sync_folder(j->files[0].path))
		fine = fail(j->files[0].path, e);
	if (!fine)
		journal_files_close(j, true);
	return fine;
}

static bool is_safe(const struct journal_file *f, uint64_t safe)
{
	return f->last <= safe;
}

void journal_files_turn(struct journal_files *j, uint64_t safe)
{
	struct journal_file *f = &j->files[j->active], *other = &j->files[!j->active];
	if (f->last == 0 || (!is_safe(f, safe) && !(f->at >= LONG && is_safe(other, safe))))
		return;
	if (!is_safe(f, safe)) {
		j->active = !j->active;
		f = other;
	}
	f->at = JOURNAL_HEAD;
	f->last = 0;
	j->lap++;
}

/* All of it, however few bytes a write takes. */
static bool write_all(int fd, struct iovec *v, int count, uint64_t at)
{
	while (count) {
		ssize_t n = pwritev(fd, v, count < IOV_MAX ? count : IOV_MAX, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return false;
		}
		at += (uint64_t)n;
		for (; count && (size_t)n >= v->iov_len; v++, count--)
			n -= (ssize_t)v->iov_len;
		if (count) {
			v->iov_base = (char *)v->iov_base + n;
			v->iov_len -= (size_t)n;
		}
	}
	return true;
}

bool journal_files_append(struct journal_files *j, struct iovec *records, int count, uint64_t last, struct error *e)
{
	static uint8_t end[JOURNAL_END_LEN];
	struct journal_file *f = &j->files[j->active];
	uint64_t len = 0;
	for (int i = 0; i < count; i++)
		len += records[i].iov_len;
	records[count] = (struct iovec){ end, sizeof end };
	if (!write_all(f->fd, records, count + 1, f->at))
		return fail(f->path, e);
	f->at += len;
	f->last = last;
	return true;
}

uint64_t journal_files_len(const struct journal_files *j)
{
	return j->files[0].at + j->files[1].at;
}

void journal_files_close(struct journal_files *j, bool gone)
{
	/* The first one last: its lock and its being there say that the journal lives. */
	for (int i = JOURNAL_FILES - 1; i >= 0; i--) {
		struct journal_file *f = &j->files[i];
		if (f->fd >= 0 && gone)
			unlink(f->path);
		if (f->fd >= 0)
			close(f->fd);
		free(f->path);
		*f = (struct journal_file){ .fd = -1 };
	}
}
