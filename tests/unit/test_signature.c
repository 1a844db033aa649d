/* Every provider's signatures: the vectors (many made by the official libraries), why a signature fails, signing, and
 * who sent a delivery. */
#include "shared/signature.h"
#include "shared/headers.h"
#include "tests/unit/unit.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#define AT 1764000000

struct request {
	struct buffer headers, body;
	const char *method, *url;
};

static void field(struct buffer *block, const char *name, const char *value)
{
	assert_true(headers_append(block, bytes_of(name), bytes_of(value)));
}

static struct signature_input input(const struct request *r, const char *secret)
{
	return (struct signature_input){
		.headers = buffer_view(&r->headers),
		.body = buffer_view(&r->body),
		.method = bytes_of(r->method ? r->method : "POST"),
		.url = bytes_of(r->url),
		.secret = bytes_of(secret),
		.at = AT,
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
}

static void request_free(struct request *r)
{
	buffer_free(&r->headers);
	buffer_free(&r->body);
}

/* ---- the vectors ---- */

static json_t *vectors(void)
{
	json_error_t je;
	json_t *all = json_load_file("tests/fixtures/signature-vectors.json", 0, &je);
	assert_non_null(all);
	assert_true(json_array_size(all) >= 126);
	return all;
}

static void decode_base64(const char *text, struct buffer *out)
{
	size_t len = strlen(text);
	assert_true(buffer_reserve(out, len + 4));
	int n = len ? EVP_DecodeBlock(out->at, (const uint8_t *)text, (int)len) : 0;
	assert_true(n >= 0);
	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		n--;
	out->len = (size_t)n;
}

static void read_vector(const json_t *v, struct request *r)
{
	size_t i;
	json_t *pair;
	memset(r, 0, sizeof *r);
	r->method = json_string_value(json_object_get(v, "method"));
	r->url = json_string_value(json_object_get(v, "url"));
	decode_base64(json_string_value(json_object_get(v, "body_base64")), &r->body);
	json_array_foreach(json_object_get(v, "headers"), i, pair)
	    field(&r->headers, json_string_value(json_array_get(pair, 0)), json_string_value(json_array_get(pair, 1)));
}

static void test_vectors(void **state)
{
	json_t *all = vectors(), *v;
	size_t i, bad = 0;
	(void)state;
	json_array_foreach(all, i, v)
	{
		struct request r;
		struct signature_result got;
		const char *provider = json_string_value(json_object_get(v, "provider"));
		const struct signature_provider *p = signature_find(provider);
		assert_non_null(p);
		read_vector(v, &r);
		struct signature_input in = input(&r, json_string_value(json_object_get(v, "secret")));
		in.at = json_integer_value(json_object_get(v, "at"));
		signature_verify(p, &in, &got);
		bool valid = json_is_true(json_object_get(v, "valid"));
		if (got.verdict != (valid ? SIGNATURE_VALID : SIGNATURE_INVALID) ||
		    signature_check(p, &in) != got.verdict || !*got.text) {
			print_error("%zu %s, %s: %s\n", i, provider, json_string_value(json_object_get(v, "why")),
				    got.text);
			bad++;
		}
		request_free(&r);
	}
	json_decref(all);
	assert_int_equal(bad, 0);
}

/* What is valid is so no more with any byte of its body changed, where the body is signed; and with another secret. */
static void test_vectors_changed(void **state)
{
	json_t *all = vectors(), *v;
	size_t i;
	(void)state;
	json_array_foreach(all, i, v)
	{
		struct request r;
		const char *name = json_string_value(json_object_get(v, "provider"));
		const struct signature_provider *p = signature_find(name);
		if (!json_is_true(json_object_get(v, "valid")))
			continue;
		read_vector(v, &r);
		struct signature_input in = input(&r, json_string_value(json_object_get(v, "secret")));
		in.at = json_integer_value(json_object_get(v, "at"));
		bool body_signed = strcmp(name, "gitlab") != 0 && strcmp(name, "mailgun") != 0;
		for (size_t k = 0; body_signed && k < r.body.len; k++) {
			r.body.at[k] ^= 1;
			if (signature_check(p, &in) != SIGNATURE_INVALID)
				fail_msg("%s holds with byte %zu changed", name, k);
			r.body.at[k] ^= 1;
		}
		char other[200];
		snprintf(other, sizeof other, "%s", json_string_value(json_object_get(v, "secret")));
		size_t mid = strlen(other) / 2;
		other[mid] = other[mid] == 'a' ? 'b' : 'a';
		in.secret = bytes_of(other);
		assert_int_not_equal(signature_check(p, &in), SIGNATURE_VALID);
		request_free(&r);
	}
	json_decref(all);
}

/* ---- signing ---- */

static const char *secret_for(const char *name)
{
	if (strcmp(name, "standard") == 0 || strcmp(name, "svix") == 0)
		return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	return "a secret é";
}

static void set_fields(struct request *r, const struct signature_sign_out *out)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&out->headers), &pos, &name, &value);)
		assert_true(headers_append(&r->headers, name, value));
	if (out->has_body) {
		r->body.len = 0;
		assert_true(buffer_append_bytes(&r->body, buffer_view(&out->body)));
	}
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
		struct signature_sign_out out;
		struct error e;
		if (strcmp(name, "discord") == 0 || strcmp(name, "sendgrid") == 0)
			continue;
		make_request(name, &r);
		struct signature_input in = input(&r, secret_for(name));
		if (!signature_sign(p, &in, &out, &e))
			fail_msg("%s: %s", name, e.text);
		set_fields(&r, &out);
		assert_true(headers_valid(buffer_view(&r.headers)));
		struct signature_result got;
		in = input(&r, secret_for(name));
		signature_verify(p, &in, &got);
		if (got.verdict != SIGNATURE_VALID)
			fail_msg("%s: %s", name, got.text);
		signature_sign_free(&out);
		request_free(&r);
	}
}

/* Signs with the private half, checks with the public one. */
static void sign_pair(const char *name, const char *private, const char *public)
{
	struct request r;
	struct signature_sign_out out;
	struct error e;
	make_request(name, &r);
	struct signature_input in = input(&r, private);
	if (!signature_sign(signature_find(name), &in, &out, &e))
		fail_msg("%s: %s", name, e.text);
	set_fields(&r, &out);
	in = input(&r, public);
	assert_int_equal(signature_check(signature_find(name), &in), SIGNATURE_VALID);
	r.body.at[0] ^= 1;
	assert_int_equal(signature_check(signature_find(name), &in), SIGNATURE_INVALID);
	signature_sign_free(&out);
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

/* ---- reasons ---- */

struct reason_case {
	const char *provider, *signed_secret, *secret, *signed_body, *body;
	int64_t late;
	enum signature_reason reason;
	const char *says;
};

static void check_reason(const struct reason_case *k)
{
	struct request r = { 0 };
	struct signature_sign_out out;
	struct signature_result got;
	struct error e;
	const struct signature_provider *p = signature_find(k->provider);
	assert_true(buffer_append_text(&r.body, k->signed_body));
	struct signature_input in = input(&r, k->signed_secret);
	if (!signature_sign(p, &in, &out, &e))
		fail_msg("%s", e.text);
	set_fields(&r, &out);
	r.body.len = 0;
	assert_true(buffer_append_text(&r.body, k->body));
	in = input(&r, k->secret);
	in.at += k->late;
	signature_verify(p, &in, &got);
	if (got.verdict != SIGNATURE_INVALID || got.reason != k->reason || !strstr(got.text, k->says) ||
	    strstr(got.text, k->secret))
		fail_msg("%s with '%s': %s: %s, not %s", k->provider, k->secret, signature_reason_name(got.reason),
			 got.text, k->says);
	signature_sign_free(&out);
	request_free(&r);
}

#define COMPACT "{\"b\":1.50,\"a\":[{\"n\":\"\xc3\xa9\"},{}]}"

static void test_reasons(void **state)
{
	static const char pretty[] =
	    "{\n  \"b\": 1.50,\n  \"a\": [\n    {\n      \"n\": \"\xc3\xa9\"\n    },\n    {}\n  ]\n}";
	static const char python[] = "{\"a\": [{\"n\": \"\\u00e9\"}, {}], \"b\": 1.50}";
	static const char whsec[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	static const struct reason_case cases[] = {
		{ "github", "abcdef01", "t0p", "x", "x", 0, SIGNATURE_MISMATCH, "secret is another" },
		{ "github", "s3cr3t", "s3cr3t\n", "x", "x", 0, SIGNATURE_SECRET, "without the newline" },
		{ "github", "s3cr3t", " s3cr3t \r\n", "x", "x", 0, SIGNATURE_SECRET, "without the newline or blanks" },
		{ "github", "s3cr3t\n", "s3cr3t", "x", "x", 0, SIGNATURE_SECRET, "with a newline at its end" },
		{ "github", "s3cr3t", "\"s3cr3t\"", "x", "x", 0, SIGNATURE_SECRET, "quotes" },
		{ "shopify", "abc", "616263", "x", "x", 0, SIGNATURE_SECRET, "decoded from hex" },
		{ "shopify", "abc", "YWJj", "x", "x", 0, SIGNATURE_SECRET, "decoded from base64" },
		{ "shopify", "616263", "abc", "x", "x", 0, SIGNATURE_SECRET, "encoded in hex" },
		{ "shopify", "YWJj", "abc", "x", "x", 0, SIGNATURE_SECRET, "encoded in base64" },
		{ "stripe", "whsec_abc", "abc", "x", "x", 0, SIGNATURE_SECRET, "with whsec_" },
		{ "stripe", "abc", "whsec_abc", "x", "x", 0, SIGNATURE_SECRET, "without whsec_" },
		{ "standard", whsec, "whsec_TWZLUTlyOEdLWXFyVHdqVVBEOElMUFpJbzJMYUxhU3c=", "x", "x", 0,
		  SIGNATURE_MISMATCH, "secret is another" },
		{ "standard", whsec, "not base64!", "x", "x", 0, SIGNATURE_KEY, "must be base64" },
		{ "standard", whsec, " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "x", "x", 0, SIGNATURE_SECRET,
		  "without the newline or blanks" },
		{ "standard", whsec, "\"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"", "x", "x", 0, SIGNATURE_SECRET, "quotes" },
		{ "discord", "0101010101010101010101010101010101010101010101010101010101010101", "abc", "x", "x", 0,
		  SIGNATURE_KEY, "64 hex digits" },
		{ "github", "s3cr3t", "s3cr3t", COMPACT, pretty, 0, SIGNATURE_BODY, "compact JSON" },
		{ "stripe", "s3cr3t", "s3cr3t", pretty, COMPACT, 0, SIGNATURE_BODY, "indented by two" },
		{ "slack", "s3cr3t", "s3cr3t", python, COMPACT, 0, SIGNATURE_BODY,
		  "behind commas and colons and its keys" },
		{ "linear", "s3cr3t", "s3cr3t", "{\"webhookTimestamp\":1764000000000}\n",
		  "{\"webhookTimestamp\":1764000000000}", 0, SIGNATURE_BODY, "newline at its end" },
		{ "github", "s3cr3t", "s3cr3t", "a\r\nb", "a\nb", 0, SIGNATURE_BODY, "CR LF" },
		{ "stripe", "s3cr3t", "s3cr3t", "x", "x", 301, SIGNATURE_OLD, "301 s old, 1 s more" },
		{ "slack", "s3cr3t", "s3cr3t", "x", "x", -400, SIGNATURE_OLD, "400 s in the future, 100 s more" },
		{ "twitch", "s3cr3t", "s3cr3t", "x", "x", 601, SIGNATURE_OLD, "tolerance of 600 s" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_reason(&cases[i]);
}

/* One field of a given value, and what is said of it. */
static void says(const char *provider, const char *name, const char *value, enum signature_reason reason,
		 const char *what)
{
	struct request r = { 0 };
	struct signature_result got;
	assert_true(buffer_append_text(&r.body, "Hello, World!"));
	if (name)
		field(&r.headers, name, value);
	struct signature_input in = input(&r, "It's a Secret to Everybody");
	signature_verify(signature_find(provider), &in, &got);
	if (got.verdict != SIGNATURE_INVALID || got.reason != reason || !strstr(got.text, what))
		fail_msg("%s %s: %s: %s", provider, value, signature_reason_name(got.reason), got.text);
	request_free(&r);
}

static void test_fields(void **state)
{
	static const char good[] = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	static const char upper[] = "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
	static const char base64[] = "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
	static const char hub[] = "X-Hub-Signature-256";
	(void)state;
	says("github", NULL, NULL, SIGNATURE_MISSING, "X-Hub-Signature-256 is missing");
	says("github", hub, "", SIGNATURE_MISSING, "is empty");
	says("github", hub, upper, SIGNATURE_FORM, "other letters");
	says("github", hub, base64, SIGNATURE_FORM, "base64, where hex belongs");
	says("github", hub, good + 7, SIGNATURE_FORM, "without its prefix");
	says("github", hub, "sha256=757107ea0eb2509fc211221cce984b8a", SIGNATURE_FORM, "cut short");
	says("github", hub, "sha256=zz", SIGNATURE_MALFORMED, "64 hex digits");
	says("github", hub, "sha512=00", SIGNATURE_MALFORMED, "does not begin with sha256=");
	says("bitbucket", hub, good, SIGNATURE_PROVIDER, "as github does");
	says("shopify", "X-Slack-Signature", "v0=1", SIGNATURE_PROVIDER, "which is slack's");
	says("stripe", "Stripe-Signature", "v1=00", SIGNATURE_MALFORMED, "no t=");
	says("stripe", "Stripe-Signature", "t=1764000000,v0=00", SIGNATURE_MALFORMED, "no v1=");
	says("stripe", "Stripe-Signature",
	     "t=today,v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", SIGNATURE_MALFORMED,
	     "seconds since 1970");
	says("slack", "X-Slack-Signature", "v0=1", SIGNATURE_MISSING, "X-Slack-Request-Timestamp is missing");
	says("twilio", "X-Twilio-Signature", "ldmKFfucrIVb5YqZuoxrvDjjOYI=", SIGNATURE_URL, "not known here");
	says("square", "x-square-hmacsha256-signature", "TOTEB1L9DQfY2DWax6M9J72pdeWghEN++gaOQiDFJ00=", SIGNATURE_URL,
	     "not known here");
	says("mailgun", NULL, NULL, SIGNATURE_MISSING, "signature.timestamp");
}

static void test_twice_is_no_field(void **state)
{
	struct request r = { 0 };
	struct signature_result got;
	(void)state;
	assert_true(buffer_append_text(&r.body, "Hello, World!"));
	for (int i = 0; i < 2; i++)
		field(&r.headers, "X-Hub-Signature-256",
		      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	struct signature_input in = input(&r, "It's a Secret to Everybody");
	signature_verify(signature_find("github"), &in, &got);
	assert_int_equal(got.reason, SIGNATURE_MALFORMED);
	assert_non_null(strstr(got.text, "2 times"));
	request_free(&r);
}

static void test_github_sha1(void **state)
{
	struct request r = { 0 };
	(void)state;
	assert_true(buffer_append_text(&r.body, "what do ya want for nothing?"));
	/* RFC 2202 §3, case 2 */
	field(&r.headers, "X-Hub-Signature", "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
	struct signature_input in = input(&r, "Jefe");
	assert_int_equal(signature_check(signature_find("github"), &in), SIGNATURE_VALID);
	assert_int_equal(signature_check(signature_find("intercom"), &in), SIGNATURE_VALID);
	assert_int_equal(signature_check(signature_find("bitbucket"), &in), SIGNATURE_INVALID);
	request_free(&r);
}

static void test_tolerance(void **state)
{
	struct request r = { 0 };
	struct signature_sign_out out;
	struct error e;
	const struct signature_provider *p = signature_find("stripe");
	(void)state;
	assert_true(buffer_append_text(&r.body, "{}"));
	struct signature_input in = input(&r, "key");
	assert_true(signature_sign(p, &in, &out, &e));
	set_fields(&r, &out);
	in = input(&r, "key");
	in.at = AT + 300;
	assert_int_equal(signature_check(p, &in), SIGNATURE_VALID);
	in.at = AT + 301;
	assert_int_equal(signature_check(p, &in), SIGNATURE_INVALID);
	in.tolerance = 0;
	assert_int_equal(signature_check(p, &in), SIGNATURE_VALID);
	in.tolerance = 301;
	assert_int_equal(signature_check(p, &in), SIGNATURE_VALID);
	in.tolerance = 10;
	in.at = AT + 11;
	assert_int_equal(signature_check(p, &in), SIGNATURE_INVALID);
	signature_sign_free(&out);
	request_free(&r);
}

/* ---- who sent it ---- */

struct origin_case {
	const char *fields[6];
	const char *body, *provider, *event;
	bool is_signed;
};

static void test_recognise(void **state)
{
	static const struct origin_case cases[] = {
		{ { "X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=1" }, "{}", "github", "push", true },
		{ { "X-GitHub-Event", "ping" }, "{}", "github", "ping", false },
		{ { "Stripe-Signature", "t=1,v1=2" }, "{\"type\":\"invoice.paid\"}", "stripe", "invoice.paid", true },
		{ { "User-Agent", "Stripe/1.0 (+https://stripe.com)" }, "{\"type\":\"a.b\"}", "stripe", "a.b", false },
		{ { "X-Hub-Signature-256", "sha256=1" }, "{}", NULL, "", true },
		{ { "X-Hub-Signature-256", "sha256=1" },
		  "{\"object\":\"page\",\"entry\":[{\"id\":\"1\"}]}",
		  "meta",
		  "page",
		  true },
		{ { "X-Hub-Signature-256", "sha256=1", "User-Agent", "facebookexternalua" },
		  "{\"object\":\"x\"}",
		  "meta",
		  "x",
		  true },
		{ { "X-Hub-Signature", "sha1=1" }, "{\"topic\":\"user.created\"}", "intercom", "user.created", true },
		{ { "X-Hub-Signature", "sha256=1" }, "{}", "bitbucket", "", true },
		{ { "X-Hub-Signature", "sha256=1", "X-Event-Key", "repo:push" }, "{}", "bitbucket", "repo:push", true },
		{ { "X-Slack-Signature", "v0=1", "Content-Type", "application/x-www-form-urlencoded" },
		  "token=1&command=%2Fweather&text=94070",
		  "slack",
		  "/weather",
		  true },
		{ { "X-Slack-Signature", "v0=1" },
		  "{\"type\":\"event_callback\",\"event\":{\"type\":\"app_mention\"}}",
		  "slack",
		  "app_mention",
		  true },
		{ { "svix-id", "1", "svix-signature", "v1,x" },
		  "{\"type\":\"user.created\"}",
		  "svix",
		  "user.created",
		  true },
		{ { "webhook-signature", "v1,x" }, "{\"type\":\"a\"}", "standard", "a", true },
		{ { NULL },
		  "{\"signature\":{\"timestamp\":\"1\",\"token\":\"t\",\"signature\":\"s\"},\"event-data\":{\"event\":"
		  "\"opened\"}}",
		  "mailgun",
		  "opened",
		  true },
		{ { "x-amz-sns-message-type", "Notification" }, "{}", "sns", "Notification", false },
		{ { "X-HubSpot-Signature-v3", "x" },
		  "[{\"subscriptionType\":\"contact.creation\"}]",
		  "hubspot",
		  "contact.creation",
		  true },
		{ { NULL }, "{\"type\":\"invoice.paid\"}", NULL, "", false },
		{ { "User-Agent", "curl/8" }, "{", NULL, "", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct origin_case *k = &cases[i];
		struct buffer headers = { 0 };
		struct signature_origin got;
		for (int f = 0; f < 6 && k->fields[f]; f += 2)
			field(&headers, k->fields[f], k->fields[f + 1]);
		assert_true(signature_recognise(buffer_view(&headers), bytes_of(k->body), &got));
		if (!got.provider != !k->provider || (k->provider && strcmp(got.provider, k->provider) != 0) ||
		    !bytes_equal(buffer_view(&got.event), bytes_of(k->event)) || got.is_signed != k->is_signed)
			fail_msg("%zu: %s %.*s %d", i, got.provider ? got.provider : "none", (int)got.event.len,
				 got.event.at ? (char *)got.event.at : "", got.is_signed);
		buffer_free(&got.event);
		buffer_free(&headers);
	}
}

/* The vectors say who sent them, but where two share a field and nothing else tells. */
static void test_recognise_vectors(void **state)
{
	json_t *all = vectors(), *v;
	size_t i, known = 0;
	(void)state;
	json_array_foreach(all, i, v)
	{
		struct request r;
		struct signature_origin got;
		const char *name = json_string_value(json_object_get(v, "provider"));
		read_vector(v, &r);
		assert_true(signature_recognise(buffer_view(&r.headers), buffer_view(&r.body), &got));
		if (got.provider && strcmp(got.provider, name) != 0)
			fail_msg("%s taken for %s", name, got.provider);
		known += got.provider != NULL;
		buffer_free(&got.event);
		request_free(&r);
	}
	json_decref(all);
	assert_true(known >= 100);
}

/* Twitch's time, whose signature is made over the text as it stands. */
static void judge_time(const char *text, bool readable)
{
	struct request r = { 0 };
	struct signature_sign_out out;
	struct signature_result got;
	struct error e;
	const struct signature_provider *p = signature_find("twitch");
	assert_true(buffer_append_text(&r.body, "{}"));
	struct signature_input in = input(&r, "s3cr3t");
	assert_true(signature_sign(p, &in, &out, &e));
	set_fields(&r, &out);
	signature_sign_free(&out);
	struct buffer changed = { 0 };
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&r.headers), &pos, &name, &value);)
		assert_true(headers_append(
		    &changed, name,
		    bytes_equal_nocase(name, "Twitch-Eventsub-Message-Timestamp") ? bytes_of(text) : value));
	in = input(&r, "s3cr3t");
	in.headers = buffer_view(&changed);
	signature_verify(p, &in, &got);
	if ((got.reason == SIGNATURE_MALFORMED) == readable)
		fail_msg("%s: %s", text, got.text);
	buffer_free(&changed);
	request_free(&r);
}

static void test_times(void **state)
{
	(void)state;
	judge_time("2025-11-24T16:00:00Z", true);
	judge_time("2025-11-24T16:00:00.123456789Z", true);
	judge_time("2025-11-24T18:00:00+02:00", true);
	judge_time("2025-11-24t14:30:00.1-01:30", true);
	judge_time("2025-11-24T16:00:00", false);
	judge_time("2025-11-24 16:00:00Z", false);
	judge_time("2025-11-24T16:00:00+02", false);
	judge_time("1764000000", false);
	judge_time("2025-11-24T16:00:00.0000000000000000000000000000000000Z", false);
}

static void test_urls_in_other_words(void **state)
{
	struct request r = { .url = "https://hooks.example.com/a?b=1%3A2%20%41" };
	struct signature_sign_out out;
	struct error e;
	const struct signature_provider *hubspot = signature_find("hubspot"), *twilio = signature_find("twilio");
	(void)state;
	struct signature_input in = input(&r, "s3cr3t");
	in.url = bytes_of("https://hooks.example.com/a?b=1:2%20%41");
	assert_true(signature_sign(hubspot, &in, &out, &e));
	set_fields(&r, &out);
	signature_sign_free(&out);
	in = input(&r, "s3cr3t");
	assert_int_equal(signature_check(hubspot, &in), SIGNATURE_VALID);
	in.url = bytes_of("https://hooks.example.com:443/a");
	assert_true(signature_sign(twilio, &in, &out, &e));
	set_fields(&r, &out);
	signature_sign_free(&out);
	in = input(&r, "s3cr3t");
	in.url = bytes_of("https://hooks.example.com/a");
	assert_int_equal(signature_check(twilio, &in), SIGNATURE_VALID);
	in.url = bytes_of("https://hooks.example.com:444/a");
	assert_int_equal(signature_check(twilio, &in), SIGNATURE_INVALID);
	request_free(&r);
}

/* A body of 64 MiB could hold 30 million of them: sorted while everything else waits. */
static void test_a_form_of_very_many_parameters(void **state)
{
	struct request r = { .url = "https://hooks.example.com/a" };
	struct signature_result got;
	(void)state;
	field(&r.headers, "Content-Type", "application/x-www-form-urlencoded");
	field(&r.headers, "X-Twilio-Signature", "ldmKFfucrIVb5YqZuoxrvDjjOYI=");
	for (int i = 0; i < 10001; i++)
		assert_true(buffer_append_text(&r.body, i ? "&a=1" : "a=1"));
	struct signature_input in = input(&r, "s3cr3t");
	signature_verify(signature_find("twilio"), &in, &got);
	assert_int_equal(got.verdict, SIGNATURE_INVALID);
	assert_int_equal(got.reason, SIGNATURE_MALFORMED);
	assert_string_equal(got.text, "the form has more than 10000 parameters");
	r.body.len -= 4;
	in = input(&r, "s3cr3t");
	signature_verify(signature_find("twilio"), &in, &got);
	assert_int_not_equal(got.reason, SIGNATURE_MALFORMED);
	request_free(&r);
}

static void test_names(void **state)
{
	struct error e;
	(void)state;
	assert_string_equal(signature_name(signature_find("Facebook")), "meta");
	assert_string_equal(signature_name(signature_find("clerk")), "svix");
	assert_null(signature_find("github sha1"));
	assert_true(signature_kin(signature_find("svix"), signature_find("standard")));
	assert_true(signature_kin(signature_find("standard"), signature_find("svix")));
	assert_false(signature_kin(signature_find("github"), signature_find("meta")));
	assert_null(signature_find(""));
	assert_false(signature_unknown("gitub", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "did you mean github"));
	assert_true(signature_needs_url(signature_find("square")));
	assert_false(signature_needs_url(signature_find("stripe")));
	assert_true(signature_secret_fits(signature_find("stripe"), bytes_of("x"), &e));
	assert_false(signature_secret_fits(signature_find("stripe"), bytes_of(""), &e));
	assert_false(signature_secret_fits(signature_find("sendgrid"), bytes_of("x"), &e));
	assert_non_null(strstr(e.text, "none of sendgrid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_vectors_changed),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_with_private_keys),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_twice_is_no_field),
		cmocka_unit_test(test_github_sha1),
		cmocka_unit_test(test_tolerance),
		cmocka_unit_test(test_recognise),
		cmocka_unit_test(test_recognise_vectors),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_urls_in_other_words),
		cmocka_unit_test(test_a_form_of_very_many_parameters),
		cmocka_unit_test(test_names),
	};
	return RUN(tests);
}
