/* Server-sent events (WHATWG HTML §9.2.6), read line by line. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

enum event_line_kind {
	EVENT_FIELD,
	EVENT_COMMENT,
	EVENT_BREAK, /* an empty line: what came before it is dispatched */
};
struct event_line {
	enum event_line_kind kind;
	struct bytes name, value; /* of a field; a comment's text is its value */
};

/* Takes the next line off the beginning of *rest; lines end in CR LF, LF or CR, the last one may lack its end. What is
 * given points into it. False at the end. */
bool event_stream_next(struct bytes *rest, struct event_line *out);
