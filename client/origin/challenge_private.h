/* What the challenge_*.c files share: how an answer is put together. Inside of client/origin. Pure. */
#pragma once

#include "client/origin/challenge.h"

bool challenge_is(struct bytes b, const char *text);
MUST_CHECK bool challenge_put(struct challenge *c, const char *name, const char *value);
/* Completes the answer; false when it is too long. `type` must not be one that a browser runs, because the body repeats
 * what somebody sent. */
MUST_CHECK bool challenge_finish(struct challenge *c, const char *provider, const char *type);
/* The same with a body of text, which has to be there. */
MUST_CHECK bool challenge_finish_text(struct challenge *c, const char *provider);
/* Makes the body {"name":"value"} of a value that needs no escapes there; false for others. */
MUST_CHECK bool challenge_finish_json(struct challenge *c, const char *provider, const char *name, struct bytes value);
/* Appends a parameter of the target's query, decoded. False: it is not there. */
MUST_CHECK bool challenge_query(const struct challenge_request *r, const char *name, struct buffer *out);

/* Find the challenges that come as POST, and those that come by other methods. False: it is none of them. */
MUST_CHECK bool challenge_post_find(const struct challenge_request *r, const struct secrets *secrets,
				    struct challenge *c);
MUST_CHECK bool challenge_get_find(const struct challenge_request *r, const struct secrets *secrets,
				   struct challenge *c);
