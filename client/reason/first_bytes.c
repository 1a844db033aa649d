#include "client/reason/first_bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MOST 24

enum first_bytes first_bytes_kind(struct bytes first)
{
	if (first.len >= 2 && (first.at[0] == 0x15 || first.at[0] == 0x16) && first.at[1] == 3)
		return FIRST_BYTES_TLS;
	if (first.len >= 9 && first.at[0] == 0 && (first.at[3] == 4 || first.at[3] == 7) &&
	    memcmp(first.at + 5, "\0\0\0\0", 4) == 0)
		return FIRST_BYTES_HTTP2;
	return first.len >= 7 && memcmp(first.at, "HTTP/1.", 7) == 0 ? FIRST_BYTES_HTTP : FIRST_BYTES_OTHER;
}

void first_bytes_show(struct bytes first, char out[FIRST_BYTES_SHOWN])
{
	size_t at = 0;
	for (size_t i = 0; i < first.len && i < SHOWN_MOST && at + 5 < FIRST_BYTES_SHOWN; i++) {
		bool plain = isprint(first.at[i]) && first.at[i] != '\\' && first.at[i] != '"';
		at += (size_t)snprintf(out + at, FIRST_BYTES_SHOWN - at, plain ? "%c" : "\\x%02x", first.at[i]);
	}
	out[at] = 0;
}
