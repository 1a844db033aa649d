/* Handshakes: what is answered to each, what is none, and which URLs are fetched. */
#include "client/origin/challenge.h"
#include "shared/http/headers.h"
#include "tests/unit/unit.h"

struct challenge_case {
	const char *method, *target, *field, *value, *body;
	const char *provider; /* NULL: not to be answered */
	const char *answer;
};

#define ZOOM(token) "{\"event\":\"endpoint.url_validation\",\"payload\":{\"plainToken\":\"" token "\"}}"
#define SNS(url) "{\"Type\":\"SubscriptionConfirmation\",\"SubscribeURL\":\"" url "\"}"
#define META "/m?hub.mode=subscribe&hub.challenge=11%2622&hub.verify_token="

static void run_case(const struct challenge_case *k, const struct secrets *secrets)
{
	struct buffer headers = { 0 };
	struct challenge got;
	struct bytes value;
	if (k->field)
		assert_true(headers_append(&headers, bytes_of(k->field), bytes_of(k->value)));
	struct challenge_request r = { bytes_of(k->method), bytes_of(k->target), buffer_view(&headers),
				       bytes_of(k->body) };
	bool found = challenge_find(&r, secrets, &got);
	if (found != (k->provider != NULL))
		fail_msg("%s %s %s: %d", k->method, k->target, k->body, found);
	if (found) {
		assert_string_equal(got.provider, k->provider);
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
		  "a<b>A" },
		{ "GET", "/", NULL, NULL, "{\"type\":\"url_verification\",\"challenge\":\"a\"}", NULL, NULL },
		{ "POST", "/", NULL, NULL, "{\"type\":\"url_verification\"}", NULL, NULL },
		{ "POST", "/", NULL, NULL, "{\"type\":\"event_callback\",\"challenge\":\"a\"}", NULL, NULL },
		{ "POST", "/", "Twitch-Eventsub-Message-Type", "webhook_callback_verification",
		  "{\"challenge\":\"pogchamp\"}", "twitch", "pogchamp" },
		{ "POST", "/", "Twitch-Eventsub-Message-Type", "notification", "{\"challenge\":\"x\"}", NULL, NULL },
		/* By Zoom's documentation: HMAC-SHA256 of the token in hex. */
		{ "POST", "/", NULL, NULL, ZOOM("qgg8vlvZRS6UYooatFL8Aw"), "zoom",
		  "{\"plainToken\":\"qgg8vlvZRS6UYooatFL8Aw\",\"encryptedToken\":"
		  "\"b17f0320a1322a509340a1a835b3d9edbc491f0b0790ed2d20d0604d39dfe922\"}" },
		/* It would be the signature of a webhook. */
		{ "POST", "/", NULL, NULL, ZOOM("v0:1764000000:{}"), NULL, NULL },
		{ "POST", "/", NULL, NULL, ZOOM(""), NULL, NULL },
		{ "GET", META "the-token", NULL, NULL, "", "meta", "11&22" },
		{ "GET", META "another", NULL, NULL, "", NULL, NULL },
		{ "GET", META, NULL, NULL, "", NULL, NULL },
		{ "GET", "/d?challenge=a%3Cb", NULL, NULL, "", "dropbox", "a<b" },
		{ "POST", "/d?challenge=a", NULL, NULL, "", NULL, NULL },
		{ "GET", "/d?challenge=", NULL, NULL, "", NULL, NULL },
		{ "POST", "/", "X-Hook-Secret", "abc", "", "asana", "" },
		{ "POST", "/", "x-amz-sns-message-type", "SubscriptionConfirmation",
		  SNS("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"), "sns", "" },
		{ "POST", "/", "x-amz-sns-message-type", "SubscriptionConfirmation", SNS("https://example.com/"), NULL,
		  NULL },
		{ "POST", "/", "x-amz-sns-message-type", "Notification",
		  SNS("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1"), NULL, NULL },
		{ "POST", "/", NULL, NULL, "", NULL, NULL },
		{ "GET", "/", NULL, NULL, "", NULL, NULL },
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

/* Zoom and Meta are answered by those alone who know the secret. */
static void test_without_secrets(void **state)
{
	static const struct challenge_case cases[] = {
		{ "POST", "/", NULL, NULL, ZOOM("abc"), NULL, NULL },
		{ "GET", META "the-token", NULL, NULL, "", NULL, NULL },
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
	struct challenge_case k = { "GET", target, NULL, NULL, "", NULL, NULL };
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
		cmocka_unit_test(test_without_secrets),
		cmocka_unit_test(test_long_ones_are_none),
		cmocka_unit_test(test_urls),
	};
	return RUN(tests);
}
