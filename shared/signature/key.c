/* Secrets as providers show them, to keys. */
#include "shared/signature/key.h"

#include "shared/json/json_body.h"
#include "shared/signature/signature_tools.h"

#include <string.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#define ED25519_LEN 32

static bool drop(struct bytes *b, const char *prefix)
{
	if (!bytes_begins(*b, prefix))
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
	for (size_t i = 0; i < k->pairs.count; i++)
		EVP_PKEY_free(k->pairs.at[i]);
	k->pairs.count = 0;
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
	if (!key && in && !private) {
		(void)BIO_reset(in);
		X509 *certificate = PEM_read_bio_X509(in, NULL, NULL, (void *)"");
		key = certificate ? X509_get_pubkey(certificate) : NULL;
		X509_free(certificate);
	}
	ERR_clear_error();
	BIO_free(in);
	return key;
}

static EVP_PKEY *raw_ed25519(struct bytes key, bool private)
{
	if (private)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key.at, ED25519_LEN);
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key.at, ED25519_LEN);
}

/* Discord: hex. Telnyx: base64. Standard Webhooks: whpk_ and base64, whsk_ and base64 of the seed with or without the
 * public key. */
static EVP_PKEY *read_ed25519(struct bytes secret, bool in_base64, bool private)
{
	struct buffer raw = { 0 };
	EVP_PKEY *key = NULL;
	bool is_private = drop(&secret, "whsk_");
	bool base64 = drop(&secret, "whpk_") || is_private;
	bool read = crypto_decode(base64 || in_base64 ? FORM_BASE64 : FORM_HEX, secret, &raw);
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

/* Where a PEM begins, or the JSON that holds some, as Google hands out its certificates: {"KID": "-----BEGIN …"}. */
static bool find_pem(struct bytes secret, struct bytes *from, bool *is_set)
{
	const uint8_t *begin = secret.len ? memmem(secret.at, secret.len, "-----BEGIN", 10) : NULL;
	const uint8_t *brace = begin ? memchr(secret.at, '{', (size_t)(begin - secret.at)) : NULL;
	*is_set = brace != NULL;
	if (begin && brace)
		begin = brace;
	*from = bytes_make(begin, begin ? secret.len - (size_t)(begin - secret.at) : 0);
	return begin != NULL;
}

/* Of such a set the certificate of that id, or the first. */
static EVP_PKEY *read_pem_set(struct bytes set, struct bytes kid, bool *lacks_kid)
{
	struct buffer name = { 0 }, pem = { 0 };
	EVP_PKEY *key = NULL;
	bool named = kid.len && buffer_append_bytes(&name, kid) && buffer_put_u8(&name, 0) &&
		     json_body_value(set, (const char *)name.at, &pem, NULL);
	*lacks_kid = kid.len && !named;
	name.len = named ? name.len : 0;
	if (named || (json_body_other_key(set, "", &name) && buffer_put_u8(&name, 0) &&
		      json_body_value(set, (const char *)name.at, &pem, NULL)))
		key = read_pem(buffer_view(&pem), false);
	buffer_free(&name);
	buffer_free(&pem);
	return key;
}

struct bytes key_line(struct bytes secret)
{
	struct bytes from;
	bool is_set;
	size_t len = find_pem(secret, &from, &is_set) || jwk_find(secret, &from) ? secret.len - from.len : 0;
	while (len && secret.at[len - 1] <= ' ')
		len--;
	return bytes_make(secret.at, len);
}

/* What each kind of key pair is called, by OpenSSL and in sentences. */
static const struct pair_kind {
	const char *openssl, *public, *private;
} ed25519 = { "ED25519", "it must be an Ed25519 public key: 64 hex digits, or PEM",
	      "to sign, it must be an Ed25519 private key: PEM, or its 32-byte seed in hex" },
  ed25519_base64 = { "ED25519", "it must be an Ed25519 public key: base64 of its 32 bytes, or PEM",
		     "to sign, it must be an Ed25519 private key: PEM, or its 32-byte seed in base64" },
  ec = { "EC", "it must be an EC public key: PEM, base64 of DER, or a JSON Web Key",
	 "to sign, it must be an EC private key: PEM, or base64 of DER" },
  rsa = { "RSA", "it must be an RSA public key or a certificate: PEM, base64 of DER, or a JSON Web Key",
	  "to sign, it must be an RSA private key: PEM, or base64 of DER" };

static const struct pair_kind *kind_of(const struct signature_provider *s)
{
	if (s->algorithm == SIGN_ECDSA || s->algorithm == SIGN_ES256)
		return &ec;
	if (s->algorithm == SIGN_RSA_SHA256 || s->algorithm == SIGN_RSA_SHA1)
		return &rsa;
	return s->form == FORM_BASE64 ? &ed25519_base64 : &ed25519;
}

static bool read_pair(const struct signature_provider *s, struct bytes secret, struct bytes kid, bool private,
		      struct secret_key *out, const char **why)
{
	const struct pair_kind *kind = kind_of(s);
	struct bytes from;
	bool is_set;
	EVP_PKEY *key;
	*why = private ? kind->private : kind->public;
	bool has_pem = find_pem(secret, &from, &is_set);
	if (!has_pem && !private && jwk_find(secret, &from)) {
		jwk_read(from, kind->openssl, kid, &out->pairs);
		return out->pairs.count > 0;
	}
	if (has_pem)
		key = is_set && !private ? read_pem_set(from, kid, &out->pairs.lacks_kid) : read_pem(from, private);
	else if (kind == &ec || kind == &rsa)
		key = read_der(secret, private);
	else
		key = read_ed25519(secret, kind == &ed25519_base64, private);
	if (!key || !EVP_PKEY_is_a(key, kind->openssl)) {
		EVP_PKEY_free(key);
		return false;
	}
	out->pairs.at[out->pairs.count++] = key;
	return true;
}

/* ---- the others ---- */

static bool read_standard(struct bytes secret, bool private, struct secret_key *out, const char **why)
{
	static const struct signature_provider pair = { .algorithm = SIGN_ED25519 };
	if (bytes_begins(secret, "whpk_") || bytes_begins(secret, "whsk_") || bytes_begins(secret, "-----BEGIN"))
		return read_pair(&pair, secret, bytes_of(NULL), private, out, why);
	drop(&secret, "whsec_");
	if (secret.len && crypto_decode(FORM_BASE64, secret, &out->mac) && out->mac.len)
		return true;
	*why = "it must be base64, usually after whsec_ (or a public key, whpk_ and base64)";
	return false;
}

static bool read_bytes(enum signature_form form, struct bytes secret, struct secret_key *out, const char **why)
{
	*why = form == FORM_HEX ? "it must be hex" : "it must be base64";
	return secret.len && crypto_decode(form, secret, &out->mac) && out->mac.len;
}

/* Braintree's public key may stand on a line before the private one. */
static struct bytes last_line(struct bytes text)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.at[i - 1] == '\n')
			return bytes_make(text.at + i, text.len - i);
	return text;
}

struct bytes key_first_line(const struct signature_provider *s, struct bytes secret)
{
	struct bytes line = bytes_until(secret, '\n');
	if (s->secret != SECRET_HASHED || line.len == secret.len)
		return bytes_make(NULL, 0);
	while (line.len && line.at[line.len - 1] <= ' ')
		line.len--;
	return line;
}

static bool key_of(const struct signature_provider *s, struct bytes secret, struct bytes kid, bool private,
		   struct secret_key *out, const char **why)
{
	*why = secret.len ? "out of memory" : "it is empty";
	memset(out, 0, sizeof *out);
	switch (s->secret) {
	case SECRET_PUBLIC_KEY:
		return read_pair(s, secret, kid, private, out, why);
	case SECRET_STANDARD:
		return read_standard(secret, private, out, why);
	case SECRET_HEX:
		return read_bytes(FORM_HEX, secret, out, why);
	case SECRET_BASE64:
		return read_bytes(FORM_BASE64, secret, out, why);
	case SECRET_HASHED:
		return secret.len && crypto_sha1(last_line(secret), &out->mac);
	case SECRET_TEXT:
		break;
	}
	return secret.len && buffer_append_bytes(&out->mac, secret);
}

bool key_read(const struct signature_provider *s, struct bytes secret, struct bytes kid, struct secret_key *out,
	      const char **why)
{
	return key_of(s, secret, kid, false, out, why);
}

bool key_read_private(const struct signature_provider *s, struct bytes secret, struct secret_key *out, const char **why)
{
	return key_of(s, secret, bytes_of(NULL), true, out, why);
}
