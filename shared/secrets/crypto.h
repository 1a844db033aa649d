/* The cryptography of signatures, by OpenSSL, and the ways in which they are written as text. For shared/signature and
 * what is built on it. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

enum signature_algorithm {
	SIGN_SHA256, /* HMAC, as the next three */
	SIGN_SHA1,
	SIGN_SHA384,
	SIGN_SHA512,
	SIGN_DIGEST,  /* SHA-256 of the key and what follows it */
	SIGN_TOKEN,   /* the secret itself */
	SIGN_ED25519, /* this and the next four: key pairs */
	SIGN_ECDSA,   /* P-256 with SHA-256, DER */
	SIGN_ES256,   /* the same in the form of tokens: both numbers, 32 bytes each (RFC 7518 §3.4) */
	SIGN_RSA_SHA256,
	SIGN_RSA_SHA1,
};
enum signature_form { FORM_HEX, FORM_BASE64, FORM_BASE64URL };

#define CRYPTO_MAC_MOST 64
/* How many bytes a MAC of that kind has; 0: it is not a MAC. */
size_t crypto_mac_len(enum signature_algorithm a);
/* HMAC, or SIGN_DIGEST. False when OpenSSL fails. */
MUST_CHECK bool crypto_mac(enum signature_algorithm a, struct bytes key, struct bytes content,
			   uint8_t out[CRYPTO_MAC_MOST], size_t *len);
/* Appends the SHA-256 in that form. */
MUST_CHECK bool crypto_sha256(enum signature_form form, struct bytes content, struct buffer *out);
/* The SHA-1 itself, appended. */
MUST_CHECK bool crypto_sha1(struct bytes content, struct buffer *out);
/* In lower case, NUL-terminated. */
MUST_CHECK bool crypto_sha256_hex(struct bytes content, char out[65]);
/* With a key pair: `key` is an EVP_PKEY. Whether the signature, not in text, holds. */
bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes signature);
/* Appends the signature, not in text. */
MUST_CHECK bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *signature);
MUST_CHECK bool crypto_encode(enum signature_form form, struct bytes in, struct buffer *out);
/* False when it is not of that form: hex of either case; base64 of either kind with or without its padding. */
MUST_CHECK bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out);
