/* JSON Web Tokens in their compact form (RFC 7519, RFC 7515 §7.1), read and not verified. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/json/json_tokens.h"

#define WEB_TOKEN_MOST ((size_t)256 << 10) /* bytes of a token */

struct web_token {
	struct buffer header, payload; /* JSON, decoded */
	struct json_tokens header_tokens, payload_tokens;
	size_t signature_len; /* bytes; 0: unsigned */
};

/* True when the text is three parts in base64url, of which the first two are objects of JSON, the first with "alg".
 * To be freed in that case. False otherwise, and when out of memory. */
MUST_CHECK bool web_token_read(struct bytes text, struct web_token *out);
void web_token_free(struct web_token *j);
