/* Who sent a delivery, and what it says happened. */
#include "shared/providers/signature_sender.h"
#include "shared/signature/signature_private.h"
#include "tests/unit/shared/signature_fixture.h"

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
		{ { "X-Hub-Signature", "sha1=1" },
		  "{\"topic\":\"user.created\",\"app_id\":\"a1\"}",
		  "intercom",
		  "user.created",
		  true },
		{ { "X-Hub-Signature", "sha1=1" }, "{\"topic\":\"user.created\"}", NULL, "", true },
		{ { "X-Hub-Signature", "sha256=1" }, "{}", NULL, "", true },
		{ { "X-Hub-Signature", "sha256=1", "X-Snyk-Event", "ping/v0" }, "{}", "snyk", "ping/v0", true },
		{ { "X-Hub-Signature", "sha256=1" }, "{\"webhookEvent\":\"jira:a\"}", "jira", "jira:a", true },
		{ { "X-Hub-Signature", "sha1=1", "Link", "<https://h>; rel=hub" }, "<feed/>", "websub", "", true },
		{ { "X-Hub-Signature", "sha1=1", "Link", "<https://t>; rel=self", "Link", "<https://h>; rel=hub" },
		  "<feed/>",
		  "websub",
		  "",
		  true },
		{ { "X-Signature", "ts=1,v1=00" },
		  "{\"action\":\"payment.created\"}",
		  "mercadopago",
		  "payment.created",
		  true },
		{ { "X-DocuSign-Signature-2", "x" },
		  "{\"event\":\"envelope-sent\"}",
		  "docusign",
		  "envelope-sent",
		  true },
		{ { "Content-Type", "application/json" },
		  "{\"token\":\"t\",\"team_id\":\"t\",\"channel_id\":\"c\",\"trigger_word\":\"hi\"}",
		  "mattermost",
		  "hi",
		  true },
		{ { "Content-Type", "application/json" },
		  "{\"value\":[{\"subscriptionId\":\"s\",\"clientState\":\"c\",\"lifecycleEvent\":\"missed\"}]}",
		  "microsoft-graph",
		  "missed",
		  true },
		{ { "Content-Type", "application/json" },
		  "{\"object\":\"event\",\"content\":{},\"event_type\":\"plan_created\",\"webhook_status\":"
		  "\"scheduled\"}",
		  "chargebee",
		  "plan_created",
		  false },
		{ { "Content-Type", "application/json" },
		  "{\"callback_url\":\"u\",\"push_data\":{\"tag\":\"t\"},\"repository\":{\"repo_name\":\"r\"}}",
		  "dockerhub",
		  "push",
		  false },
		{ { "Content-Type", "text/xml; charset=utf-8", "SOAPAction", "\"\"" },
		  "<soapenv:Envelope><soapenv:Body><notifications xmlns=\"http://soap.sforce.com/2005/09/outbound\"/>",
		  "salesforce",
		  "",
		  false },
		{ { "Content-Type", "text/xml" }, "<notifications xmlns=\"http://example.com/\"/>", NULL, "", false },
		{ { "Content-Type", "text/plain" }, "http://soap.sforce.com/2005/09/outbound", NULL, "", false },
		{ { "X-GitHub-Event", "push", "X-Gitea-Event", "push" }, "{}", "gitea", "push", false },
		{ { "X-GitHub-Event", "push", "X-Gitea-Event", "push", "X-Forgejo-Event", "push" },
		  "{}",
		  "forgejo",
		  "push",
		  false },
		{ { "shopify-topic", "Product", "shopify-action", "update" },
		  "{}",
		  "shopify",
		  "Product/update",
		  false },
		{ { "Webhook-Signature", "time=1,sig1=00" }, "{}", "cloudflare", "", true },
		{ { "Webhook-Signature", "00", "User-Agent", "gocardless-webhook-service/1.1" },
		  "{\"events\":[{\"resource_type\":\"payments\",\"action\":\"paid\"}]}",
		  "gocardless",
		  "payments.paid",
		  true },
		{ { "Webhook-Signature", "00" }, "{}", NULL, "", true },
		{ { "Authorization", "Basic eA==" }, "{\"type\":\"a\"}", NULL, "", false },
		{ { "Sentry-Hook-Resource", "issue" }, "{\"action\":\"created\"}", "sentry", "issue.created", false },
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
		{ { "x-amz-sns-message-type", "Notification" },
		  "{\"Signature\":\"x\",\"SigningCertURL\":\"https://a\",\"TopicArn\":\"arn\"}",
		  "sns",
		  "Notification",
		  true },
		{ { "x-amz-sns-message-type", "Notification" }, "{}", "sns", "Notification", false },
		{ { "X-Telegram-Bot-Api-Secret-Token", "x" },
		  "{\"update_id\":1,\"message\":{}}",
		  "telegram",
		  "message",
		  true },
		{ { "Paypal-Transmission-Id", "1", "Paypal-Transmission-Sig", "x" }, "{}", "paypal", "", true },
		{ { "Plaid-Verification", "x" }, "{}", "plaid", "", true },
		{ { "X-Gitlab-Event", "Push Hook", "webhook-signature", "v1,x" }, "{}", "gitlab", "Push Hook", true },
		{ { "X-HubSpot-Signature-v3", "x" },
		  "[{\"subscriptionType\":\"contact.creation\"}]",
		  "hubspot",
		  "contact.creation",
		  true },
		/* What a body says, however it says it. */
		{ { "X-Slack-Signature", "v0=1", "Content-Type", "application/x-www-form-urlencoded" },
		  "payload=%7B%22type%22%3A%22block_actions%22%7D",
		  "slack",
		  "block_actions",
		  true },
		{ { "X-Twilio-Signature", "x", "Content-Type", "application/x-www-form-urlencoded" },
		  "MessageSid=SM1&MessageStatus=delivered",
		  "twilio",
		  "delivered",
		  true },
		{ { "Content-Type", "application/x-www-form-urlencoded" },
		  "event=opened&timestamp=1&token=t&signature=0123456789",
		  "mailgun",
		  "opened",
		  true },
		{ { "Content-Type", "multipart/form-data; boundary=x" },
		  "--x\r\nContent-Disposition: form-data; name=\"timestamp\"\r\n\r\n1\r\n"
		  "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nt\r\n"
		  "--x\r\nContent-Disposition: form-data; name=\"signature\"\r\n\r\ns\r\n--x--\r\n",
		  "mailgun",
		  "",
		  true },
		/* Without a type; with lines that end in LF; with parts coded for their transfer, or named by RFC 8187.
		 */
		{ { "X-Slack-Signature", "v0=1" },
		  "payload=%7B%22type%22%3A%22view_submission%22%7D",
		  "slack",
		  "view_submission",
		  true },
		{ { "X-Twilio-Signature", "x" }, "MessageSid=SM1&MessageStatus=sent", "twilio", "sent", true },
		{ { "X-Slack-Signature", "v0=1", "Content-Type", "multipart/form-data; boundary=x" },
		  "--x\nContent-Disposition: form-data; name=payload\nContent-Transfer-Encoding: base64\n\n"
		  "eyJ0eXBlIjoi\nc2hvcnRjdXQifQ==\n--x--\n",
		  "slack",
		  "shortcut",
		  true },
		{ { "Content-Type", "multipart/form-data; boundary=x" },
		  "--x\nContent-Disposition: form-data;\n name=timestamp\n\n1\n"
		  "--x\nContent-Disposition: form-data; name*=utf-8''%74oken\n\nt\n"
		  "--x\nContent-Disposition: form-data; name=event\nContent-Transfer-Encoding: "
		  "quoted-printable\n\nclick=65d\n"
		  "--x\nContent-Disposition: form-data; name=signature\n\ns\n--x--\n",
		  "mailgun",
		  "clicked",
		  true },
		/* What is called a text is no form. */
		{ { "X-Twilio-Signature", "x", "Content-Type", "text/plain" },
		  "MessageStatus=sent",
		  "twilio",
		  "",
		  true },
		{ { "Content-Type", "application/cloudevents+json; charset=utf-8" },
		  "{\"specversion\":\"1.0\",\"type\":\"com.example.made\"}",
		  "cloudevents",
		  "com.example.made",
		  false },
		{ { "Content-Type", "application/cloudevents-batch+json" },
		  "[{\"type\":\"one\"},{\"type\":\"two\"}]",
		  "cloudevents",
		  "one",
		  false },
		{ { "ce-type", "binary", "Content-Type", "application/json" }, "{}", "cloudevents", "binary", false },
		{ { "webhook-signature", "v1,x", "Content-Type", "application/cloudevents+json" },
		  "{\"type\":\"a\"}",
		  "standard",
		  "a",
		  true },
		{ { "Stripe-Signature", "t=1,v1=x", "Content-Type", "application/json; charset=iso-8859-1" },
		  "{\"type\":\"caf\xe9\"}",
		  "stripe",
		  "caf\xc3\xa9",
		  true },
		{ { "Stripe-Signature", "t=1,v1=x" },
		  "{\"type\":\"first\",\"t\\u0079pe\":\"last\"}",
		  "stripe",
		  "last",
		  true },
		{ { "Stripe-Signature", "t=1,v1=x" }, "{\"type\":\"a\",}", "stripe", "", true },
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

/* The vectors say who sent them, but where several share a field and nothing else tells. */
static void test_recognise_vectors(void **state)
{
	static const char *const not_told[] = { "github", "meta",     "bitbucket", "intercom",
						"svix",   "standard", "adyen",     "monday" };
	json_t *all = vectors(), *v;
	size_t i, known = 0;
	(void)state;
	json_array_foreach(all, i, v)
	{
		struct request r;
		struct signature_origin got;
		const char *name = json_string_value(json_object_get(v, "provider"));
		bool may_be_unsure = !json_is_true(json_object_get(v, "valid"));
		read_vector(v, &r);
		assert_true(signature_recognise(buffer_view(&r.headers), buffer_view(&r.body), &got));
		if (got.provider && strcmp(got.provider, name) != 0)
			fail_msg("%s taken for %s", name, got.provider);
		for (size_t k = 0; k < sizeof not_told / sizeof *not_told; k++)
			may_be_unsure = may_be_unsure || strcmp(name, not_told[k]) == 0;
		if (!got.provider && !may_be_unsure)
			fail_msg("%s (%s) is not recognised", name, json_string_value(json_object_get(v, "why")));
		known += got.provider != NULL;
		buffer_free(&got.event);
		request_free(&r);
	}
	json_decref(all);
	assert_true(known >= 360);
}

/* The request with another's User-Agent in the place of its own. */
static void with_agent(const struct request *r, const char *agent, struct buffer *headers)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(&r->headers), &pos, &name, &value);)
		if (!bytes_equal_nocase(name, "User-Agent"))
			assert_true(headers_append(headers, name, value));
	field(headers, "User-Agent", agent);
}

/* Every provider's fields with every other's User-Agent, and beside every other's own field: nobody becomes the owner
 * of what he does not send. */
static void test_matrix(void **state)
{
	json_t *all = vectors(), *v;
	size_t i, tried = 0;
	(void)state;
	json_array_foreach(all, i, v)
	{
		struct request r;
		const struct signature_provider *own =
		    signature_find(json_string_value(json_object_get(v, "provider")));
		if (!json_is_true(json_object_get(v, "valid")))
			continue;
		read_vector(v, &r);
		for (size_t k = 0; k < signature_table_len; k++) {
			const struct signature_provider *other = &signature_table[k];
			struct buffer headers = { 0 };
			struct signature_origin got;
			if (other->hidden || other == own || !other->agent)
				continue;
			with_agent(&r, other->agent, &headers);
			assert_true(signature_recognise(buffer_view(&headers), buffer_view(&r.body), &got));
			if (got.signature && !signature_kin(got.signature, own) &&
			    !(got.signature == other &&
			      signature_may_be(other, buffer_view(&headers), buffer_view(&r.body))) &&
			    signature_may_be(own, buffer_view(&r.headers), buffer_view(&r.body)))
				fail_msg("%s with the User-Agent of %s taken for %s", own->name, other->name,
					 got.provider);
			buffer_free(&got.event);
			buffer_free(&headers);
			tried++;
		}
		request_free(&r);
	}
	json_decref(all);
	assert_true(tried > 3000);
}

/* The id its sender knows an event by, wherever that one puts it. */
static void test_event_ids(void **state)
{
	static const struct {
		const char *provider, *fields[4], *body, *id;
	} cases[] = {
		{ "stripe", { NULL }, "{\"id\":\"evt_1Q8xZ\",\"object\":\"event\"}", "evt_1Q8xZ" },
		{ "stripe", { NULL }, "{\"id\":\"evt_1Q8xZ\"", "" },
		{ "stripe", { NULL }, "{\"id\":{\"a\":1}}", "" },
		{ "github", { "X-GitHub-Delivery", "72d3162e-cc78-11e3" }, "{\"id\":1}", "72d3162e-cc78-11e3" },
		{ "github", { "X-GitHub-Event", "push" }, "{\"id\":1}", "" },
		{ "shopify", { "X-Shopify-Event-Id", "e", "X-Shopify-Webhook-Id", "w" }, "{\"id\":7}", "w" },
		{ "shopify", { "X-Shopify-Event-Id", "e" }, "{\"id\":7}", "e" },
		{ "linear", { "linear-delivery", "234d1a4e" }, "{}", "234d1a4e" },
		{ "twitch", { "Twitch-Eventsub-Message-Id", "m1" }, "{}", "m1" },
		{ "slack", { NULL }, "{\"event_id\":\"Ev08\",\"event\":{}}", "Ev08" },
		{ "slack",
		  { "Content-Type", "application/x-www-form-urlencoded" },
		  "command=%2Fa&trigger_id=13.7%2Bx",
		  "13.7+x" },
		{ "twilio", { "Content-Type", "application/x-www-form-urlencoded" }, "CallSid=CA1&To=2", "CA1" },
		{ "hubspot", { NULL }, "[{\"eventId\":3816279340}]", "3816279340" },
		{ "line", { NULL }, "{\"events\":[{\"webhookEventId\":\"01FZ\"}]}", "01FZ" },
		{ "svix", { "svix-id", "msg_1" }, "{\"id\":\"no\"}", "msg_1" },
		{ "standard", { "webhook-id", "msg_2" }, "{}", "msg_2" },
		{ "acme", { "webhook-id", "msg_3" }, "{\"id\":\"no\"}", "msg_3" },
		{ "acme", { NULL }, "{\"id\":\"no\",\"type\":\"a\"}", "" },
		{ "", { NULL }, "{\"id\":\"evt_9\",\"type\":\"a.b\"}", "evt_9" },
		{ "", { NULL }, "{\"id\":\"row 9\"}", "" },
		{ "", { NULL }, "", "" },
		{ "github", { "X-GitHub-Delivery", "" }, "", "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer headers = { 0 }, id = { 0 };
		for (int f = 0; f < 4 && cases[i].fields[f]; f += 2)
			field(&headers, cases[i].fields[f], cases[i].fields[f + 1]);
		bool there = signature_event_id(bytes_of(cases[i].provider), buffer_view(&headers),
						bytes_of(cases[i].body), &id);
		if (there != (*cases[i].id != 0) || !bytes_equal(buffer_view(&id), bytes_of(cases[i].id)))
			fail_msg("%zu: %.*s", i, (int)id.len, id.at ? (char *)id.at : "");
		buffer_free(&headers);
		buffer_free(&id);
	}
}

/* What is longer than any id is none. */
static void test_signed_at(void **state)
{
	static const struct {
		const char *provider, *name, *value, *body;
		int64_t at; /* 0: it does not say */
	} cases[] = {
		{ "stripe", "Stripe-Signature", "t=1764000151,v1=5257", "", 1764000151 },
		{ "stripe", "Stripe-Signature", "v1=5257,t=1764000151", "", 1764000151 },
		{ "paddle", "Paddle-Signature", "ts=1764000151;h1=ab", "", 1764000151 },
		{ "github", "X-Hub-Signature-256", "sha256=ab", "", 0 },
		{ "stripe", "Stripe-Signature", "t=x,v1=5257", "", 0 },
		{ "nobody", "Stripe-Signature", "t=1764000151,v1=5257", "", 0 },
		{ "", "Stripe-Signature", "t=1764000151,v1=5257", "", 0 },
		{ "linear", "Linear-Signature", "ab", "{\"webhookTimestamp\": 1764000151999}", 1764000151 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer headers = { 0 };
		int64_t at = 0;
		assert_true(headers_append(&headers, bytes_of(cases[i].name), bytes_of(cases[i].value)));
		bool there = signature_signed_at(bytes_of(cases[i].provider), buffer_view(&headers),
						 bytes_of(cases[i].body), &at);
		assert_int_equal(there, cases[i].at != 0);
		if (there)
			assert_int_equal(at, cases[i].at);
		buffer_free(&headers);
	}
	/* Fields of their own. */
	struct buffer headers = { 0 };
	int64_t at;
	assert_true(headers_append(&headers, bytes_of("X-Zm-Signature"), bytes_of("v0=ab")) &&
		    headers_append(&headers, bytes_of("X-Zm-Request-Timestamp"), bytes_of("1764000151")));
	assert_true(signature_signed_at(bytes_of("zoom"), buffer_view(&headers), bytes_of(""), &at));
	assert_int_equal(at, 1764000151);
	buffer_free(&headers);
}

static void test_event_id_too_long(void **state)
{
	char value[300] = { 0 };
	struct buffer headers = { 0 }, id = { 0 };
	(void)state;
	memset(value, 'x', 201);
	field(&headers, "X-GitHub-Delivery", value);
	assert_false(signature_event_id(bytes_of("github"), buffer_view(&headers), bytes_of(""), &id));
	assert_int_equal(id.len, 0);
	buffer_free(&headers);
	buffer_free(&id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_ids),         cmocka_unit_test(test_event_id_too_long),
		cmocka_unit_test(test_signed_at),         cmocka_unit_test(test_recognise),
		cmocka_unit_test(test_recognise_vectors), cmocka_unit_test(test_matrix),
	};
	return RUN(tests);
}
