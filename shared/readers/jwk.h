/* Public keys as JSON Web Keys (RFC 7517, 7518 §6, 8037): what Plaid and Google hand out where others have PEM. Read
 * from the user's file alone. Pure. */
#pragma once

#include "shared/base/bytes.h"

#include <openssl/types.h>

/* Whether the text is, or holds, a JSON Web Key: *json becomes the view from its first brace on. */
bool jwk_find(struct bytes text, struct bytes *json);
#define JWK_MOST 16 /* keys of a set that fit; later ones do not count */
struct jwk_keys {
	EVP_PKEY *at[JWK_MOST];
	size_t count;
	bool lacks_kid; /* the keys of the set have ids, and none of them is the one asked for */
};
/* The keys of `kind`, as OpenSSL calls it (RSA, ED25519, or EC: then P-256): one alone, one as `key` of an object
 * (Plaid's answer), or those of a set's `keys`. Of a set the one whose id is `kid` counts alone, if it is there. The
 * caller frees each with EVP_PKEY_free. count 0: there is none, or no memory. */
void jwk_read(struct bytes json, const char *kind, struct bytes kid, struct jwk_keys *out);
