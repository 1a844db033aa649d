/* Writing a small file in one go, such that whoever reads it finds the old one or the new one, and never half of one.
 * Any thread. */
#pragma once

#include "shared/base/bytes.h"

enum file_care {
	FILE_AS_USUAL = 0, /* 0666 and the umask */
	FILE_PRIVATE = 1,  /* 0600 */
	FILE_SYNCED = 2    /* on the disk before it has its name */
};

/* Written as "path.tmp" and renamed. A link at `path` is replaced, not followed. False and errno. */
MUST_CHECK bool file_replace(const char *path, struct bytes text, unsigned care);
/* The same for one line and FILE_AS_USUAL: another program waits for the file. */
MUST_CHECK bool file_replace_line(const char *path, const char *line);

/* All of it, however few bytes a write takes. False and errno. */
MUST_CHECK bool file_write_all(int fd, struct bytes text);
/* Renames a file that is whole to its place; where that fails it is deleted. False and errno. */
MUST_CHECK bool file_place(const char *draft, const char *path);
