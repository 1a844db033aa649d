/* What is taken out of header fields and URLs, how what is left looks, and what stays. test_redact_body.c has bodies,
 * tests/e2e/redact.test.mjs whole exports. */
#include <stdio.h>
#include <string.h>

#include "shared/redact/redact.h"
#include "tests/unit/unit.h"

static void test_fields(void **state)
{
	static const struct {
		const char *in, *out;
		enum redact_kind kind;
	} cases[] = {
		{ "Authorization: Bearer hunter2hunter2", "Authorization: Bearer REDACTEDxxxxxx", REDACT_HEADER },
		{ "authorization: hunter2", "authorization: REDACTED", REDACT_HEADER },
		{ "Proxy-Authorization: Basic aHVudGVyMg==", "Proxy-Authorization: Basic REDACTEDxxxx", REDACT_HEADER },
		{ "Cookie: sid=hunter2; theme=dark; flag", "Cookie: sid=REDACTED; theme=REDACTED; REDACTED",
		  REDACT_COOKIE },
		{ "Set-Cookie: sid=hunter2; Path=/; HttpOnly", "Set-Cookie: sid=REDACTED; Path=/; HttpOnly",
		  REDACT_COOKIE },
		{ "X-Api-Key: hunter2", "X-Api-Key: REDACTED", REDACT_HEADER },
		{ "Ocp-Apim-Subscription-Key: hunter2", "Ocp-Apim-Subscription-Key: REDACTED", REDACT_HEADER },
		{ "X-Session-Id: hunter2", "X-Session-Id: REDACTED", REDACT_HEADER },
		{ "X-JWT-Assertion: hunter2", "X-JWT-Assertion: REDACTED", REDACT_HEADER },
		{ "cf-webhook-auth: hunter2", "cf-webhook-auth: REDACTED", REDACT_HEADER },
		{ "X-Gitlab-Token: hunter2", "X-Gitlab-Token: REDACTED", REDACT_HEADER },
		{ "X-Telegram-Bot-Api-Secret-Token: hunter2", "X-Telegram-Bot-Api-Secret-Token: REDACTED",
		  REDACT_HEADER },
		{ "X-Buildkite-Token: hunter2", "X-Buildkite-Token: REDACTED", REDACT_HEADER },
		{ "X-Goog-Channel-Token: hunter2", "X-Goog-Channel-Token: REDACTED", REDACT_HEADER },
		{ "X-Hook-Secret: hunter2", "X-Hook-Secret: REDACTED", REDACT_HEADER },
		{ "Stripe-Signature: t=1492774577,v1=5257a869e7ec,v0=6ffbb59b2300",
		  "Stripe-Signature: t=1492774577,v1=REDACTEDxxxx,v0=REDACTEDxxxx", REDACT_SIGNATURE },
		{ "X-Hub-Signature-256: sha256=5257a869e7ec", "X-Hub-Signature-256: sha256=REDACTEDxxxx",
		  REDACT_SIGNATURE },
		{ "webhook-signature: v1,K5oZfzN95Z9UVu1= v1,hunter2",
		  "webhook-signature: v1,REDACTEDxxxxxxxx v1,REDACTED", REDACT_SIGNATURE },
		{ "X-Trello-Webhook: hunter2hunter2=", "X-Trello-Webhook: REDACTEDxxxxxxx", REDACT_SIGNATURE },
		{ "X-Airtable-Content-MAC: hmac-sha256=hunter2", "X-Airtable-Content-MAC: hmac-sha256=REDACTED",
		  REDACT_SIGNATURE },
		{ "Plaid-Verification: hunter2", "Plaid-Verification: REDACTED", REDACT_SIGNATURE },
		{ "Paypal-Transmission-Sig: hunter2", "Paypal-Transmission-Sig: REDACTED", REDACT_SIGNATURE },
		{ "Linear-Signature: hunter2", "Linear-Signature: REDACTED", REDACT_SIGNATURE },
		{ "Content-Digest: sha-256=:X48E9qOokqqrvdts:", "Content-Digest: sha-256=REDACTEDxxxxxxxxxx",
		  REDACT_SIGNATURE },
		{ "Referer: https://a.test/x?token=hunter2&q=1", "Referer: https://a.test/x?token=REDACTED&q=1",
		  REDACT_QUERY },
		{ "Location: /next?q=1&code=hunter2", "Location: /next?q=1&code=REDACTED", REDACT_QUERY },
		{ "Location: /x#access_token=hunter2", "Location: /x#access_token=REDACTED", REDACT_QUERY },
		{ "X-Forwarded-Uri: /hooks/5f4dcc3b5aa765d61d8327deb882cf99",
		  "X-Forwarded-Uri: /hooks/REDACTEDxxxxxxxxxxxxxxxxxxxxxxxx", REDACT_PATH },
		{ "X-Context: {\"password\":\"hunter2\"}", "X-Context: {\"password\":\"REDACTED\"}", REDACT_JSON },
		{ "X-Any: see ghp_0123456789abcdefghij", "X-Any: see ghp_REDACTED************", REDACT_SHAPE },
		{ "Sec-WebSocket-Protocol: graphql-ws, access_token, hunter2",
		  "Sec-WebSocket-Protocol: graphql-ws, access_token, REDACTED", REDACT_HEADER },
		{ "Sec-WebSocket-Protocol: v1.json, base64url.bearer.k8s.io.aB3dE5fG7hJ9kL1mN3pQ",
		  "Sec-WebSocket-Protocol: v1.json, base64url.bearer.k8s.io.REDACTEDxxxxxxxxxxxx", REDACT_HEADER },
		{ "Sec-WebSocket-Protocol: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
		  "Sec-WebSocket-Protocol: eyJhbGciOiJub25lIn0.eyJyZWRhY3RlZCI6dHJ1ZX0.REDACTED", REDACT_SHAPE },
		{ "Sec-WebSocket-Protocol: graphql-transport-ws, v12.stomp, creel.v1", NULL, 0 },
		{ "Location: //me:hunter2@a.test/x", "Location: //REDACTED:REDACTED@a.test/x", REDACT_USER },
		{ "X-GitHub-Event: push", NULL, 0 },
		{ "X-Event-Key: repo:push", NULL, 0 },
		{ "Idempotency-Key: 8e03978e-40d5-43e8-bc93-6894a57f9324", NULL, 0 },
		{ "X-Signature-Timestamp: 1492774577", NULL, 0 },
		{ "WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"", NULL, 0 },
		{ "Vary: Cookie, Authorization", NULL, 0 },
		{ "User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)", NULL, 0 },
		{ "Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43", NULL, 0 },
		{ "Content-Type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", NULL, 0 },
		{ "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"", NULL, 0 },
		{ "Paypal-Auth-Algo: SHA256withRSA", NULL, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redaction r = { 0 };
		struct buffer in = { 0 }, out = { 0 }, expected = { 0 };
		assert_true(buffer_printf(&in, "%s\r\n", cases[i].in));
		assert_true(buffer_printf(&expected, "%s\r\n", cases[i].out ? cases[i].out : cases[i].in));
		assert_true(redact_headers(&r, buffer_view(&in), &out));
		if (!bytes_equal(buffer_view(&out), buffer_view(&expected)))
			fail_msg("%.*sbecame %.*s", (int)in.len, (const char *)in.at, (int)out.len,
				 (const char *)out.at);
		if (cases[i].out ? r.counts[cases[i].kind] == 0 : r.total > 0)
			fail_msg("%s is counted as another kind", cases[i].in);
		buffer_free(&in);
		buffer_free(&out);
		buffer_free(&expected);
	}
}

static void test_urls(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "/a?token=hunter2&sig=hunter2&b=1", "/a?token=REDACTED&sig=REDACTED&b=1" },
		{ "/a?%74oken=hunter2&key=x", "/a?%74oken=REDACTED&key=REDACTED" },
		{ "/a?q=ghp_0123456789abcdefghij&b=%zz", "/a?q=ghp_REDACTED************&b=%zz" },
		{ "/a?ghp_0123456789abcdefghij", "/a?ghp_REDACTED************" },
		{ "/a?x=%7B%22token%22%3A%22hunter2%22%7D", "/a?x=%7B%22token%22%3A%22REDACTED%22%7D" },
		{ "/a?next=https%3A%2F%2Fb.test%2F%3Ftoken%3Dhunter2",
		  "/a?next=https%3A%2F%2Fb.test%2F%3Ftoken%3DREDACTED" },
		{ "/hooks/ghp_0123456789abcdefghij/x", "/hooks/ghp_REDACTED************/x" },
		{ "/services/T024BE7LD/B0/aBcD3fGh1JkLmN0pQrStUvWx",
		  "/services/T024BE7LD/B0/REDACTEDxxxxxxxxxxxxxxxx" },
		{ "/token/hunter2hunter2/x", "/token/REDACTEDxxxxxx/x" },
		{ "/reset/a1b2c3d4e5", "/reset/REDACTED**" },
		{ "/users/invite/aB3dE5fG7hJ9/accept", "/users/invite/REDACTED****/accept" },
		{ "/confirm/MQ/c2x5kd-3f9a1b2c3d4e", "/confirm/MQ/REDACTED***********" },
		{ "/verify/e38d8a2c-9d6f-4c33-bb0a-6f1f0d9c0c11", "/verify/REDACTED****************************" },
		{ "/password-reset/QwErTyUiOpAsDfGhJk?x", "/password-reset/REDACTED**********?x" },
		{ "/unsubscribe/newsletter-2026/step-2", NULL },
		{ "/verify/email/resend", NULL },
		{ "/reset/12345/invite/2026-11-29", NULL },
		{ "/confirm/order-1234567", NULL },
		{ "/a;jsessionid=hunter2?b", "/a;jsessionid=REDACTED?b" },
		{ "https://hooks.slack.com/services/T0/B0/aBcD", "https://hooks.slack.com/services/REDACTED**" },
		{ "https://hunter2@a.test", "https://REDACTED@a.test" },
		{ "http://localhost:3000/a/b-c/e38d8a2c-9d6f-4c33-bb0a-6f1f0d9c0c11?page=2&q=a+b", NULL },
		{ "/a/../b;c?x[]='{", NULL },
		{ "*", NULL },
		{ "a.test:443", NULL },
		{ "/password/reset", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redaction r = { 0 };
		struct buffer out = { 0 };
		assert_true(redact_url(&r, bytes_of(cases[i].in), &out));
		if (!bytes_equal(buffer_view(&out), bytes_of(cases[i].out ? cases[i].out : cases[i].in)))
			fail_msg("%s became %.*s", cases[i].in, (int)out.len, (const char *)out.at);
		buffer_free(&out);
	}
}

static void test_wrong_names(void **state)
{
	static const char *const wrong[] = { "foo:bar", "json:", "a,x:y" };
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct redact_names names;
		const char *list = wrong[i];
		struct option_values values = { &list, 1 };
		struct error e;
		assert_false(redact_names_read(&names, &values, &e));
		assert_int_equal(e.code, EXIT_USAGE);
		redact_names_free(&names);
	}
}

static void test_secret_names(void **state)
{
	(void)state;
	assert_true(redact_is_secret(bytes_of("X-Api-Key")) && !redact_is_secret(bytes_of("X-Hub-Signature")));
	assert_true(redact_is_named(bytes_of("X-Hub-Signature"), NULL));
}

static void test_counts(void **state)
{
	struct buffer out = { 0 };
	size_t counts[REDACT_KINDS] = {
		[REDACT_HEADER] = 3, [REDACT_QUERY] = 1, [REDACT_JSON] = 2, [REDACT_SHAPE] = 1
	};
	static const size_t none[REDACT_KINDS] = { 0 };
	(void)state;
	assert_true(redact_append_counts(counts, &out));
	assert_true(
	    bytes_equal(buffer_view(&out), bytes_of("3 headers, 1 query parameter, 2 JSON members, 1 token by shape")));
	out.len = 0;
	assert_true(redact_append_counts(none, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("nothing")));
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),       cmocka_unit_test(test_urls),   cmocka_unit_test(test_wrong_names),
		cmocka_unit_test(test_secret_names), cmocka_unit_test(test_counts),
	};
	return RUN(tests);
}
