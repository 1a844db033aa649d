/* Handshakes: what is answered to each, what is none, and which URLs are fetched. */
#include "client/origin/challenge.h"
#include "shared/http/headers.h"
#include "tests/unit/unit.h"

struct challenge_case {
	const char *method, *target, *field, *value, *body;
	const char *provider; /* NULL: not to be answered */
	const char *answer;
	enum signature_verdict signature;
	int status; /* 0: 200 */
};

#define ZOOM(token) "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"" token "\"}}"
#define SNS(url) "{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"" url "\"}"
#define META "/m?hub.mode=subscribe&hub.challenge=11%2622&hub.verify_token="

static const char *const topics[] = { "https://example.com/feed",
				      "https://www.youtube.com/xml/feeds/videos.xml?channel_id=UC1" };

static void run_case(const struct challenge_case *k, const struct secrets *secrets)
{
	struct buffer headers = { 0 };
	struct challenge got;
	struct bytes value;
	if (k->field)
		assert_true(headers_append(&headers, bytes_of(k->field), bytes_of(k->value)));
	struct challenge_request r = { .method = bytes_of(k->method),
				       .target = bytes_of(k->target),
				       .headers = buffer_view(&headers),
				       .body = bytes_of(k->body),
				       .signature = k->signature,
				       .topics = topics,
				       .topic_count = sizeof topics / sizeof *topics };
	bool found = challenge_find(&r, secrets, &got);
	if (found != (k->provider != NULL))
		fail_msg("%s %s %s: %d", k->method, k->target, k->body, found);
	if (found) {
		assert_string_equal(got.provider, k->provider);
		assert_int_equal(got.status, k->status ? k->status : 200);
		if (!bytes_equal(buffer_view(&got.body), bytes_of(k->answer)))
			fail_msg("%s: %.*s", k->provider, (int)got.body.len, (char *)got.body.at);
		assert_true(headers_valid(buffer_view(&got.headers)));
		assert_true(headers_find(buffer_view(&got.headers), "X-Content-Type-Options", &value));
		assert_true(headers_find(buffer_view(&got.headers), "Content-Type", &value));
		assert_false(bytes_equal(value, bytes_of("text/html")));
	} else {
		assert_int_equal(got.body.len + got.headers.len + got.confirm.len, 0);
	}
	challenge_free(&got);
	buffer_free(&headers);
}

static void test_challenges(void **state)
{
	static const struct challenge_case cases[] = {
		{ "POST", "/", NULL, NULL, "{\"type\":\"url_verification\",\"challenge\":\"a<b>\\u0041\"}", "slack",
		  "a<b>A", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "\xef\xbb\xbf{\"type\":\"url_verification\",\"challenge\":\"bom\"}", "slack",
		  "bom", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "Content-Type", "application/json; charset=iso-8859-1",
		  "{\"type\":\"url_verification\",\"challenge\":\"\xe9\"}", "slack", "\xc3\xa9", SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/", NULL, NULL, "{\"type\":\"url_verification\",\"challenge\":\"a\"}", NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"type\":\"url_verification\"}", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"type\":\"event_callback\",\"challenge\":\"a\"}", NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "Twitch-Eventsub-Message-Type", "webhook_callback_verification",
		  "{\"challenge\":\"pogchamp\"}", "twitch", "pogchamp", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "Twitch-Eventsub-Message-Type", "notification", "{\"challenge\":\"x\"}", NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		/* By Zoom's documentation: HMAC-SHA256 of the token in hex. */
		{ "POST", "/", NULL, NULL, ZOOM("qgg8vlvZRS6UYooatFL8Aw"), "zoom",
		  "{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":"
		  "\"b17f0320a1322a509340a1a835b3d9edbc491f0b0790ed2d20d0604d39dfe922\"}",
		  SIGNATURE_UNKNOWN, 0 },
		/* It would be the signature of a webhook. */
		{ "POST", "/", NULL, NULL, ZOOM("v0:1764000000:{}"), NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, ZOOM(""), NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", META "the-token", NULL, NULL, "", "meta", "11&22", SIGNATURE_UNKNOWN, 0 },
		{ "GET", META "another", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", META, NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/d?challenge=a%3Cb", NULL, NULL, "", "dropbox", "a<b", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/d?challenge=a", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/d?challenge=", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "X-Hook-Secret", "abc", "", "asana", "", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "x-amz-sns-message-type", "SubscriptionConfirmation",
		  SNS("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"), "sns", "",
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "x-amz-sns-message-type", "SubscriptionConfirmation", SNS("https://example.com/"), NULL,
		  NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "x-amz-sns-message-type", "Notification",
		  SNS("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"), NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
	};
	char zoom[] = "zoom-secret", app[] = "app-secret", token[] = "the-token";
	struct secret all[] = { { signature_find("zoom"), zoom },
				{ signature_find("meta"), app },
				{ signature_find("meta"), token } };
	struct secrets secrets = { all, 3 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		run_case(&cases[i], &secrets);
}

#define WEBSUB "/w?hub.mode=subscribe&hub.challenge=c%2B1&hub.topic="
#define SOAP "<soapenv:Envelope><notifications xmlns=\"http://soap.sforce.com/2005/09/outbound\"/></soapenv:Envelope>"
#define ACK                                                                                                            \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope "                                               \
	"xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><notificationsResponse "            \
	"xmlns=\"http://soap.sforce.com/2005/09/outbound\"><Ack>true</Ack></notificationsResponse></soapenv:Body>"     \
	"</soapenv:Envelope>\n"

/* Of each one that is answered, and one that must not be. */
static void test_more_challenges(void **state)
{
	static const char ping[] = "{\"type\":1,\"id\":\"1\",\"token\":\"t\"}", mark[] = "X-Signature-Ed25519";
	static const char sync[] = "{\"type\":\"sync\"}", intent[] = "{\"events\":[],\"entropy\":\"S0\"}";
	static const char validation[] = "[{\"data\":{\"validationCode\":\"512d38b6-c7b8-40c8\"}}]";
	static const struct challenge_case cases[] = {
		{ "POST", "/g?validationToken=Validation%3A+a%26b", NULL, NULL, "", "microsoft-graph",
		  "Validation: a&b", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/g?validationToken=x", NULL, NULL, "{\"value\":[]}", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/g?validationToken=x", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "aeg-event-type", "SubscriptionValidation", validation, "azure-eventgrid",
		  "{\"validationResponse\":\"512d38b6-c7b8-40c8\"}", SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "aeg-event-type", "Notification", validation, NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "aeg-event-type", "SubscriptionValidation",
		  "[{\"data\":{\"validationCode\":\"a\\\"b\"}}]", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "OPTIONS", "/", "WebHook-Request-Origin", "eventgrid.azure.net", "", "azure-eventgrid", "",
		  SIGNATURE_UNKNOWN, 0 },
		{ "OPTIONS", "/", "Origin", "https://example.com", "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/", "X-Okta-Verification-Challenge", "abc123", "", "okta", "{\"verification\":\"abc123\"}",
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "X-Okta-Verification-Challenge", "abc123", "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/", "X-Okta-Verification-Challenge", "<b>", "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"challenge\":\"3eZbrw1aBm\"}", "monday", "{\"challenge\":\"3eZbrw1aBm\"}",
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"challenge\":\"a\",\"event\":1}", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "X-Front-Challenge", "abc", sync, "front", "{\"challenge\":\"abc\"}", SIGNATURE_VALID,
		  0 },
		{ "POST", "/", "X-Front-Challenge", "abc", sync, NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "X-Front-Challenge", "abc", sync, NULL, NULL, SIGNATURE_INVALID, 0 },
		{ "POST", "/", mark, "x", ping, "discord", "{\"type\":1}", SIGNATURE_VALID, 0 },
		{ "POST", "/", mark, "x", ping, "discord", "", SIGNATURE_INVALID, 401 },
		{ "POST", "/", mark, "x", ping, NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", mark, "x", "{\"version\":1,\"type\":0}", "discord", "", SIGNATURE_VALID, 204 },
		{ "POST", "/", mark, "x", "{\"type\":1,\"event\":{\"type\":\"A\"}}", NULL, NULL, SIGNATURE_VALID, 0 },
		{ "POST", "/", mark, "x", "{\"type\":2}", NULL, NULL, SIGNATURE_INVALID, 0 },
		{ "GET", WEBSUB "https%3A%2F%2Fexample.com%2Ffeed", NULL, NULL, "", "websub", "c+1", SIGNATURE_UNKNOWN,
		  0 },
		{ "GET", WEBSUB "https%3A%2F%2Fexample.com%2Fother", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", WEBSUB "https%3A%2F%2Fexample.com%2Ffeed&hub.verify_token=x", NULL, NULL, "", NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/b?bt_challenge=d1c3a4f7e4a84b3f8a4f1b2c3d4e5f60", NULL, NULL, "", "braintree",
		  "pub0|5a7f8596c7fa4a452dcb13562b1aee746726f84e", SIGNATURE_UNKNOWN, 0 },
		{ "GET", "/b?bt_challenge=d1c3", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "HEAD", "/hooks/trello?a=1", NULL, NULL, "", "trello", "", SIGNATURE_UNKNOWN, 0 },
		{ "HEAD", "/", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "HEAD", "/?from=trello", "User-Agent", "curl/8.0", "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "HEAD", "/", "User-Agent", "Intercom/1.0", "", "intercom", "", SIGNATURE_UNKNOWN, 0 },
		{ "HEAD", "/trello", NULL, NULL, "x", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"verification_token\":\"secret_1c5b\"}", "notion", "", SIGNATURE_UNKNOWN,
		  0 },
		{ "POST", "/", NULL, NULL, "{\"verification_token\":\"secret_1c5b\",\"type\":\"a\"}", NULL, NULL,
		  SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"verification_token\":\"a\\u001bb\"}", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "x-xero-signature", "x", intent, "xero", "", SIGNATURE_VALID, 0 },
		{ "POST", "/", "x-xero-signature", "x", intent, "xero", "", SIGNATURE_INVALID, 401 },
		{ "POST", "/", "x-xero-signature", "x", intent, NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "x-xero-signature", "x", "{\"events\":[{\"a\":1}],\"entropy\":\"S\"}", NULL, NULL,
		  SIGNATURE_INVALID, 0 },
		{ "POST", "/", "SOAPAction", "\"\"", SOAP, "salesforce", ACK, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", "SOAPAction", "\"\"", "<soapenv:Envelope/>", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "POST", "/", NULL, NULL, "{\"type\":\"url_verification\",\"challenge\":\"a\"}", NULL, NULL,
		  SIGNATURE_INVALID, 0 },
		{ "GET", "/d?challenge=a", NULL, NULL, "", NULL, NULL, SIGNATURE_INVALID, 0 },
	};
	char keys[] = "pub0\ndc6a452fbafc6b95adee5bf2c0611936";
	struct secret one = { signature_find("braintree"), keys };
	struct secrets secrets = { &one, 1 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		run_case(&cases[i], &secrets);
}

/* Zoom and Meta are answered by those alone who know the secret. */
static void test_without_secrets(void **state)
{
	static const struct challenge_case cases[] = {
		{ "POST", "/", NULL, NULL, ZOOM("abc"), NULL, NULL, SIGNATURE_UNKNOWN, 0 },
		{ "GET", META "the-token", NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 },
	};
	struct secrets none = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		run_case(&cases[i], &none);
		run_case(&cases[i], NULL);
	}
}

static void test_long_ones_are_none(void **state)
{
	static char target[6000] = "/d?challenge=";
	struct challenge_case k = { "GET", target, NULL, NULL, "", NULL, NULL, SIGNATURE_UNKNOWN, 0 };
	(void)state;
	memset(target + strlen(target), 'a', sizeof target - strlen(target) - 1);
	run_case(&k, NULL);
}

static void test_urls(void **state)
{
	static const char *const may[] = { "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
					   "https://sns.cn-north-1.amazonaws.com.cn/x" };
	static const char *const may_not[] = {
		"",
		"http://sns.us-east-1.amazonaws.com/",
		"https://sns.us-east-1.amazonaws.com",
		"https://sns.us-east-1.amazonaws.com@example.com/",
		"https://sns.us-east-1.amazonaws.com:8443/",
		"https://sns.us-east-1.amazonaws.com.example.com/",
		"https://sns.us-east-1.example.amazonaws.com/",
		"https://x@sns.us-east-1.amazonaws.com/",
		"https://s3.amazonaws.com/",
		"https://sns..amazonaws.com/",
		"https://sns.amazonaws.com/",
		"https://sns.us-east-1.amazonaws.com\\@example.com/",
		"https://sns.us-east-1.amazonaws.com#/",
		"https://sns.us-east-1.amazonaws.com/\r\nX: 1",
		"file:///etc/passwd",
	};
	(void)state;
	for (size_t i = 0; i < sizeof may / sizeof *may; i++)
		if (!challenge_may_fetch(bytes_of(may[i])))
			fail_msg("%s", may[i]);
	for (size_t i = 0; i < sizeof may_not / sizeof *may_not; i++)
		if (challenge_may_fetch(bytes_of(may_not[i])))
			fail_msg("%s", may_not[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_more_challenges),
		cmocka_unit_test(test_without_secrets),
		cmocka_unit_test(test_long_ones_are_none),
		cmocka_unit_test(test_urls),
	};
	return RUN(tests);
}
