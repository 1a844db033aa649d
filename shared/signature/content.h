/* What is signed: a request's parts put together as the scheme's row says. Inside of shared/signature. Pure. */
#pragma once

#include "shared/signature/claim.h"

/* Appends it. False: claim->reason and text. */
MUST_CHECK bool content_build(struct claim *c, const struct signature_input *in, struct buffer *out);
