/* One side of a delivery, request or answer, with all that a front end shows beside it. Owned by the receiver. Pure. */
#pragma once

#include "shared/query/item.h"

struct document {
	struct item item;
	struct buffer headers, trailers, body; /* body: the first `body.len` of body_size bytes */
	uint64_t body_size;
	struct buffer raw; /* as struct message has it */
	struct attempt_row *attempts;
	size_t attempt_count;
	struct buffer attempt_texts;
	int attempt;          /* the answer of which attempt this is; 0: the request */
	struct item *replays; /* the rows of replays of it */
	size_t replay_count;
	char why[360]; /* the signature does not hold; "": not known */
	char *trouble;
};
void document_free(struct document *d);
