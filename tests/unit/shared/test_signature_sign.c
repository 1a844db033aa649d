/* Signing as every provider does: what it makes holds. */
#include "shared/providers/signature_sign.h"
#include "shared/providers/signature_verify.h"
#include "shared/signature/signature_private.h"
#include "tests/unit/shared/signature_fixture.h"

#include <openssl/x509.h>

static const char *secret_for(const struct signature_provider *row)
{
	if (row->secret == SECRET_STANDARD)
		return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	return row->secret == SECRET_HEX ? "00ff10" : row->secret == SECRET_BASE64 ? "MfKQ9r8G" : "a secret é";
}

static const struct {
	const char *name, *body, *form;
} bodies[] = {
	{ "linear", "{\"type\":\"Issue\",\"webhookTimestamp\":1,\"z\":2}", NULL },
	{ "mailgun",
	  "{\"signature\":{\"timestamp\":\"1\",\"token\":\"t\",\"signature\":\"s\"},\"event-data\":{\"event\":"
	  "\"opened\"}}",
	  NULL },
	{ "twilio", NULL, "To=%2B15551234&From=%2B1555&Body=a+b&Body=a+b&Empty=" },
	{ "mandrill", NULL, "mandrill_events=%5B%5D" },
	{ "braintree", NULL, "bt_signature=public%7Cx&bt_payload=eA%3D%3D" },
	{ "mattermost", NULL, "token=x&team_id=t&channel_id=c" },
	{ "figma", "{\"passcode\":\"\",\"event_type\":\"PING\",\"webhook_id\":\"1\"}", NULL },
	{ "microsoft-graph", "{\"value\":[{\"clientState\":\"x\"},{\"clientState\":null,\"a\":1}]}", NULL },
};

static void make_request(const char *name, struct request *r)
{
	const char *body = "{\"id\": 1, \"z\": [1.50, \"\\u00e9\"]}";
	memset(r, 0, sizeof *r);
	r->url = "https://hooks.example.com/in?a=1";
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		if (strcmp(name, bodies[i].name) != 0)
			continue;
		body = bodies[i].body ? bodies[i].body : bodies[i].form;
		if (bodies[i].form)
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
		if (p->secret == SECRET_PUBLIC_KEY)
			continue;
		make_request(name, &r);
		struct signature_input in = input(&r, secret_for(p));
		sign(&r, name, &in);
		assert_true(headers_valid(buffer_view(&r.headers)));
		struct signature_result got;
		in = input(&r, secret_for(p));
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

/* Whether the text stands anywhere in what would be sent. */
static bool holds_text(const struct signature_sign_out *out, const char *text)
{
	return (out->headers.len && memmem(out->headers.at, out->headers.len, text, strlen(text))) ||
	       (out->body.len && memmem(out->body.at, out->body.len, text, strlen(text)));
}

/* GitLab's signing tokens are Standard Webhooks' secrets: they sign, and are never sent as a token is. */
static void test_a_signing_key_is_never_sent(void **state)
{
	static const char key[] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	static const struct {
		const char *before, *after;
	} forms[] = { { "whsec_", "" },     { "whsk_", "" },
		      { "whpk_", "" },      { "-----BEGIN PRIVATE KEY-----\n", "\n" },
		      { "\"whsec_", "\"" }, { " whsec_", "\n" },
		      { "'WHSEC_", "'" } };
	const struct signature_provider *gitlab = signature_find("gitlab");
	struct bytes value;
	(void)state;
	for (size_t i = 0; i < 2 * (sizeof forms / sizeof *forms); i++) {
		struct request r = { 0 };
		struct signature_sign_out out;
		struct error e;
		char secret[100];
		snprintf(secret, sizeof secret, "%s%s%s", forms[i / 2].before, key, forms[i / 2].after);
		assert_true(buffer_append_text(&r.body, "{}"));
		if (i % 2)
			field(&r.headers, "X-Gitlab-Event", "Push Hook");
		struct signature_input in = input(&r, secret);
		bool signed_so = signature_sign(gitlab, &in, &out, &e);
		assert_false(holds_text(&out, key));
		assert_false(headers_find(buffer_view(&out.headers), "X-Gitlab-Token", &value));
		assert_false(!signed_so && strstr(e.text, key));
		assert_int_equal(signed_so, i / 2 == 0);
		signature_sign_free(&out);
		request_free(&r);
	}
}

/* A delivery that came signed is signed, whatever the secret looks like; a token goes where tokens came. */
static void test_gitlab_keeps_the_form(void **state)
{
	struct signature_sign_out out;
	struct error e;
	struct bytes value;
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct request r = { 0 };
		field(&r.headers, "X-Gitlab-Event", "Push Hook");
		if (i)
			field(&r.headers, i == 1 ? "webhook-signature" : "X-Gitlab-Token", "v1,x");
		struct signature_input in = input(&r, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
		assert_true(signature_sign(signature_find("gitlab"), &in, &out, &e));
		assert_int_equal(headers_find(buffer_view(&out.headers), "X-Gitlab-Token", &value), i != 1);
		assert_int_equal(headers_find(buffer_view(&out.headers), "webhook-signature", &value), i == 1);
		signature_sign_free(&out);
		request_free(&r);
	}
}

/* No scheme but a token's may put the secret, in any form of it, into what goes out. */
static void test_no_secret_goes_out(void **state)
{
	const struct signature_provider *p;
	(void)state;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		const char *name = signature_name(p);
		struct signature_sign_out out;
		struct request r;
		struct error e;
		make_request(name, &r);
		struct signature_input in = input(&r, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
		if (signature_sign(p, &in, &out, &e) && holds_text(&out, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
			fail_msg("%s sends the secret", name);
		signature_sign_free(&out);
		request_free(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_with_private_keys),
		cmocka_unit_test(test_a_signing_key_is_never_sent),
		cmocka_unit_test(test_gitlab_keeps_the_form),
		cmocka_unit_test(test_no_secret_goes_out),
	};
	return RUN(tests);
}
