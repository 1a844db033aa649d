/* What each kind of form can fail by, each with its sentence: tokens, key pairs of RSA, certificates, named fields,
 * lists in the body, and secrets that must not go out. */
#include "shared/providers/signature_sign.h"
#include "shared/providers/signature_verify.h"
#include "shared/secrets/crypto.h"
#include "tests/unit/shared/signature_fixture.h"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static void verdict(const char *provider, const struct signature_input *in, enum signature_reason reason,
		    const char *says)
{
	struct signature_result got;
	signature_verify(signature_find(provider), in, &got);
	enum signature_verdict wanted = reason == SIGNATURE_HOLDS ? SIGNATURE_VALID : SIGNATURE_INVALID;
	if (got.verdict != wanted || got.reason != reason || !strstr(got.text, says))
		fail_msg("%s: %s: %s, not %s", provider, signature_reason_name(got.reason), got.text, says);
	assert_int_equal(signature_check(signature_find(provider), in), wanted);
}

/* A token of these parts, signed with the secret by HS256. */
static void put_token(struct request *r, const char *name, const char *before, const char *head, const char *claims,
		      const char *secret)
{
	struct buffer text = { 0 }, signature = { 0 };
	uint8_t mac[CRYPTO_MAC_MOST];
	size_t len;
	assert_true(crypto_encode(FORM_BASE64URL, bytes_of(head), &text) && buffer_put_u8(&text, '.'));
	assert_true(crypto_encode(FORM_BASE64URL, bytes_of(claims), &text));
	assert_true(crypto_mac(SIGN_SHA256, bytes_of(secret), buffer_view(&text), mac, &len));
	assert_true(crypto_encode(FORM_BASE64URL, bytes_make(mac, len), &signature));
	assert_true(buffer_put_u8(&text, '.') && buffer_append_bytes(&text, buffer_view(&signature)));
	struct buffer value = { 0 };
	assert_true(buffer_append_text(&value, before) && buffer_append_bytes(&value, buffer_view(&text)) &&
		    buffer_put_u8(&value, 0));
	field(&r->headers, name, (const char *)value.at);
	buffer_free(&text);
	buffer_free(&signature);
	buffer_free(&value);
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
/* SHA-256 of "{}" */
#define SUM "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static void test_tokens(void **state)
{
	static const struct {
		const char *provider, *field, *head, *claims;
		enum signature_reason reason;
		const char *says;
	} cases[] = {
		{ "netlify", "X-Webhook-Signature", HS256, "{\"iss\":\"netlify\",\"sha256\":\"" SUM "\"}",
		  SIGNATURE_HOLDS, "holds" },
		{ "netlify", "X-Webhook-Signature", "{\"alg\":\"none\"}",
		  "{\"iss\":\"netlify\",\"sha256\":\"" SUM "\"}", SIGNATURE_MALFORMED,
		  "signed with none: only HS256 counts" },
		{ "netlify", "X-Webhook-Signature", "{\"alg\":\"HS512\"}",
		  "{\"iss\":\"netlify\",\"sha256\":\"" SUM "\"}", SIGNATURE_MALFORMED, "signed with HS512" },
		{ "netlify", "X-Webhook-Signature", "{\"typ\":\"JWT\"}", "{}", SIGNATURE_MALFORMED, "cannot be read" },
		{ "netlify", "X-Webhook-Signature", HS256, "{\"iss\":\"other\",\"sha256\":\"" SUM "\"}",
		  SIGNATURE_MALFORMED, "not issued by netlify" },
		{ "netlify", "X-Webhook-Signature", HS256, "{\"iss\":\"netlify\"}", SIGNATURE_MALFORMED,
		  "has no sha256: it does not cover the body" },
		{ "netlify", "X-Webhook-Signature", HS256, "{\"iss\":\"netlify\",\"sha256\":\"00\"}", SIGNATURE_BODY,
		  "its SHA-256 is not the token's sha256" },
		{ "monday", "Authorization", HS256, "{\"aud\":\"https://a.example/m\",\"exp\":1764000001}",
		  SIGNATURE_HOLDS, "holds" },
		{ "monday", "Authorization", HS256,
		  "{\"aud\":\"https://a.example/m\",\"nbf\":1764000010,\"exp\":1764000060}", SIGNATURE_HOLDS, "holds" },
		{ "monday", "Authorization", HS256,
		  "{\"aud\":\"https://a.example/m\",\"nbf\":1764000011,\"exp\":1764000060}", SIGNATURE_OLD,
		  "its token's time (nbf) begins in 11 s only" },
		{ "monday", "Authorization", HS256, "{\"aud\":\"https://a.example/m\",\"exp\":1764000000}",
		  SIGNATURE_OLD, "its token's time (exp) ran out 0 s ago" },
		{ "monday", "Authorization", HS256, "{\"aud\":\"https://a.example/x\",\"exp\":1764000001}",
		  SIGNATURE_URL, "for another audience" },
		{ "monday", "Authorization", HS256, "{\"exp\":1764000001}", SIGNATURE_MALFORMED,
		  "has no aud: it does not say that it is for this URL" },
		{ "monday", "Authorization", HS256, "{\"aud\":\"\",\"exp\":1764000001}", SIGNATURE_MALFORMED,
		  "has no aud" },
		{ "monday", "Authorization", HS256, "{\"aud\":[],\"exp\":1764000001}", SIGNATURE_MALFORMED,
		  "has no aud" },
		{ "monday", "Authorization", HS256, "{\"aud\":\"https://a.example/m\"}", SIGNATURE_MALFORMED,
		  "has no exp: it would never run out" },
		{ "monday", "Authorization", HS256,
		  "{\"aud\":[\"https://b.example/\",\"https://a.example/m\"],\"exp\":1764000001}", SIGNATURE_HOLDS,
		  "holds" },
		{ "monday", "Authorization", HS256,
		  "{\"aud\":[\"https://b.example/\",\"https://a.example/x\"],\"exp\":1764000001}", SIGNATURE_URL,
		  "for another audience" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct request r = { .url = "https://a.example/m" };
		assert_true(buffer_append_text(&r.body, "{}"));
		put_token(&r, cases[i].field, "", cases[i].head, cases[i].claims, "s3cr3t");
		struct signature_input in = input(&r, "s3cr3t");
		verdict(cases[i].provider, &in, cases[i].reason, cases[i].says);
		if (cases[i].reason == SIGNATURE_OLD) {
			in.tolerance = 0;
			verdict(cases[i].provider, &in, SIGNATURE_HOLDS, "holds");
		}
		in = input(&r, "another");
		assert_int_not_equal(signature_check(signature_find(cases[i].provider), &in), SIGNATURE_VALID);
		request_free(&r);
	}
	struct request r = { 0 };
	field(&r.headers, "X-Webhook-Signature", "a.b");
	struct signature_input in = input(&r, "s3cr3t");
	verdict("netlify", &in, SIGNATURE_MALFORMED, "no token of three parts");
	request_free(&r);
}

/* ---- key pairs ---- */

static char *pem_of(EVP_PKEY *key, bool private, const char *before)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *at;
	BIO_puts(out, before);
	assert_int_equal(private ? PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL)
				 : PEM_write_bio_PUBKEY(out, key),
			 1);
	long len = BIO_get_mem_data(out, &at);
	char *text = strndup(at, (size_t)len);
	BIO_free(out);
	return text;
}

static char *certificate_of(EVP_PKEY *key)
{
	X509 *x = X509_new();
	BIO *out = BIO_new(BIO_s_mem());
	char *at;
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(out, x), 1);
	long len = BIO_get_mem_data(out, &at);
	char *text = strndup(at, (size_t)len);
	BIO_free(out);
	X509_free(x);
	return text;
}

static void try_pair(const char *provider, const char *body, EVP_PKEY *key, const char *line)
{
	struct request r = { .url = "https://a.example/m" };
	char *private = pem_of(key, true, line), *public = pem_of(key, false, line), *certificate = certificate_of(key);
	char whole[6000];
	snprintf(whole, sizeof whole, "%s%s", line, certificate);
	assert_true(buffer_append_text(&r.body, body));
	struct signature_input in = input(&r, private);
	sign(&r, provider, &in);
	in = input(&r, public);
	verdict(provider, &in, SIGNATURE_HOLDS, "holds");
	in.secret = bytes_of(whole);
	verdict(provider, &in, SIGNATURE_HOLDS, "holds");
	in.secret = bytes_of("no key");
	verdict(provider, &in, SIGNATURE_KEY, "it must be an");
	free(private);
	free(public);
	free(certificate);
	request_free(&r);
}

static void test_key_pairs(void **state)
{
	static const char note[] =
	    "{\"Type\":\"Notification\",\"MessageId\":\"1\",\"TopicArn\":\"arn\",\"Subject\":\"s\",\"Message\":\"m\","
	    "\"Timestamp\":\"2025-11-24T16:00:00.000Z\",\"SignatureVersion\":\"%s\",\"Signature\":\"\","
	    "\"SigningCertURL\":\"https://sns.a.amazonaws.com/x\"}";
	char one[400], two[400];
	(void)state;
	snprintf(one, sizeof one, note, "1");
	snprintf(two, sizeof two, note, "2");
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY *ec = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	try_pair("wise", "{}", rsa, "");
	try_pair("sns", one, rsa, "");
	try_pair("sns", two, rsa, "");
	try_pair("paypal", "{\"id\":\"WH-1\"}", rsa, "WH-100\n");
	try_pair("plaid", "{}", ec, "");
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(ec);
}

/* Another webhook id is another secret, though the key is the same. */
static void test_paypal_signs_its_webhook_id(void **state)
{
	struct request r = { 0 };
	EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	char *private = pem_of(rsa, true, "WH-1\n"), *other = pem_of(rsa, false, "WH-2\r\n");
	(void)state;
	struct signature_input in = input(&r, private);
	sign(&r, "paypal", &in);
	in = input(&r, other);
	verdict("paypal", &in, SIGNATURE_MISMATCH, "does not match");
	free(private);
	free(other);
	EVP_PKEY_free(rsa);
	request_free(&r);
}

/* ---- sets of keys ---- */

/* Appends the key as a JSON Web Key, with that id if there is one. */
static void put_jwk(struct buffer *set, EVP_PKEY *key, const char *id)
{
	struct buffer n = { 0 };
	BIGNUM *number = NULL;
	uint8_t raw[256];
	assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &number), 1);
	assert_int_equal(BN_bn2binpad(number, raw, sizeof raw), sizeof raw);
	assert_true(crypto_encode(FORM_BASE64URL, bytes_make(raw, sizeof raw), &n) && buffer_put_u8(&n, 0));
	assert_true(buffer_printf(set, "%s{\"kty\":\"RSA\",\"e\":\"AQAB\",", set->len ? "," : "{\"keys\":["));
	assert_true(!id || buffer_printf(set, "\"kid\":\"%s\",", id));
	assert_true(buffer_printf(set, "\"n\":\"%s\"}", (const char *)n.at));
	BN_free(number);
	buffer_free(&n);
}

/* A token names the key by its id. New ones name `creel`, or what the old one did. */
static void test_sets_of_keys(void **state)
{
	static const struct {
		const char *ids[2]; /* of the other key, and of the right one */
		enum signature_reason reason;
		const char *says;
	} cases[] = {
		{ { "other", "creel" }, SIGNATURE_HOLDS, "holds" },
		{ { NULL, NULL }, SIGNATURE_HOLDS, "holds" },
		{ { NULL, "creel" }, SIGNATURE_HOLDS, "holds" },
		{ { "creel", "other" }, SIGNATURE_MISMATCH, "the secret is another one" },
		{ { "one", NULL }, SIGNATURE_HOLDS, "holds" },
	};
	(void)state;
	EVP_PKEY *right = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	EVP_PKEY *other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	char *private = pem_of(right, true, "");
	struct request r = { .url = "https://a.example/m" };
	field(&r.headers, "User-Agent", "CloudPubSub-Google");
	assert_true(buffer_append_text(&r.body, "{\"message\":{\"messageId\":\"1\"},\"subscription\":\"s\"}"));
	struct signature_input in = input(&r, private);
	sign(&r, "google", &in);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer set = { 0 };
		put_jwk(&set, other, cases[i].ids[0]);
		put_jwk(&set, right, cases[i].ids[1]);
		assert_true(buffer_append_text(&set, "]}"));
		in = input(&r, private);
		in.secret = buffer_view(&set);
		verdict("google", &in, cases[i].reason, cases[i].says);
		buffer_free(&set);
	}
	struct buffer set = { 0 };
	put_jwk(&set, other, "one");
	put_jwk(&set, other, "two");
	assert_true(buffer_append_text(&set, "]}"));
	in.secret = buffer_view(&set);
	verdict("google", &in, SIGNATURE_MISMATCH, "the key that its token names is not in the set");
	buffer_free(&set);
	request_free(&r);
	free(private);
	EVP_PKEY_free(right);
	EVP_PKEY_free(other);
}

/* ---- other places ---- */

static void test_other_places(void **state)
{
	struct request r = { 0 };
	(void)state;
	field(&r.headers, "X-Hook0-Signature",
	      "t=1764000000,h=x-not-there,v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	struct signature_input in = input(&r, "s3cr3t");
	verdict("coinbase", &in, SIGNATURE_MISSING, "the header x-not-there, which is signed, is missing");
	request_free(&r);

	field(&r.headers, "recurly-signature", "1764000000000");
	in = input(&r, "s3cr3t");
	verdict("recurly", &in, SIGNATURE_MALFORMED, "no signature after its time");
	request_free(&r);

	/* One of two is another's. */
	assert_true(buffer_append_text(&r.body, "{\"value\":[{\"clientState\":\"a\"},{\"clientState\":\"b\"}]}"));
	in = input(&r, "a");
	verdict("microsoft-graph", &in, SIGNATURE_MISMATCH, "does not match");
	r.body.len = 0;
	assert_true(buffer_append_text(&r.body, "{\"value\":[{\"clientState\":\"a\"},{\"x\":1}]}"));
	in = input(&r, "a");
	verdict("microsoft-graph", &in, SIGNATURE_MISSING, "the body has no value[1].clientState");
	request_free(&r);

	in = input(&r, "not hex");
	verdict("adyen", &in, SIGNATURE_KEY, "it must be hex");
	in = input(&r, "??");
	verdict("airtable", &in, SIGNATURE_KEY, "it must be base64");

	field(&r.headers, "x-signature",
	      "ts=1764000000,v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	in = input(&r, "s3cr3t");
	verdict("mercadopago", &in, SIGNATURE_URL, "signs the URL, which is not known here");
	request_free(&r);

	/* The version says which form it is, and v1 is not taken for v2. */
	field(&r.headers, "X-HubSpot-Signature", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	field(&r.headers, "X-HubSpot-Signature-Version", "v9");
	in = input(&r, "s3cr3t");
	verdict("hubspot", &in, SIGNATURE_MISSING, "X-HubSpot-Signature-v3 is missing");
	request_free(&r);
}

/* The first key may have been taken away: the others keep their numbers. */
static void test_docusign_numbers_its_keys(void **state)
{
	struct request r = { 0 };
	struct signature_sign_out out;
	struct error e;
	(void)state;
	assert_true(buffer_append_text(&r.body, "{}"));
	struct signature_input in = input(&r, "s3cr3t");
	assert_true(signature_sign(signature_find("docusign"), &in, &out, &e));
	uint8_t *number = memmem(out.headers.at, out.headers.len, "-1:", 3);
	assert_non_null(number);
	number[1] = '2';
	in.headers = buffer_view(&out.headers);
	verdict("docusign", &in, SIGNATURE_HOLDS, "holds");
	in.secret = bytes_of("other");
	verdict("docusign", &in, SIGNATURE_MISMATCH, "does not match");
	signature_sign_free(&out);
	request_free(&r);
}

static void test_braintree_may_lose_its_newline(void **state)
{
	static const char newline[] = "%0A";
	struct request r = { 0 };
	struct signature_sign_out out;
	struct error e;
	(void)state;
	field(&r.headers, "Content-Type", "application/x-www-form-urlencoded");
	assert_true(buffer_append_text(&r.body, "bt_signature=public%7Cx&bt_payload=eA%3D%3D%0A"));
	struct signature_input in = input(&r, "private");
	assert_true(signature_sign(signature_find("braintree"), &in, &out, &e));
	in.body = buffer_view(&out.body);
	verdict("braintree", &in, SIGNATURE_HOLDS, "holds");
	in.body.len -= strlen(newline);
	verdict("braintree", &in, SIGNATURE_HOLDS, "holds");
	in.body.len -= strlen("%3D");
	verdict("braintree", &in, SIGNATURE_MISMATCH, "does not match");
	signature_sign_free(&out);
	request_free(&r);
}

/* Every form that sends its secret as it is refuses one that signs. */
static void test_tokens_send_no_keys(void **state)
{
	static const char *const providers[] = { "telegram", "okta", "auth0" };
	(void)state;
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
		struct request r = { 0 };
		struct signature_sign_out out;
		struct error e;
		struct signature_input in = input(&r, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
		assert_false(signature_sign(signature_find(providers[i]), &in, &out, &e));
		assert_non_null(strstr(e.text, "a key that signs"));
		signature_sign_free(&out);
		in = input(&r, "a token");
		assert_true(signature_sign(signature_find(providers[i]), &in, &out, &e));
		signature_sign_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_key_pairs),
		cmocka_unit_test(test_paypal_signs_its_webhook_id),
		cmocka_unit_test(test_sets_of_keys),
		cmocka_unit_test(test_other_places),
		cmocka_unit_test(test_docusign_numbers_its_keys),
		cmocka_unit_test(test_braintree_may_lose_its_newline),
		cmocka_unit_test(test_tokens_send_no_keys),
	};
	return RUN(tests);
}
