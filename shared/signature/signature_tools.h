/* Parts of what webhooks are read and signed with, by challenges and samples as well. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* In constant time for equal lengths. */
bool signature_equal(struct bytes a, struct bytes b);
/* HMAC-SHA256 in lower-case hex, appended. */
MUST_CHECK bool signature_hmac_hex(struct bytes key, struct bytes content, struct buffer *out);
/* The same as Braintree makes it: HMAC-SHA1, the key the SHA-1 of the secret's last line. */
MUST_CHECK bool signature_braintree_hex(struct bytes secret, struct bytes content, struct buffer *out);
