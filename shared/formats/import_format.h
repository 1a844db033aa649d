/* Which format a file to be imported has, by what it begins with. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

enum import_format {
	IMPORT_UNDECIDED, /* more of the file is needed */
	IMPORT_HAR,
	IMPORT_NDJSON,
	IMPORT_CURL,
	IMPORT_HTTP,
	IMPORT_POSTMAN,
	IMPORT_INSOMNIA, /* an export of version 4, JSON, or 5, YAML */
	IMPORT_CHARLES,  /* a session as JSON: .chlsj */
	IMPORT_UNKNOWN,
};

#define IMPORT_FORMATS "har|ndjson|curl|http|postman|insomnia|charles"

/* By its name on the command line; IMPORT_UNKNOWN for any other. */
enum import_format import_format_named(const char *name);
/* `head` is the beginning of the text, in UTF-8 and without a byte order mark; `whole`: it is all of it. */
enum import_format import_format_of(struct bytes head, bool whole);
/* Whether the bytes are UTF-16, by a byte order mark or by a bracket with a NUL beside it. */
bool import_is_utf16(struct bytes head);
/* Appends the text in UTF-8, without its byte order mark. False when it is not UTF-16, or out of memory. */
MUST_CHECK bool import_from_utf16(struct bytes in, struct buffer *out);
