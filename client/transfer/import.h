/* Puts what another tool or `creel export` wrote on record: finds out the format, reads it, and says which entries
 * cannot be converted exactly. A command's only thread. */
#pragma once

#include "client/transfer/import_store.h"
#include "shared/formats/import_format.h"

struct import_options {
	enum import_format format; /* IMPORT_UNDECIDED: by what is in the file */
	bool keep_going;           /* an entry that cannot be converted does not end it */
	/* Called with "entry 3 (line 80): …" for each such entry. */
	void (*on_refused)(void *user, const char *sentence);
	void *user;
};

struct import_counts {
	uint64_t imported, known;
	uint64_t left_out; /* entries that are not HTTP */
	uint64_t refused;
};

/* "-" is standard input. All of the file is on record, or nothing; with keep_going all but what was refused. EXIT_NO
 * when nothing in it is a delivery, EXIT_USAGE, EXIT_STORE, EXIT_INTERRUPTED. */
MUST_CHECK bool import_file(struct store *s, const char *path, const struct import_options *o,
			    struct import_counts *counts, struct error *e);
