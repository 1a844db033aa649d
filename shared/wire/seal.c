#include "shared/wire/seal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdlib.h>
#include <string.h>

#include "shared/wire/seal_private.h"

#define SECRET_LEN 32
#define NONCE_LEN 12

static const char label[] = "creel sealed v1";
#define LABEL_LEN (sizeof label - 1)

/* Fetched once: looking an algorithm up costs more than sealing a small delivery with it. */
struct suite {
	EVP_KDF_CTX *hkdf;
	EVP_CIPHER *aead;
	EVP_CIPHER_CTX *cipher;
};

struct seal_sender {
	struct suite suite;
	uint8_t shared[SECRET_LEN]; /* the same for all objects; the private key it came from is gone */
	uint8_t sender[SEAL_KEY_LEN];
	uint8_t recipient[SEAL_KEY_LEN];
};

struct seal_key {
	struct suite suite;
	EVP_PKEY *pair;
	uint8_t public[SEAL_KEY_LEN];
	/* A relay seals all it keeps for a client by one key pair: what was agreed with the last one is kept, for that
	 * costs ten times what opening a small delivery does. */
	bool agreed;
	uint8_t last_sender[SEAL_KEY_LEN];
	uint8_t last_shared[SECRET_LEN];
};

/* ---- the parts ---- */

static bool suite_init(struct suite *s)
{
	EVP_KDF *hkdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
	s->hkdf = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	EVP_KDF_free(hkdf); /* the context holds its own reference */
	s->aead = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	s->cipher = EVP_CIPHER_CTX_new();
	return s->hkdf && s->aead && s->cipher;
}

static void suite_clear(struct suite *s)
{
	EVP_KDF_CTX_free(s->hkdf);
	EVP_CIPHER_free(s->aead);
	EVP_CIPHER_CTX_free(s->cipher);
}

/* The secret shared by a key pair and another's public key. False also for a key of small order, with which the secret
 * would be known to everybody. */
static bool agree(EVP_PKEY *pair, const uint8_t other[SEAL_KEY_LEN], uint8_t shared[SECRET_LEN])
{
	static const uint8_t zero[SECRET_LEN];
	size_t len = SECRET_LEN;
	EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, other, SEAL_KEY_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
	bool fine = peer && ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
		    EVP_PKEY_derive(ctx, shared, &len) == 1 && len == SECRET_LEN;
	/* RFC 7748 §6.1. OpenSSL's own X25519 looks too, those of processors with an instruction for it do not. */
	fine = fine && CRYPTO_memcmp(shared, zero, SECRET_LEN) != 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return fine;
}

/* Makes the object's key and readies the cipher with it. */
static bool suite_start(const struct suite *s, const uint8_t shared[SECRET_LEN], const uint8_t head[SEAL_HEAD_LEN],
			const uint8_t recipient[SEAL_KEY_LEN], int encrypt)
{
	uint8_t key[SECRET_LEN], info[LABEL_LEN + SEAL_KEY_LEN + SEAL_KEY_LEN];
	char digest[] = "SHA256";
	memcpy(info, label, LABEL_LEN);
	memcpy(info + LABEL_LEN, head + UUID_LEN, SEAL_KEY_LEN);
	memcpy(info + LABEL_LEN + SEAL_KEY_LEN, recipient, SEAL_KEY_LEN);
	/* The parameters are not const for OpenSSL, which only reads those that are set. */
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)shared, SECRET_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)head, UUID_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX_reset(s->hkdf);
	bool fine = EVP_KDF_derive(s->hkdf, key, sizeof key, params) == 1 &&
		    EVP_CipherInit_ex2(s->cipher, s->aead, key, NULL, encrypt, NULL) == 1;
	OPENSSL_cleanse(key, sizeof key);
	return fine;
}

static void nonce_of(uint64_t index, bool last, uint8_t nonce[NONCE_LEN])
{
	memset(nonce, 0, NONCE_LEN);
	nonce[3] = last;
	bytes_set_u64(nonce + 4, index);
}

/* Writes chunk.len bytes and the tag. */
static bool seal_chunk(const struct suite *s, uint64_t index, bool last, struct bytes chunk, uint8_t *to)
{
	uint8_t nonce[NONCE_LEN];
	int len = 0, rest = 0;
	nonce_of(index, last, nonce);
	if (EVP_CipherInit_ex2(s->cipher, NULL, NULL, nonce, 1, NULL) != 1)
		return false;
	if (chunk.len && EVP_CipherUpdate(s->cipher, to, &len, chunk.at, (int)chunk.len) != 1)
		return false;
	return EVP_CipherFinal_ex(s->cipher, to + len, &rest) == 1 && (size_t)len + (size_t)rest == chunk.len &&
	       EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG_LEN, to + chunk.len) == 1;
}

/* `chunk` is with its tag; writes the bytes without it. */
static bool open_chunk(const struct suite *s, uint64_t index, bool last, struct bytes chunk, uint8_t *to)
{
	uint8_t nonce[NONCE_LEN], tag[SEAL_TAG_LEN];
	size_t want = chunk.len - SEAL_TAG_LEN;
	int len = 0, rest = 0;
	nonce_of(index, last, nonce);
	memcpy(tag, chunk.at + want, sizeof tag);
	if (EVP_CipherInit_ex2(s->cipher, NULL, NULL, nonce, 0, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG_LEN, tag) != 1)
		return false;
	if (want && EVP_CipherUpdate(s->cipher, to, &len, chunk.at, (int)want) != 1)
		return false;
	return EVP_CipherFinal_ex(s->cipher, to + len, &rest) == 1 && (size_t)len + (size_t)rest == want;
}

/* ---- sealing ---- */

static bool sender_init(struct seal_sender *s, struct bytes recipient)
{
	size_t len = SEAL_KEY_LEN;
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	bool fine = pair && EVP_PKEY_get_raw_public_key(pair, s->sender, &len) == 1 && len == SEAL_KEY_LEN &&
		    agree(pair, recipient.at, s->shared) && suite_init(&s->suite);
	EVP_PKEY_free(pair);
	memcpy(s->recipient, recipient.at, SEAL_KEY_LEN);
	return fine;
}

struct seal_sender *seal_sender_new(struct bytes recipient, struct error *e)
{
	if (recipient.len != SEAL_KEY_LEN) {
		error_set(e, EXIT_STORE, "the client's public key is %zu bytes long, an X25519 key has %d",
			  recipient.len, SEAL_KEY_LEN);
		return NULL;
	}
	struct seal_sender *s = calloc(1, sizeof *s);
	if (!s) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	/* Errors that OpenSSL leaves in the thread's queue would be taken for those of the next TLS connection. */
	ERR_set_mark();
	bool fine = sender_init(s, recipient);
	ERR_pop_to_mark();
	if (!fine) {
		error_set(e, EXIT_STORE, "nothing can be sealed to the client's public key: it is not an X25519 key");
		seal_sender_free(s);
		return NULL;
	}
	return s;
}

void seal_sender_free(struct seal_sender *s)
{
	if (!s)
		return;
	suite_clear(&s->suite);
	OPENSSL_cleanse(s, sizeof *s);
	free(s);
}

static size_t chunks_of(size_t plain_len)
{
	return plain_len ? (plain_len - 1) / SEAL_CHUNK + 1 : 1;
}

size_t seal_size(size_t plain_len)
{
	size_t more = SEAL_HEAD_LEN + chunks_of(plain_len) * SEAL_TAG_LEN, size;
	return __builtin_add_overflow(plain_len, more, &size) ? SIZE_MAX : size;
}

static bool seal_all(struct seal_sender *s, struct bytes plain, uint8_t *to)
{
	if (!suite_start(&s->suite, s->shared, to, s->recipient, 1))
		return false;
	to += SEAL_HEAD_LEN;
	size_t count = chunks_of(plain.len);
	for (size_t i = 0; i < count; i++) {
		bool last = i == count - 1;
		size_t len = last ? plain.len - i * SEAL_CHUNK : SEAL_CHUNK;
		struct bytes chunk = { len ? plain.at + i * SEAL_CHUNK : NULL, len };
		if (!seal_chunk(&s->suite, i, last, chunk, to))
			return false;
		to += len + SEAL_TAG_LEN;
	}
	return true;
}

bool seal_sender_seal(struct seal_sender *s, const uint8_t event_id[UUID_LEN], struct bytes plain, struct buffer *out,
		      struct error *e)
{
	size_t size = seal_size(plain.len);
	if (!buffer_reserve(out, size))
		return error_set(e, EXIT_STORE, "out of memory for sealing a delivery of %zu bytes", plain.len);
	uint8_t *to = out->at + out->len;
	memcpy(to, event_id, UUID_LEN);
	memcpy(to + UUID_LEN, s->sender, SEAL_KEY_LEN);
	ERR_set_mark();
	bool fine = seal_all(s, plain, to);
	ERR_pop_to_mark();
	if (!fine)
		return error_set(e, EXIT_STORE, "a delivery of %zu bytes cannot be sealed: OpenSSL refused", plain.len);
	out->len += size;
	return true;
}

/* ---- opening ---- */

struct seal_key *seal_key_of(EVP_PKEY *pair)
{
	size_t len = SEAL_KEY_LEN;
	struct seal_key *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	if (EVP_PKEY_get_raw_public_key(pair, k->public, &len) != 1 || len != SEAL_KEY_LEN || !suite_init(&k->suite) ||
	    EVP_PKEY_up_ref(pair) != 1) {
		seal_key_free(k);
		return NULL;
	}
	k->pair = pair;
	return k;
}

void seal_key_free(struct seal_key *k)
{
	if (!k)
		return;
	suite_clear(&k->suite);
	EVP_PKEY_free(k->pair);
	OPENSSL_cleanse(k->last_shared, sizeof k->last_shared);
	free(k);
}

struct bytes seal_key_public(const struct seal_key *k)
{
	return bytes_make(k->public, sizeof k->public);
}

/* False: no secret can be shared with that key. */
static bool agree_with(struct seal_key *k, const uint8_t sender[SEAL_KEY_LEN])
{
	if (k->agreed && memcmp(k->last_sender, sender, SEAL_KEY_LEN) == 0)
		return true;
	k->agreed = agree(k->pair, sender, k->last_shared);
	memcpy(k->last_sender, sender, SEAL_KEY_LEN);
	return k->agreed;
}

static bool open_all(struct seal_key *k, struct bytes sealed, uint8_t *to)
{
	bool fine =
	    agree_with(k, sealed.at + UUID_LEN) && suite_start(&k->suite, k->last_shared, sealed.at, k->public, 0);
	struct bytes rest = { sealed.at + SEAL_HEAD_LEN, sealed.len - SEAL_HEAD_LEN };
	for (uint64_t i = 0; fine && rest.len; i++) {
		size_t len = rest.len < SEAL_CHUNK + SEAL_TAG_LEN ? rest.len : SEAL_CHUNK + SEAL_TAG_LEN;
		fine = open_chunk(&k->suite, i, len == rest.len, bytes_make(rest.at, len), to);
		to += len - SEAL_TAG_LEN;
		rest = bytes_make(rest.at + len, rest.len - len);
	}
	return fine;
}

/* The length of the plaintext inside. False when no sealed object has this length. */
static bool plain_size(size_t sealed_len, size_t *out)
{
	if (sealed_len < SEAL_HEAD_LEN + SEAL_TAG_LEN)
		return false;
	size_t body = sealed_len - SEAL_HEAD_LEN, whole = body / (SEAL_CHUNK + SEAL_TAG_LEN),
	       rest = body % (SEAL_CHUNK + SEAL_TAG_LEN);
	*out = whole * SEAL_CHUNK + (rest ? rest - SEAL_TAG_LEN : 0);
	return rest == 0 || rest >= SEAL_TAG_LEN;
}

bool seal_key_open(struct seal_key *k, struct bytes sealed, uint8_t event_id[UUID_LEN], struct buffer *out,
		   struct error *e)
{
	size_t len;
	if (!plain_size(sealed.len, &len))
		return error_set(e, EXIT_STORE, "a sealed delivery of %zu bytes is not whole", sealed.len);
	if (!buffer_reserve(out, len))
		return error_set(e, EXIT_STORE, "out of memory for opening a sealed delivery of %zu bytes", sealed.len);
	uint8_t none = 0, *to = len ? out->at + out->len : &none;
	ERR_set_mark();
	bool fine = open_all(k, sealed, to);
	ERR_pop_to_mark();
	if (!fine) {
		/* Chunks before the one that failed may be a real delivery's; the caller must not see them. */
		OPENSSL_cleanse(to, len);
		return error_set(e, EXIT_STORE,
				 "a sealed delivery does not open: it was sealed to another key, changed or cut off");
	}
	memcpy(event_id, sealed.at, UUID_LEN);
	out->len += len;
	return true;
}
