/* Public keys as JSON Web Keys (RFC 7517, 7518 §6, 8037): what Plaid and Google hand out where others have PEM. Read
 * from the user's file alone. Pure. */
#pragma once

#include "shared/base/bytes.h"

#include <openssl/types.h>

/* Whether the text is, or holds, a JSON Web Key: *json becomes the view from its first brace on. */
bool jwk_find(struct bytes text, struct bytes *json);
/* A key of P-256, Ed25519 or RSA: alone, as `key` of an object (Plaid's answer), or the only one of a set's `keys`. The
 * caller frees it with EVP_PKEY_free. NULL: it is none of these, or no memory. */
EVP_PKEY *jwk_read(struct bytes json);
