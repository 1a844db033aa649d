#include "shared/disk/file.h"

#include "shared/base/buffer.h"
#include "shared/disk/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool remove_draft(const char *draft)
{
	int why = errno;
	unlink(draft);
	errno = why;
	return false;
}

/* A disk that is nearly full takes a part and says why with the next. */
bool file_write_all(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text = bytes_make(text.at + n, text.len - (size_t)n);
	}
	return true;
}

bool file_place(const char *draft, const char *path)
{
	return rename(draft, path) == 0 || remove_draft(draft);
}

static bool write_draft(const char *draft, struct bytes text, unsigned care)
{
	unlink(draft);
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, care & FILE_PRIVATE ? 0600 : 0666);
	if (fd < 0)
		return false;
	bool fine = file_write_all(fd, text) && (!(care & FILE_SYNCED) || disk_sync(fd) == 0);
	int why = errno;
	if (close(fd) != 0 && fine)
		return remove_draft(draft);
	errno = why;
	return fine || remove_draft(draft);
}

bool file_replace(const char *path, struct bytes text, unsigned care)
{
	char draft[4096];
	if (snprintf(draft, sizeof draft, "%s.tmp", path) >= (int)sizeof draft) {
		errno = ENAMETOOLONG;
		return false;
	}
	return write_draft(draft, text, care) && file_place(draft, path);
}

bool file_replace_line(const char *path, const char *line)
{
	struct buffer text = { 0 };
	errno = ENOMEM;
	bool fine = buffer_printf(&text, "%s\n", line) && file_replace(path, buffer_view(&text), FILE_AS_USUAL);
	int why = errno;
	buffer_free(&text);
	errno = why;
	return fine;
}
