/* What OpenSSL does for signatures, and how they are written. Inside of shared/signature. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

enum signature_algorithm { SIGN_SHA256, SIGN_SHA1, SIGN_TOKEN, SIGN_ED25519, SIGN_ECDSA };
enum signature_form { FORM_HEX, FORM_BASE64 };

/* HMAC with SHA-256 or SHA-1. False when OpenSSL fails. */
MUST_CHECK bool crypto_mac(enum signature_algorithm a, struct bytes key, struct bytes content, uint8_t out[32],
			   size_t *len);
/* In lower case, NUL-terminated. */
MUST_CHECK bool crypto_sha256_hex(struct bytes content, char out[65]);
/* With a key pair: `key` is an EVP_PKEY. Whether the signature, not in text, holds. */
bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes signature);
/* Appends the signature, not in text. */
MUST_CHECK bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *signature);
MUST_CHECK bool crypto_encode(enum signature_form form, struct bytes in, struct buffer *out);
/* False when it is not of that form: hex of either case; base64 with or without its padding, URL-safe letters too. */
MUST_CHECK bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out);
