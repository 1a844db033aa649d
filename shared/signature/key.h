/* Secrets as providers show them, made into keys. Inside of shared/signature. Pure. */
#pragma once

#include "shared/readers/jwk.h"
#include "shared/signature/signature_private.h"

struct secret_key {
	struct buffer mac;     /* key of HMAC, or the token */
	struct jwk_keys pairs; /* public keys, of which any may be meant; to sign with, one private key */
};

/* `kid` is the id of the key in a set of them, empty if that is not known. False and *why, a clause, when it cannot be
 * a secret of this scheme. key_free in any case, which also wipes it. */
MUST_CHECK bool key_read(const struct signature_provider *s, struct bytes secret, struct bytes kid,
			 struct secret_key *out, const char **why);
/* The private half, for signing. */
MUST_CHECK bool key_read_private(const struct signature_provider *s, struct bytes secret, struct secret_key *out,
				 const char **why);
/* What stands before a PEM or JSON in the secret: PayPal's webhook id, an audience. Empty: nothing. */
struct bytes key_line(struct bytes secret);
/* The public key that may stand on a line before the private one (Braintree). Empty: there is none. */
struct bytes key_first_line(const struct signature_provider *s, struct bytes secret);
void key_free(struct secret_key *k);
