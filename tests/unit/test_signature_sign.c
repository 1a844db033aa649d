/* Signing as every provider does: what it makes holds. */
#include "tests/unit/signature_fixture.h"

#include <openssl/x509.h>

static const char *secret_for(const char *name)
{
	if (strcmp(name, "standard") == 0 || strcmp(name, "svix") == 0)
		return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	return "a secret é";
}

static void make_request(const char *name, struct request *r)
{
	const char *body = "{\"id\": 1, \"z\": [1.50, \"\\u00e9\"]}";
	memset(r, 0, sizeof *r);
	r->url = "https://hooks.example.com/in?a=1";
	if (strcmp(name, "linear") == 0)
		body = "{\"type\":\"Issue\",\"webhookTimestamp\":1,\"z\":2}";
	if (strcmp(name, "mailgun") == 0)
		body = "{\"signature\":{\"timestamp\":\"1\",\"token\":\"t\",\"signature\":\"s\"},\"event-data\":{"
		       "\"event\":"
		       "\"opened\"}}";
	if (strcmp(name, "twilio") == 0) {
		body = "To=%2B15551234&From=%2B1555&Body=a+b&Body=a+b&Empty=";
		field(&r->headers, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
	}
	assert_true(buffer_append_text(&r->body, body));
}

static void test_sign(void **state)
{
	const struct signature_provider *p;
	(void)state;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		const char *name = signature_name(p);
		struct request r;
		if (strcmp(name, "discord") == 0 || strcmp(name, "sendgrid") == 0)
			continue;
		make_request(name, &r);
		struct signature_input in = input(&r, secret_for(name));
		sign(&r, name, &in);
		assert_true(headers_valid(buffer_view(&r.headers)));
		struct signature_result got;
		in = input(&r, secret_for(name));
		signature_verify(p, &in, &got);
		if (got.verdict != SIGNATURE_VALID)
			fail_msg("%s: %s", name, got.text);
		request_free(&r);
	}
}

/* Signs with the private half, checks with the public one. */
static void sign_pair(const char *name, const char *private, const char *public)
{
	struct request r;
	make_request(name, &r);
	struct signature_input in = input(&r, private);
	sign(&r, name, &in);
	in = input(&r, public);
	assert_int_equal(signature_check(signature_find(name), &in), SIGNATURE_VALID);
	r.body.at[0] ^= 1;
	assert_int_equal(signature_check(signature_find(name), &in), SIGNATURE_INVALID);
	request_free(&r);
}

static void hex(const uint8_t *at, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", at[i]);
}

static void test_sign_with_private_keys(void **state)
{
	uint8_t seed[32] = { 1, 2, 3 }, public[32], der[512], *at = der;
	size_t len = sizeof public;
	char seed_hex[65], public_hex[65], seed_text[60] = "whsk_", public_text[60] = "whpk_";
	unsigned char private_base64[700], public_base64[700];
	(void)state;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	assert_int_equal(EVP_PKEY_get_raw_public_key(key, public, &len), 1);
	EVP_PKEY_free(key);
	hex(seed, sizeof seed, seed_hex);
	hex(public, sizeof public, public_hex);
	sign_pair("discord", seed_hex, public_hex);
	EVP_EncodeBlock((unsigned char *)seed_text + 5, seed, sizeof seed);
	EVP_EncodeBlock((unsigned char *)public_text + 5, public, sizeof public);
	sign_pair("standard", seed_text, public_text);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	int der_len = i2d_PrivateKey(key, &at);
	assert_true(der_len > 0);
	EVP_EncodeBlock(private_base64, der, der_len);
	at = der;
	der_len = i2d_PUBKEY(key, &at);
	EVP_EncodeBlock(public_base64, der, der_len);
	EVP_PKEY_free(key);
	sign_pair("sendgrid", (char *)private_base64, (char *)public_base64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_with_private_keys),
	};
	return RUN(tests);
}
