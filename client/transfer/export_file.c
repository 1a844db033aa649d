#include "client/transfer/export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(const char *path, const char *what, struct error *e)
{
	return error_set(e, EXIT_STORE, "%.300s cannot be %s: %s", path, what, strerror(errno));
}

static int open_new(struct export_file *f, struct error *e)
{
	int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 && errno == EEXIST)
		error_set(e, EXIT_USAGE, "%.300s is there already: name another file", f->path);
	else if (fd < 0)
		cannot(f->path, "made", e);
	return fd;
}

/* The old file stays until the new one is whole. */
static int open_instead(struct export_file *f, struct error *e)
{
	struct stat st;
	int fd;
	if (stat(f->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		f->keep = true;
		fd = open(f->path, O_WRONLY | O_CLOEXEC);
	} else {
		if (asprintf(&f->temporary, "%s.XXXXXX", f->path) < 0) {
			f->temporary = NULL;
			error_set(e, EXIT_STORE, "out of memory");
			return -1;
		}
		fd = mkostemp(f->temporary, O_CLOEXEC);
		if (fd < 0) {
			free(f->temporary);
			f->temporary = NULL;
		}
	}
	if (fd < 0)
		cannot(f->path, "written", e);
	return fd;
}

bool export_file_open(struct export_file *f, const char *path, enum export_existing existing, struct error *e)
{
	memset(f, 0, sizeof *f);
	f->path = strdup(path);
	if (!f->path)
		return error_set(e, EXIT_STORE, "out of memory");
	int fd = existing == EXPORT_REPLACE_EXISTING ? open_instead(f, e) : open_new(f, e);
	f->file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (f->file)
		return true;
	if (fd >= 0) {
		cannot(path, "written", e);
		close(fd);
		if (!f->keep)
			unlink(f->temporary ? f->temporary : f->path);
	}
	free(f->temporary);
	free(f->path);
	return false;
}

bool export_file_write(struct export_file *f, struct bytes b, struct error *e)
{
	return b.len == 0 || fwrite(b.at, 1, b.len, f->file) == b.len || cannot(f->path, "written", e);
}

static void forget(struct export_file *f, bool was_kept)
{
	if (!was_kept && !f->keep)
		unlink(f->temporary ? f->temporary : f->path);
	free(f->temporary);
	free(f->path);
}

bool export_file_keep(struct export_file *f, struct error *e)
{
	bool fine = fflush(f->file) == 0 || cannot(f->path, "written", e);
	if (fclose(f->file) != 0 && fine)
		fine = cannot(f->path, "written", e);
	if (fine && f->temporary && rename(f->temporary, f->path) != 0)
		fine = cannot(f->path, "replaced", e);
	forget(f, fine);
	return fine;
}

void export_file_drop(struct export_file *f)
{
	fclose(f->file);
	forget(f, false);
}
