/* Secrets as providers show them, to keys. */
#include "shared/signature/key.h"

#include "shared/signature/signature_tools.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define ED25519_LEN 32

static bool drop(struct bytes *b, const char *prefix)
{
	if (!signature_begins(*b, prefix))
		return false;
	*b = bytes_make(b->at + strlen(prefix), b->len - strlen(prefix));
	return true;
}

static void wipe(struct buffer *b)
{
	if (b->at)
		OPENSSL_cleanse(b->at, b->cap);
	buffer_free(b);
}

void key_free(struct secret_key *k)
{
	wipe(&k->mac);
	EVP_PKEY_free(k->public);
	k->public = NULL;
}

/* ---- public keys ---- */

static EVP_PKEY *read_pem(struct bytes text, bool private)
{
	BIO *in = text.len <= INT32_MAX ? BIO_new_mem_buf(text.at, (int)text.len) : NULL;
	/* An empty pass phrase, for OpenSSL would ask at the terminal. */
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, (void *)"") : NULL;
	if (!key && in && !private) {
		(void)BIO_reset(in);
		key = PEM_read_bio_PUBKEY(in, NULL, NULL, (void *)"");
	}
	BIO_free(in);
	return key;
}

static EVP_PKEY *raw_ed25519(struct bytes key, bool private)
{
	if (private)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key.at, ED25519_LEN);
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key.at, ED25519_LEN);
}

/* Discord: hex. Standard Webhooks: whpk_ and base64, whsk_ and base64 of the seed with or without the public key. */
static EVP_PKEY *read_ed25519(struct bytes secret, bool private)
{
	struct buffer raw = { 0 };
	EVP_PKEY *key = NULL;
	bool is_private = drop(&secret, "whsk_");
	bool base64 = drop(&secret, "whpk_") || is_private;
	bool read = crypto_decode(base64 ? FORM_BASE64 : FORM_HEX, secret, &raw);
	if (read && is_private && (raw.len == ED25519_LEN || raw.len == 2 * (size_t)ED25519_LEN))
		key = raw_ed25519(buffer_view(&raw), true);
	else if (read && raw.len == ED25519_LEN && (!private || !base64))
		key = raw_ed25519(buffer_view(&raw), private);
	wipe(&raw);
	return key;
}

static EVP_PKEY *read_der(struct bytes secret, bool private)
{
	struct buffer raw = { 0 };
	EVP_PKEY *key = NULL;
	if (crypto_decode(FORM_BASE64, secret, &raw) && raw.len && raw.len <= 4096) {
		const uint8_t *at = raw.at;
		key = private ? d2i_AutoPrivateKey(NULL, &at, (long)raw.len) : d2i_PUBKEY(NULL, &at, (long)raw.len);
	}
	wipe(&raw);
	return key;
}

static bool read_pair(const struct signature_provider *s, struct bytes secret, bool private, struct secret_key *out,
		      const char **why)
{
	bool ed25519 = s->algorithm != SIGN_ECDSA;
	if (signature_begins(secret, "-----BEGIN"))
		out->public = read_pem(secret, private);
	else
		out->public = ed25519 ? read_ed25519(secret, private) : read_der(secret, private);
	if (out->public && EVP_PKEY_is_a(out->public, ed25519 ? "ED25519" : "EC"))
		return true;
	if (private)
		*why = ed25519 ? "to sign, it must be an Ed25519 private key: PEM, or its 32-byte seed in hex"
			       : "to sign, it must be an EC private key: PEM, or base64 of DER";
	else
		*why = ed25519 ? "it must be an Ed25519 public key: 64 hex digits, or PEM"
			       : "it must be an EC public key: base64 of DER, or PEM";
	EVP_PKEY_free(out->public);
	out->public = NULL;
	return false;
}

/* ---- the others ---- */

static bool read_standard(struct bytes secret, bool private, struct secret_key *out, const char **why)
{
	static const struct signature_provider pair = { .algorithm = SIGN_ED25519 };
	if (signature_begins(secret, "whpk_") || signature_begins(secret, "whsk_") ||
	    signature_begins(secret, "-----BEGIN"))
		return read_pair(&pair, secret, private, out, why);
	drop(&secret, "whsec_");
	if (secret.len && crypto_decode(FORM_BASE64, secret, &out->mac) && out->mac.len)
		return true;
	*why = "it must be base64, usually after whsec_ (or a public key, whpk_ and base64)";
	return false;
}

static bool key_of(const struct signature_provider *s, struct bytes secret, bool private, struct secret_key *out,
		   const char **why)
{
	*why = "out of memory";
	memset(out, 0, sizeof *out);
	if (s->secret == SECRET_PUBLIC_KEY)
		return read_pair(s, secret, private, out, why);
	if (s->secret == SECRET_STANDARD)
		return read_standard(secret, private, out, why);
	if (secret.len == 0)
		*why = "it is empty";
	return secret.len && buffer_append_bytes(&out->mac, secret);
}

bool key_read(const struct signature_provider *s, struct bytes secret, struct secret_key *out, const char **why)
{
	return key_of(s, secret, false, out, why);
}

bool key_read_private(const struct signature_provider *s, struct bytes secret, struct secret_key *out, const char **why)
{
	return key_of(s, secret, true, out, why);
}
