/* Which header fields are not for other eyes, and a block without their values. Pure; any thread. */
#pragma once

#include "shared/bytes.h"
#include "shared/options.h"

#define REDACTED "REDACTED"

/* Whoever has it can act as the sender or the user: Authorization, Cookie, Set-Cookie, API keys, tokens, secrets. */
bool redact_is_secret(struct bytes name);
/* Secrets, signatures (headers_has_signature), and `more` names, without case; `more` may be NULL. */
bool redact_is_named(struct bytes name, const struct option_values *more);
/* Appends the block with REDACTED for the values of fields that redact_is_named. */
MUST_CHECK bool redact_headers(struct buffer *out, struct bytes block, const struct option_values *more);
