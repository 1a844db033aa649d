/* Config files: INI, parsed by libinih. Every config file of either program is read through here.
 *
 * A file is read once, as a whole, and parsed from memory, so that what was looked at is what counts. It must be a
 * plain file of reasonable size: reading a pipe or a device might never end. Any thread. */
#pragma once

#include <sys/stat.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"

#define INI_FILE_MOST (256u << 10) /* bytes */

struct ini_file {
	bool there;
	struct buffer text; /* may hold secrets */
	struct stat st;     /* of the file that was read */
};

/* False and EXIT_USAGE when it cannot be read; a missing file is not a failure (`there` is false, errno
 * says why). ini_file_free in any case. */
MUST_CHECK bool ini_file_read(const char *path, struct ini_file *f, struct error *e);
/* Wipes and frees. */
void ini_file_free(struct ini_file *f);

/* Gets the section ("" before the first), key and value of each line in turn; false and *e ends it. */
typedef bool ini_file_on_key(void *user, const char *section, const char *key, const char *value, struct error *e);
/* `path` is for sentences. False and EXIT_USAGE when `on_key` gave false, or for a line that is not INI or is too long.
 */
MUST_CHECK bool ini_file_parse(const char *path, struct bytes text, ini_file_on_key *on_key, void *user,
			       struct error *e);
