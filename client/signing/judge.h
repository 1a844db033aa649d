/* Whether a request's signature holds, by the secrets at hand: for deliveries as they arrive and for replays as they
 * are sent. Gives a verdict without a reason; verify_one.h gives the reason. Pure but for judge_recorded. Any thread.
 */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct judge_request {
	struct bytes method, target, headers, body;
	struct bytes url;        /* as the sender called it; empty: made of the next four (called_url.h) */
	struct bytes public_url; /* of the tunnel, or empty */
	struct bytes prefix;     /* what the relay took off the target's front */
	bool https;
	int64_t at; /* seconds since 1970: when it came, or is sent */
};

/* As signed by `p`. With NULL it tries every provider whose fields are there and whose secret is at hand, and sets
 * *whose to the name of the one whose signature holds. UNKNOWN: there is no secret for it, or, with NULL, none by which
 * it holds. `secrets` may be NULL. */
enum signature_verdict judge(const struct secrets *secrets, const struct signature_provider *p,
			     const struct judge_request *r, const char **whose);
/* A delivery on record, whose request `m` is, as signed by the provider that is recognised in it. NONE: it carries no
 * signature. EXIT_STORE, EXIT_USAGE. */
MUST_CHECK bool judge_recorded(struct store *s, const struct secrets *secrets, int64_t id, const struct message *m,
			       int64_t at, enum signature_verdict *out, struct error *e);
