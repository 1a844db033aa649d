#include "shared/readers/jwk.h"

#include "shared/json/json_body.h"
#include "shared/base/buffer.h"
#include "shared/secrets/crypto.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define P256_LEN 32
#define UNCOMPRESSED 4 /* how a point of which both numbers follow begins */
#define ED25519_LEN 32
/* Each is found in the text again. */
#define KEYS_LOOKED_AT 64

bool jwk_find(struct bytes text, struct bytes *json)
{
	static const char name[] = "\"kty\"";
	const uint8_t *brace = text.len ? memchr(text.at, '{', text.len) : NULL;
	if (!brace || !memmem(text.at, text.len, name, sizeof name - 1))
		return false;
	*json = bytes_make(brace, text.len - (size_t)(brace - text.at));
	return true;
}

struct jwk {
	struct bytes json;
	const char *before; /* what stands before a member's name */
};

static bool member(const struct jwk *k, const char *name, struct buffer *out)
{
	char path[40];
	snprintf(path, sizeof path, "%s%s", k->before, name);
	out->len = 0;
	return json_body_value(k->json, path, out, NULL) && out->len;
}

static bool member_is(const struct jwk *k, const char *name, const char *wanted)
{
	struct buffer value = { 0 };
	bool same = member(k, name, &value) && bytes_equal(buffer_view(&value), bytes_of(wanted));
	buffer_free(&value);
	return same;
}

/* A member that is base64url of bytes, put after what *out holds. */
static bool put_bytes(const struct jwk *k, const char *name, struct buffer *out)
{
	struct buffer text = { 0 };
	bool fine = member(k, name, &text) && crypto_decode(FORM_BASE64URL, buffer_view(&text), out);
	buffer_free(&text);
	return fine;
}

static BIGNUM *number(const struct jwk *k, const char *name)
{
	struct buffer raw = { 0 };
	BIGNUM *n = put_bytes(k, name, &raw) && raw.len <= 1024 ? BN_bin2bn(raw.at, (int)raw.len, NULL) : NULL;
	buffer_free(&raw);
	return n;
}

static EVP_PKEY *make(const char *kind, OSSL_PARAM_BLD *parts)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(parts);
	if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *read_p256(const struct jwk *k, OSSL_PARAM_BLD *parts)
{
	struct buffer point = { 0 };
	EVP_PKEY *key = NULL;
	bool fine = member_is(k, "crv", "P-256") && buffer_put_u8(&point, UNCOMPRESSED) && put_bytes(k, "x", &point) &&
		    point.len == 1 + P256_LEN && put_bytes(k, "y", &point) && point.len == 1 + 2 * P256_LEN;
	if (fine && OSSL_PARAM_BLD_push_utf8_string(parts, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(parts, OSSL_PKEY_PARAM_PUB_KEY, point.at, point.len) == 1)
		key = make("EC", parts);
	buffer_free(&point);
	return key;
}

static EVP_PKEY *read_rsa(const struct jwk *k, OSSL_PARAM_BLD *parts)
{
	EVP_PKEY *key = NULL;
	BIGNUM *n = number(k, "n"), *e = number(k, "e");
	if (n && e && OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(parts, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		key = make("RSA", parts);
	BN_free(n);
	BN_free(e);
	return key;
}

static EVP_PKEY *read_ed25519(const struct jwk *k)
{
	struct buffer raw = { 0 };
	EVP_PKEY *key = NULL;
	if (member_is(k, "crv", "Ed25519") && put_bytes(k, "x", &raw) && raw.len == ED25519_LEN)
		key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.at, raw.len);
	buffer_free(&raw);
	return key;
}

/* NULL: it is of another kind. */
static EVP_PKEY *read_one(const struct jwk *k, const char *kind)
{
	EVP_PKEY *key = NULL;
	OSSL_PARAM_BLD *parts = OSSL_PARAM_BLD_new();
	if (!parts)
		return NULL;
	if (strcmp(kind, "EC") == 0 && member_is(k, "kty", "EC"))
		key = read_p256(k, parts);
	else if (strcmp(kind, "RSA") == 0 && member_is(k, "kty", "RSA"))
		key = read_rsa(k, parts);
	else if (strcmp(kind, "ED25519") == 0 && member_is(k, "kty", "OKP"))
		key = read_ed25519(k);
	OSSL_PARAM_BLD_free(parts);
	return key;
}

static void add_key(struct jwk_keys *out, EVP_PKEY *key)
{
	if (key)
		out->at[out->count++] = key;
}

/* Which member of the set has that id. False: none. *any: some have an id. */
static bool find_kid(struct bytes json, size_t count, struct bytes kid, size_t *found, bool *any)
{
	struct buffer id = { 0 };
	char path[32];
	bool same = false;
	*any = false;
	for (size_t i = 0; i < count && !same; i++) {
		snprintf(path, sizeof path, "keys[%zu].", i);
		if (!member(&(struct jwk){ json, path }, "kid", &id))
			continue;
		*any = true;
		same = bytes_equal(buffer_view(&id), kid);
		*found = i;
	}
	buffer_free(&id);
	return same;
}

void jwk_read(struct bytes json, const char *kind, struct bytes kid, struct jwk_keys *out)
{
	size_t first = 0, end = json_body_count(json, "keys");
	char path[32];
	memset(out, 0, sizeof *out);
	add_key(out, read_one(&(struct jwk){ json, "" }, kind));
	if (!out->count)
		add_key(out, read_one(&(struct jwk){ json, "key." }, kind));
	if (end > KEYS_LOOKED_AT)
		end = KEYS_LOOKED_AT;
	if (kid.len && find_kid(json, end, kid, &first, &out->lacks_kid)) {
		out->lacks_kid = false;
		end = first + 1;
	} else {
		first = 0;
	}
	for (size_t i = first; i < end && out->count < JWK_MOST; i++) {
		snprintf(path, sizeof path, "keys[%zu].", i);
		add_key(out, read_one(&(struct jwk){ json, path }, kind));
	}
	ERR_clear_error();
}
