/* The head of an app's answer, put together line by line as libcurl hands them out. Pure. */
#pragma once

#include "shared/base/buffer.h"

struct answer_head {
	bool upgrade; /* asked for: 101 is the answer, not one before it */
	int status;   /* 0 before the first status line */
	struct buffer reason, fields;
	uint64_t declared; /* Content-Length, or WIRE_UNKNOWN_LENGTH */
	bool coded;        /* there is a Transfer-Encoding */
};

enum answer_head_state { ANSWER_HEAD_MORE, ANSWER_HEAD_WHOLE, ANSWER_HEAD_TOO_LARGE, ANSWER_HEAD_NO_MEMORY };

void answer_head_init(struct answer_head *h);
void answer_head_free(struct answer_head *h);
/* A line with its end. Interim answers (1xx) are forgotten when the next status line comes. */
MUST_CHECK enum answer_head_state answer_head_take(struct answer_head *h, const char *line, size_t len);
/* Of a whole head: how long the body will be, or WIRE_UNKNOWN_LENGTH. */
uint64_t answer_head_body_len(const struct answer_head *h);
