/* Deliveries that come out of the store for their call (struct taken), whatever their origin. Loop thread. */
#pragma once

#include "client/stream/stream.h"

enum taken_how {
	TAKEN_UNFINISHED, /* by delivery id: recorder_take */
	TAKEN_OVER,       /* by delivery id, one whose call is over: recorder_take_again */
	TAKEN_ASKED,      /* by the id of a job: recorder_take_asked */
};

/* Takes it up; the origin's `begin` follows, with `user` as the stream's by_user, or its `not_taken`. False when out of
 * memory: neither follows. */
MUST_CHECK bool taken_begin(struct streams *set, enum taken_how how, int64_t id, const struct origin_ops *by,
			    void *user);
