#include "shared/signature/signature_private.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

bool signature_begins(struct bytes b, const char *with)
{
	size_t len = strlen(with);
	return len == 0 || (b.len >= len && memcmp(b.at, with, len) == 0);
}

bool signature_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}

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
	static const char digits[] = "0123456789abcdef";
	if (form == FORM_HEX) {
		if (!buffer_reserve(out, 2 * in.len))
			return false;
		for (size_t i = 0; i < in.len; i++) {
			out->at[out->len++] = (uint8_t)digits[in.at[i] >> 4];
			out->at[out->len++] = (uint8_t)digits[in.at[i] & 15];
		}
		return true;
	}
	size_t len = (in.len + 2) / 3 * 4;
	if (in.len > INT32_MAX / 2 || !buffer_reserve(out, len + 1))
		return false;
	if (in.len)
		EVP_EncodeBlock(out->at + out->len, in.at, (int)in.len);
	out->len += len;
	return true;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode_hex(struct bytes in, struct buffer *out)
{
	if (in.len % 2 || !buffer_reserve(out, in.len / 2))
		return false;
	for (size_t i = 0; i < in.len; i += 2) {
		int high = hex_digit(in.at[i]), low = hex_digit(in.at[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out->at[out->len++] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* EVP_DecodeBlock keeps the padding's zeros and skips blanks at the ends. */
static bool decode_base64(struct bytes in, struct buffer *out)
{
	size_t len = in.len;
	uint32_t word = 0;
	int bits = 0;
	for (int pads = 0; pads < 2 && len > 0 && len % 4 == (pads ? 3u : 0u) && in.at[len - 1] == '='; pads++)
		len--;
	if (len % 4 == 1 || !buffer_reserve(out, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(in.at[i]);
		if (digit < 0)
			return false;
		word = word << 6 | (uint32_t)digit;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out->at[out->len++] = (uint8_t)(word >> bits);
		}
	}
	return true;
}

bool crypto_decode(enum signature_form form, struct bytes in, struct buffer *out)
{
	return form == FORM_HEX ? decode_hex(in, out) : decode_base64(in, out);
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

bool signature_hmac_hex(struct bytes key, struct bytes content, struct buffer *out)
{
	uint8_t mac[32];
	size_t len;
	return crypto_mac(SIGN_SHA256, key, content, mac, &len) && crypto_encode(FORM_HEX, bytes_make(mac, len), out);
}

static const EVP_MD *digest_of(enum signature_algorithm a)
{
	return a == SIGN_ECDSA ? EVP_sha256() : NULL; /* Ed25519 has its own */
}

bool crypto_verify(enum signature_algorithm a, void *key, struct bytes content, struct bytes mark)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	bool fine = x && key && mark.len && EVP_DigestVerifyInit(x, NULL, digest_of(a), NULL, key) == 1 &&
		    EVP_DigestVerify(x, mark.at, mark.len, c, content.len) == 1;
	EVP_MD_CTX_free(x);
	return fine;
}

bool crypto_sign(enum signature_algorithm a, void *key, struct bytes content, struct buffer *mark)
{
	EVP_MD_CTX *x = EVP_MD_CTX_new();
	const uint8_t *c = content.len ? content.at : (const uint8_t *)"";
	uint8_t out[256];
	size_t len = sizeof out;
	bool fine = x && EVP_DigestSignInit(x, NULL, digest_of(a), NULL, key) == 1 &&
		    EVP_DigestSign(x, out, &len, c, content.len) == 1 && buffer_append(mark, out, len);
	EVP_MD_CTX_free(x);
	return fine;
}
