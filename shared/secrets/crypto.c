#include "shared/secrets/crypto.h"

#include "shared/text/base64.h"
#include "shared/base/hex.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static const char *const digests[] = { [SIGN_SHA256] = "SHA256",
				       [SIGN_SHA1] = "SHA1",
				       [SIGN_SHA384] = "SHA384",
				       [SIGN_SHA512] = "SHA512",
				       [SIGN_DIGEST] = "SHA256" };

size_t crypto_mac_len(enum signature_algorithm a)
{
	static const size_t lens[] = {
		[SIGN_SHA256] = 32, [SIGN_SHA1] = 20, [SIGN_SHA384] = 48, [SIGN_SHA512] = 64, [SIGN_DIGEST] = 32
	};
	return a <= SIGN_DIGEST ? lens[a] : 0;
}

static bool digest_both(struct bytes key, struct bytes content, uint8_t *out)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	bool fine = x && EVP_DigestInit_ex(x, EVP_sha256(), NULL) == 1 &&
		    EVP_DigestUpdate(x, key.len ? (const void *)key.at : "", key.len) == 1 &&
		    EVP_DigestUpdate(x, content.len ? (const void *)content.at : "", content.len) == 1 &&
		    EVP_DigestFinal_ex(x, out, NULL) == 1;
	EVP_MD_CTX_free(x);
	return fine;
}

bool crypto_mac(enum signature_algorithm a, struct bytes key, struct bytes content, uint8_t out[CRYPTO_MAC_MOST],
		size_t *len)
{
	/* NULL would mean the key of the call before. */
	const void *k = key.len ? (const void *)key.at : "";
	const void *c = content.len ? (const void *)content.at : "";
	*len = crypto_mac_len(a);
	if (a == SIGN_DIGEST)
		return digest_both(key, content, out);
	return *len &&
	       EVP_Q_mac(NULL, "HMAC", NULL, digests[a], NULL, k, key.len, c, content.len, out, CRYPTO_MAC_MOST, len);
}

bool crypto_encode(enum signature_form form, struct bytes in, struct buffer *out)
{
	size_t start = out->len;
	if (form == FORM_HEX)
		return hex_encode(out, in);
	if (!base64_encode(out, in, 0))
		return false;
	for (size_t i = start; form == FORM_BASE64URL && i < out->len; i++) {
		uint8_t c = out->at[i];
		out->at[i] = c == '+' ? '-' : c == '/' ? '_' : c;
	}
	while (form == FORM_BASE64URL && out->len > start && out->at[out->len - 1] == '=')
		out->len--;
	return true;
}

bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out)
{
	return form == FORM_HEX ? hex_decode(out, in) : base64_decode_loose(out, in);
}

bool crypto_sha256(enum signature_form form, struct bytes content, struct buffer *out)
{
	uint8_t digest[32];
	size_t len;
	return EVP_Q_digest(NULL, "SHA256", NULL, content.len ? (const void *)content.at : "", content.len, digest,
			    &len) &&
	       crypto_encode(form, bytes_make(digest, len), out);
}

bool crypto_sha1(struct bytes content, struct buffer *out)
{
	uint8_t digest[20];
	size_t len;
	return EVP_Q_digest(NULL, "SHA1", NULL, content.len ? (const void *)content.at : "", content.len, digest,
			    &len) &&
	       buffer_append(out, digest, len);
}

/* ---- key pairs ---- */

#define ES256_HALF 32

/* A token's two numbers, as the DER that OpenSSL wants. */
static bool es256_to_der(struct bytes raw, struct buffer *der)
{
	if (raw.len != 2 * (size_t)ES256_HALF)
		return false;
	ECDSA_SIG *both = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw.at, ES256_HALF, NULL), *s = BN_bin2bn(raw.at + ES256_HALF, ES256_HALF, NULL);
	uint8_t *out = NULL;
	bool set = both && r && s && ECDSA_SIG_set0(both, r, s) == 1;
	int len = set ? i2d_ECDSA_SIG(both, &out) : 0;
	bool fine = len > 0 && buffer_append(der, out, (size_t)len);
	if (!set) {
		BN_free(r);
		BN_free(s);
	}
	OPENSSL_free(out);
	ECDSA_SIG_free(both);
	return fine;
}

static bool es256_of_der(struct bytes der, struct buffer *raw)
{
	const uint8_t *at = der.at;
	ECDSA_SIG *both = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	bool fine = both && buffer_reserve(raw, 2 * (size_t)ES256_HALF) &&
		    BN_bn2binpad(ECDSA_SIG_get0_r(both), raw->at + raw->len, ES256_HALF) == ES256_HALF &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(both), raw->at + raw->len + ES256_HALF, ES256_HALF) == ES256_HALF;
	if (fine)
		raw->len += 2 * (size_t)ES256_HALF;
	ECDSA_SIG_free(both);
	return fine;
}

static const EVP_MD *digest_of(enum signature_algorithm a)
{
	if (a == SIGN_ED25519)
		return NULL; /* it has its own */
	return a == SIGN_RSA_SHA1 ? EVP_sha1() : EVP_sha256();
}

bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes signature)
{
	struct buffer der = { 0 };
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	bool fine = x && key && signature.len && (a != SIGN_ES256 || es256_to_der(signature, &der));
	if (a == SIGN_ES256)
		signature = buffer_view(&der);
	fine = fine && EVP_DigestVerifyInit(x, NULL, digest_of(a), NULL, key) == 1 &&
	       EVP_DigestVerify(x, signature.at, signature.len, c, content.len) == 1;
	EVP_MD_CTX_free(x);
	buffer_free(&der);
	return fine;
}

bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *signature)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	uint8_t out[1024]; /* RSA of 8,192 bits */
	size_t len = sizeof out;
	bool fine = x && EVP_DigestSignInit(x, NULL, digest_of(a), NULL, key) == 1 &&
		    EVP_DigestSign(x, out, &len, c, content.len) == 1;
	fine = fine &&
	       (a == SIGN_ES256 ? es256_of_der(bytes_make(out, len), signature) : buffer_append(signature, out, len));
	EVP_MD_CTX_free(x);
	return fine;
}
