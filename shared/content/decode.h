/* Content codings (RFC 9110 §8.4.1) undone within a bound, to show and compare what a body says. What was recorded is
 * never changed. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define DECODE_MOST ((size_t)8 << 20)

enum decode_result {
	DECODE_NONE,    /* not coded, or a coding we do not know (*codings names it) or not what it claims to be */
	DECODE_WHOLE,   /* *out is all of it */
	DECODE_CUT,     /* more than DECODE_MOST: *out is the beginning */
	DECODE_DAMAGED, /* ends early or is broken: *out is what could be read, not empty */
	DECODE_NO_MEMORY,
};

/* By the block's Content-Encoding (gzip, deflate, br, zstd where creel was built with it; several are undone in turn),
 * or gzip's first bytes where there is none. `codings` gets their names as a text of ours: "gzip, br". *out is empty
 * with DECODE_NONE. */
enum decode_result decode_body(struct bytes headers, struct bytes body, struct buffer *out, char codings[64]);
/* The same with another bound than DECODE_MOST. */
enum decode_result decode_body_most(struct bytes headers, struct bytes body, size_t most, struct buffer *out,
				    char codings[64]);
