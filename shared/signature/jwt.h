/* JSON Web Tokens (RFC 7519) as signatures, in the compact form of RFC 7515 §3.1. Inside of shared/signature. Pure. */
#pragma once

#include "shared/signature/claim.h"

/* Takes the token apart: its signature, times and the id of its key into *c. False: c->reason and text. The token is
 * not yet checked. */
MUST_CHECK bool jwt_read(struct claim *c, struct bytes token);
/* Whether what it says is of this request: its issuer, audience and the body's sum. False: c->reason and text. */
MUST_CHECK bool jwt_agrees(struct claim *c, const struct signature_input *in);
/* Appends header and claims as they are signed, for in->at. False when out of memory, or the claims cannot be made. */
MUST_CHECK bool jwt_begin(struct claim *c, const struct signature_input *in, struct buffer *out);
