#include "shared/signature/crypto.h"

#include "shared/text/base64.h"
#include "shared/base/hex.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

bool crypto_mac(enum signature_algorithm a, struct bytes key, struct bytes content, uint8_t out[32], size_t *len)
{
	static const char *const digests[] = { [SIGN_SHA256] = "SHA256", [SIGN_SHA1] = "SHA1" };
	uint8_t mac[EVP_MAX_MD_SIZE];
	/* NULL would mean the key of the call before. */
	const void *k = key.len ? (const void *)key.at : "";
	const void *c = content.len ? (const void *)content.at : "";
	if (!EVP_Q_mac(NULL, "HMAC", NULL, digests[a], NULL, k, key.len, c, content.len, mac, sizeof mac, len))
		return false;
	memcpy(out, mac, *len);
	return true;
}

bool crypto_encode(enum signature_form form, struct bytes in, struct buffer *out)
{
	return form == FORM_HEX ? hex_encode(out, in) : base64_encode(out, in, 0);
}

bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out)
{
	return form == FORM_HEX ? hex_decode(out, in) : base64_decode_loose(out, in);
}

bool crypto_sha256_hex(struct bytes content, char out[65])
{
	uint8_t digest[32];
	struct buffer hex = { 0 };
	size_t len;
	bool fine = EVP_Q_digest(NULL, "SHA256", NULL, content.len ? (const void *)content.at : "", content.len, digest,
				 &len) &&
		    crypto_encode(FORM_HEX, bytes_make(digest, len), &hex) && hex.len == 64;
	if (fine) {
		memcpy(out, hex.at, 64);
		out[64] = 0;
	}
	buffer_free(&hex);
	return fine;
}

static const EVP_MD *digest_of(enum signature_algorithm a)
{
	return a == SIGN_ECDSA ? EVP_sha256() : NULL; /* Ed25519 has its own */
}

bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes signature)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	bool fine = x && key && signature.len && EVP_DigestVerifyInit(x, NULL, digest_of(a), NULL, key) == 1 &&
		    EVP_DigestVerify(x, signature.at, signature.len, c, content.len) == 1;
	EVP_MD_CTX_free(x);
	return fine;
}

bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *signature)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	uint8_t out[256];
	size_t len = sizeof out;
	bool fine = x && EVP_DigestSignInit(x, NULL, digest_of(a), NULL, key) == 1 &&
		    EVP_DigestSign(x, out, &len, c, content.len) == 1 && buffer_append(signature, out, len);
	EVP_MD_CTX_free(x);
	return fine;
}
