/* A recorded request as a command line of curl for a POSIX shell, to be read, pasted and kept (tui/DESIGN.md §3.10).
 *
 * Never -d, which reads a file when the body begins with @. All bytes of the text are printable UTF-8 or LF: what is
 * pasted does nothing by itself. Left out: Content-Length and Host, which curl makes, hop-by-hop fields and trailers,
 * which it cannot send. Fields that curl would add are taken away. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/redact/redact.h"

struct curl_request {
	struct bytes base; /* "http://localhost:3000/base", in front of the target */
	struct bytes method, target, headers, body;
	bool has_body;
	bool secrets; /* Authorization, Cookie and the like are written out; else "$CREEL_AUTHORIZATION" */
	/* Signatures and the fields of these names become "$CREEL_…" as well as secrets. */
	bool redact;
	const struct redact_names *redact_names; /* or NULL */
};

/* Appends the command, one or several lines, with LF at its end. False when out of memory. */
MUST_CHECK bool curl_command(struct buffer *out, const struct curl_request *r);
/* Appends a word as a shell takes it: as it is where nothing in it is special, else quoted; bytes that do not belong in
 * pasted text are written by printf. `word` has no NUL, and no LF at its end. */
MUST_CHECK bool curl_quote(struct buffer *out, struct bytes word);
