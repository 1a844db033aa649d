/* The signature that a provider would send with a request. Pure but for the ids and salts that it makes; any thread. */
#pragma once

#include "shared/signature/signature.h"

struct signature_sign_out {
	struct buffer headers; /* fields that replace those of the same name */
	struct buffer body;    /* replaces the request's body, if has_body */
	bool has_body;
};
/* Signs as the provider would at in->at. Ids of in->headers are kept; where there are none they are made. For public
 * key schemes the secret is the private key (PEM; for Ed25519 the seed in hex or whsk_…). EXIT_USAGE. Freed by
 * signature_sign_free in any case. */
MUST_CHECK bool signature_sign(const struct signature_provider *p, const struct signature_input *in,
			       struct signature_sign_out *out, struct error *e);
void signature_sign_free(struct signature_sign_out *out);
