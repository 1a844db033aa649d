/* Who sent a delivery, and what it says happened. */
#include "tests/unit/signature_fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recognise),
		cmocka_unit_test(test_recognise_vectors),
	};
	return RUN(tests);
}
