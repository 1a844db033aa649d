/* The file that is imported, as text in UTF-8: read as far as it is asked for, UTF-16 as a whole. A command's only
 * thread. */
#pragma once

#include <stdio.h>

#include "shared/base/error.h"
#include "shared/base/buffer.h"

struct import_source {
	FILE *file;
	const char *name;   /* for sentences */
	const char *path;   /* NULL: standard input */
	struct buffer text; /* what was read and not yet taken */
	size_t at;          /* where in it the next line begins */
	bool begun, ended;
	/* A page that `creel report` wrote: what was read of it, and where that stands (shared/formats/report.h). */
	struct buffer page;
	bool is_page, in_block, has_lines;
};

/* "-" is standard input. EXIT_USAGE when it cannot be opened. import_source_close in any case. */
MUST_CHECK bool import_source_open(struct import_source *s, const char *path, struct error *e);
void import_source_close(struct import_source *s);
/* Reads some more; s->ended says that there is none. */
MUST_CHECK bool import_source_more(struct import_source *s, struct error *e);
MUST_CHECK bool import_source_all(struct import_source *s, struct error *e);
/* The next line with its LF, valid until the next call. *line is empty at the end. */
MUST_CHECK bool import_source_line(struct import_source *s, struct bytes *line, struct error *e);
/* Appends a file that the imported one names: relative, in its folder or below, at most 64 MiB. */
MUST_CHECK bool import_source_beside(const struct import_source *s, struct bytes name, struct buffer *out,
				     struct error *e);
