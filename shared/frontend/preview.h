/* What a line about a delivery says beyond its row; either may be empty. Owned by the receiver. Pure. */
#pragma once

#include "shared/base/buffer.h"

struct preview {
	struct buffer event_id; /* its provider's */
	struct buffer reason;   /* of the last answer: "Not Found" */
};
void preview_free(struct preview *p);
