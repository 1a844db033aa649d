#pragma once

#include <stdio.h>

#include "client/transfer/export.h"
#include "shared/formats/transcript.h"

/* Appends a delivery; `row` is read for NDJSON only. `body_file` stands in a .http file for the body, or is NULL. */
MUST_CHECK bool export_put(const struct transcript *x, const struct delivery_row *row, const struct export_options *o,
			   const char *base, const char *body_file, struct buffer *out, struct error *e);

/* A file of 0600 that is there whole or not at all. */
struct export_file {
	FILE *file;
	char *path, *temporary; /* temporary: to be renamed */
	bool keep;              /* not ours to delete: a device or pipe */
};
MUST_CHECK bool export_file_open(struct export_file *f, const char *path, bool force, struct error *e);
MUST_CHECK bool export_file_write(struct export_file *f, struct bytes b, struct error *e);
/* Closes it, renamed when `fine`, else deleted. False and *e when that fails; *e is left alone when not fine. */
MUST_CHECK bool export_file_close(struct export_file *f, bool fine, struct error *e);
