/* Where the readers of import formats put what they find in a file (curl, .http, Postman, Insomnia, Charles). */
#pragma once

#include "shared/base/error.h"
#include "shared/transcripts/transcript.h"

struct import_sink {
	void *user;
	/* A delivery, borrowed. False ends the reading. */
	bool (*take)(void *user, const struct transcript *x, struct error *e);
	/* An entry that cannot be converted exactly: the sentence begins with its place. True: go on with the next. */
	bool (*refused)(void *user, const struct error *why);
	/* Reads a file that the imported one names for a body; `name` as it stands there. Appends. EXIT_USAGE. */
	bool (*beside)(void *user, struct bytes name, struct buffer *out, struct error *e);
	uint64_t now_us; /* when requests came that have no time in the file */
};
