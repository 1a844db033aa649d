/* Whether a request's signature holds, by the secrets at hand: for deliveries as they arrive and for replays as they
 * are sent. Says no reason: verify_one.h does. Pure but for judge_recorded; any thread. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store.h"

struct judge_request {
	struct bytes method, target, headers, body;
	struct bytes url;        /* as the sender calls it, or empty: found out of the following */
	struct bytes public_url; /* of the tunnel, or empty */
	struct bytes prefix;     /* what the relay took off the target's front */
	bool https;
	int64_t at; /* seconds since 1970: when it came, or is sent */
};

/* As signed by `p`, or with NULL by whoever's fields are there and whose secret is at hand: then *whose is set to that
 * one's name when it holds. UNKNOWN: there is no secret for it. */
enum signature_verdict judge(const struct secrets *secrets, const struct signature_provider *p,
			     const struct judge_request *r, const char **whose);
/* Of a delivery on record, whose request `m` is, as signed by whom it is recognised to be of; NONE: it carries no
 * signature. */
MUST_CHECK bool judge_recorded(struct store *s, const struct secrets *secrets, int64_t id, const struct message *m,
			       int64_t at, enum signature_verdict *out, struct error *e);
