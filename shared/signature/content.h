/* What is signed: a request's parts put together as the scheme's row says. Inside of shared/signature. Pure. */
#pragma once

#include "shared/signature/claim.h"

/* Appends it. False: claim->reason and text. */
MUST_CHECK bool content_build(struct claim *c, const struct signature_input *in, struct buffer *out);
/* Appends the template's text with its %… filled in, as a row's `content` is. False: claim->reason and text. */
MUST_CHECK bool content_fill(struct claim *c, const struct signature_input *in, const char *form, struct buffer *out);
/* Whether the URL is in it. */
bool content_has_url(const char *form);
