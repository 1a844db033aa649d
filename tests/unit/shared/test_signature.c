/* Every provider's signatures: the vectors (many made by the official libraries), and why one does not hold. */
#include "shared/providers/signature_sign.h"
#include "shared/providers/signature_verify.h"
#include "shared/signature/signature_private.h"
#include "shared/signature/signature_tools.h"
#include "tests/unit/shared/signature_fixture.h"

/* ---- the vectors ---- */

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

/* A token covers nothing of the body, and some sign parts of it only. */
static bool covers_body(const struct signature_provider *p, const struct signature_input *in)
{
	struct bytes named;
	const struct signature_provider *row = signature_row(p, in, &named);
	return row->token_sum || strstr(row->content, "%B") || strstr(row->content, "%P") || strstr(row->content, "%C");
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
		bool body_signed = covers_body(p, &in);
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
	struct signature_result got;
	assert_true(buffer_append_text(&r.body, k->signed_body));
	struct signature_input in = input(&r, k->signed_secret);
	sign(&r, k->provider, &in);
	r.body.len = 0;
	assert_true(buffer_append_text(&r.body, k->body));
	in = input(&r, k->secret);
	in.at += k->late;
	signature_verify(signature_find(k->provider), &in, &got);
	if (got.verdict != SIGNATURE_INVALID || got.reason != k->reason || !strstr(got.text, k->says) ||
	    strstr(got.text, k->secret))
		fail_msg("%s with '%s': %s: %s, not %s", k->provider, k->secret, signature_reason_name(got.reason),
			 got.text, k->says);
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
		  "after commas and colons and its keys" },
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
	const struct signature_provider *p = signature_find("stripe");
	(void)state;
	assert_true(buffer_append_text(&r.body, "{}"));
	struct signature_input in = input(&r, "key");
	sign(&r, "stripe", &in);
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
	request_free(&r);
}

/* Twitch's time, whose signature is made over the text as it stands. */
static void judge_time(const char *text, bool readable)
{
	struct request r = { 0 };
	struct signature_result got;
	assert_true(buffer_append_text(&r.body, "{}"));
	struct signature_input in = input(&r, "s3cr3t");
	sign(&r, "twitch", &in);
	struct buffer changed = { 0 };
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&r.headers), &pos, &name, &value);)
		assert_true(headers_append(
		    &changed, name,
		    bytes_equal_nocase(name, "Twitch-Eventsub-Message-Timestamp") ? bytes_of(text) : value));
	in = input(&r, "s3cr3t");
	in.headers = buffer_view(&changed);
	signature_verify(signature_find("twitch"), &in, &got);
	if ((got.reason == SIGNATURE_MALFORMED) == readable)
		fail_msg("%s: %s", text, got.text);
	buffer_free(&changed);
	request_free(&r);
}

static void says_of_body(const char *provider, const char *body, enum signature_reason reason, const char *what)
{
	struct request r = { 0 };
	struct signature_result got;
	struct buffer mac = { 0 };
	assert_true(buffer_append_text(&r.body, body));
	assert_true(signature_hmac_hex(bytes_of("s3cr3t"), buffer_view(&r.body), &mac) && buffer_put_u8(&mac, 0));
	field(&r.headers, "Linear-Timestamp", "1764000000000");
	field(&r.headers, "Linear-Signature", (const char *)mac.at);
	struct signature_input in = input(&r, "s3cr3t");
	signature_verify(signature_find(provider), &in, &got);
	if (got.reason != reason || !strstr(got.text, what))
		fail_msg("%s: %s: %s", body, signature_reason_name(got.reason), got.text);
	in.tolerance = 0;
	assert_int_equal(signature_check(signature_find(provider), &in) == SIGNATURE_VALID, reason == SIGNATURE_HOLDS);
	buffer_free(&mac);
	request_free(&r);
}

/* Linear's library takes the time of the signed body alone, and refuses a body that has none. */
static void test_a_time_in_the_body(void **state)
{
	static const char none[] = "the body has no webhookTimestamp";
	(void)state;
	says_of_body("linear", "{\"webhookTimestamp\":1764000000000}", SIGNATURE_HOLDS, "holds");
	says_of_body("linear", "{\"a\":1}", SIGNATURE_MALFORMED, none);
	says_of_body("linear", "{\"data\":{\"webhookTimestamp\":1764000000000}}", SIGNATURE_MALFORMED, none);
	says_of_body("linear", "[{\"webhookTimestamp\":1764000000000}]", SIGNATURE_MALFORMED, none);
	says_of_body("linear", "no JSON", SIGNATURE_MALFORMED, none);
	says_of_body("linear", "", SIGNATURE_MALFORMED, none);
	says_of_body("linear", "{\"webhookTimestamp\":null}", SIGNATURE_MALFORMED, "milliseconds");
	says_of_body("linear", "{\"webhookTimestamp\":\"\"}", SIGNATURE_MALFORMED, "milliseconds");
	/* One that is too long to be searched is not called wrong for it. */
	struct request r = { 0 };
	struct signature_result got;
	field(&r.headers, "Linear-Signature", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
	for (int i = 0; i < 300 * 1024; i++)
		assert_true(buffer_put_u8(&r.body, ' '));
	struct signature_input in = input(&r, "s3cr3t");
	signature_verify(signature_find("linear"), &in, &got);
	assert_int_equal(got.verdict, SIGNATURE_NONE);
	assert_non_null(strstr(got.text, "too long"));
	request_free(&r);
}

static enum signature_verdict twilio_verdict(const char *settings, const char *again, const char *mark)
{
	struct request r = { .url = "https://hooks.example.com/a" };
	field(&r.headers, "X-Twilio-Signature", mark);
	if (settings)
		field(&r.headers, "X-Twilio-Webhooks-Signature-Settings", settings);
	if (again)
		field(&r.headers, "x-twilio-webhooks-signature-settings", again);
	struct signature_input in = input(&r, "s3cr3t");
	enum signature_verdict verdict = signature_check(signature_find("twilio"), &in);
	request_free(&r);
	return verdict;
}

/* As twilio 6.3.1 reads the settings: the first algorithm that is not empty, in any letters; none is SHA-1. */
static void test_settings_name_the_algorithm(void **state)
{
	static const struct {
		const char *settings, *again;
		bool sha1, sha256;
	} cases[] = {
		{ NULL, NULL, true, false },
		{ "", NULL, true, false },
		{ "key=k", NULL, true, false },
		{ "key=k,algorithm=", NULL, true, false },
		{ "key=k,algorithm=HMAC_SHA1", NULL, true, false },
		{ "key=k,algorithm=HMAC_SHA256", NULL, false, true },
		{ "key=k, algorithm = hmac_sha256 ", NULL, false, true },
		{ "algorithm=,algorithm=HMAC_SHA256,algorithm=HMAC_SHA1", NULL, false, true },
		{ "key=k,algorithm=HMAC_SHA512", NULL, false, false },
		{ "algorithm=none", NULL, false, false },
		{ "algorithm=SHA256", NULL, false, false },
		{ "Algorithm=HMAC_SHA256", NULL, true, false },
		{ "key=k", "algorithm=HMAC_SHA256", false, true },
		{ "algorithm=HMAC_SHA256", "algorithm=HMAC_SHA1", false, true },
	};
	struct signature_sign_out strong;
	struct request r = { .url = "https://hooks.example.com/a" };
	struct error e;
	struct bytes mark;
	char sha1[40] = "", sha256[60] = "";
	(void)state;
	struct signature_input in = input(&r, "s3cr3t");
	assert_true(signature_sign(signature_find("twilio"), &in, &strong, &e));
	assert_true(headers_find(buffer_view(&strong.headers), "X-Twilio-Signature", &mark) && mark.len < sizeof sha1);
	memcpy(sha1, mark.at, mark.len);
	signature_sign_free(&strong);
	field(&r.headers, "X-Twilio-Webhooks-Signature-Settings", "key=k,algorithm=HMAC_SHA256");
	in = input(&r, "s3cr3t");
	assert_true(signature_sign(signature_find("twilio"), &in, &strong, &e));
	assert_true(headers_find(buffer_view(&strong.headers), "X-Twilio-Signature", &mark) && mark.len == 44);
	memcpy(sha256, mark.at, mark.len);
	signature_sign_free(&strong);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool weak_holds = twilio_verdict(cases[i].settings, cases[i].again, sha1) == SIGNATURE_VALID;
		bool strong_holds = twilio_verdict(cases[i].settings, cases[i].again, sha256) == SIGNATURE_VALID;
		if (weak_holds != cases[i].sha1 || strong_holds != cases[i].sha256)
			fail_msg("settings %s, %s: sha1 %d, sha256 %d", cases[i].settings, cases[i].again, weak_holds,
				 strong_holds);
	}
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
	const struct signature_provider *hubspot = signature_find("hubspot"), *twilio = signature_find("twilio");
	(void)state;
	struct signature_input in = input(&r, "s3cr3t");
	in.url = bytes_of("https://hooks.example.com/a?b=1:2%20%41");
	sign(&r, "hubspot", &in);
	in = input(&r, "s3cr3t");
	assert_int_equal(signature_check(hubspot, &in), SIGNATURE_VALID);
	in.url = bytes_of("https://hooks.example.com:443/a");
	sign(&r, "twilio", &in);
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
	assert_non_null(strstr(e.text, "does not fit sendgrid"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_vectors_changed),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_twice_is_no_field),
		cmocka_unit_test(test_github_sha1),
		cmocka_unit_test(test_tolerance),
		cmocka_unit_test(test_a_time_in_the_body),
		cmocka_unit_test(test_settings_name_the_algorithm),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_urls_in_other_words),
		cmocka_unit_test(test_a_form_of_very_many_parameters),
		cmocka_unit_test(test_names),
	};
	return RUN(tests);
}
