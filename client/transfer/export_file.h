/* An export's file, of mode 0600: it is there whole or not at all. Any thread. */
#pragma once

#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct export_file {
	FILE *file;
	char *path, *temporary; /* temporary: what is written, to be renamed to `path`; or NULL */
	bool keep;              /* a device or a pipe: it is not deleted */
};

enum export_existing { EXPORT_REFUSE_EXISTING, EXPORT_REPLACE_EXISTING };

/* EXIT_USAGE when it exists and is to be refused, EXIT_STORE. Nothing is left to be closed after a failure. */
MUST_CHECK bool export_file_open(struct export_file *f, const char *path, enum export_existing existing,
				 struct error *e);
MUST_CHECK bool export_file_write(struct export_file *f, struct bytes b, struct error *e);
/* Closes it and gives it its name. After a failure, EXIT_STORE, it is deleted. */
MUST_CHECK bool export_file_keep(struct export_file *f, struct error *e);
/* Closes it and deletes it. */
void export_file_drop(struct export_file *f);
