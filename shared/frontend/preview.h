/* What a line about a delivery says beyond its row; any may be empty. Owned by the receiver. Pure. */
#pragma once

#include "shared/base/buffer.h"

struct preview {
	struct buffer event_id; /* its provider's */
	struct buffer reason;   /* of the last answer: "Not Found" */
	struct buffer error;    /* why the last attempt has no answer, or not a whole one: a sentence */
};
void preview_free(struct preview *p);
