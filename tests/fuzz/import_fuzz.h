/* A sink for the readers of import formats: what it is given can go on record, what it is told of has a place. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "shared/transcripts/import_sink.h"

static inline bool fuzz_take(void *user, const struct transcript *x, struct error *e)
{
	(void)user;
	if (!transcript_check(x, e))
		abort();
	return true;
}

static inline bool fuzz_refused(void *user, const struct error *why)
{
	(void)user;
	if (why->code != EXIT_USAGE || !strstr(why->text, ": "))
		abort();
	return true;
}

static inline bool fuzz_beside(void *user, struct bytes name, struct buffer *out, struct error *e)
{
	(void)user;
	if (name.len % 3 == 0)
		return error_set(e, EXIT_USAGE, "there is no such file");
	return buffer_append_text(out, "a,b\r\n{{x}}") || error_set(e, EXIT_STORE, "out of memory");
}

static inline int fuzz_import(const uint8_t *data, size_t size,
			      bool (*read)(struct bytes text, const struct import_sink *sink, struct error *e))
{
	const struct import_sink sink = { NULL, fuzz_take, fuzz_refused, fuzz_beside, 1795438954000000u };
	struct error e = { 0 };
	if (!read(bytes_make(data, size), &sink, &e) && !*e.text)
		abort();
	return 0;
}
