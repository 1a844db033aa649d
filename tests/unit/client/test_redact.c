/* The samples of fifty-odd webhooks, redacted: what is no secret in them stays, byte by byte. */
#include <stdio.h>
#include <string.h>

#include "client/trigger/samples.h"
#include "shared/http/http_text.h"
#include "shared/redact/redact.h"
#include "tests/unit/unit.h"

/* What there is to be taken out, and nothing else: as places and names. */
static const char *const expected[][2] = {
	{ "braintree.check", "signature bt_signature" },
	{ "discord.", "JSON member token" },
	{ "docusign.envelope-completed", "header X-Authorization-Digest" },
	/* All of an object of such a name is taken out: what is in it may be anything. */
	{ "front.inbound_received", "JSON member authorization.id" },
	{ "line.message", "JSON member events.message.quoteToken" },
	{ "paystack.charge.success", "JSON member data.authorization.authorization_code" },
	{ "paystack.charge.success", "JSON member data.authorization.bin" },
	{ "paystack.charge.success", "JSON member data.authorization.last4" },
	{ "paystack.charge.success", "JSON member data.authorization.exp_month" },
	{ "paystack.charge.success", "JSON member data.authorization.exp_year" },
	{ "paystack.charge.success", "JSON member data.authorization.card_type" },
	{ "paystack.charge.success", "JSON member data.authorization.bank" },
	{ "paystack.charge.success", "JSON member data.authorization.country_code" },
	{ "paystack.charge.success", "JSON member data.authorization.brand" },
	{ "pusher.channel_occupied", "header X-Pusher-Key" },
	{ "line.message", "JSON member events.replyToken" },
	{ "slack.command", "form field token" },
	{ "slack.", "JSON member token" },
	{ "typeform.form_response", "JSON member form_response.token" },
};

struct looking {
	const char *sample;
	size_t unexpected;
};

static void on_found(void *user, const struct redact_found *found)
{
	struct looking *l = user;
	char text[200];
	snprintf(text, sizeof text, "%s %.*s", redact_kind_name(found->kind), (int)found->name.len,
		 found->name.len ? (const char *)found->name.at : "");
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		if (strncmp(l->sample, expected[i][0], strlen(expected[i][0])) == 0 &&
		    strcmp(text, expected[i][1]) == 0)
			return;
	printf("%s: %s, %s\n", l->sample, text, found->why);
	l->unexpected++;
}

static void test_samples(void **state)
{
	struct looking l = { NULL, 0 };
	(void)state;
	for (const struct sample *s = samples_built_in; s->name; s++) {
		struct redaction r = { .on_found = on_found, .user = &l };
		struct buffer filled = { 0 }, fields = { 0 }, out = { 0 };
		struct http_text t;
		struct error e;
		bool decoded, replaced;
		l.sample = s->name;
		assert_true(samples_fill(bytes_of(s->text), "thing.done", 1700000000000, &filled, &e));
		assert_true(http_text_read(buffer_view(&filled), &t, &fields, NULL, &e));
		assert_true(redact_headers(&r, t.headers, &out));
		size_t before = r.total;
		out.len = 0;
		assert_true(redact_body(&r, t.headers, t.body, &out, &decoded, &replaced));
		assert_true(r.total > before || bytes_equal(buffer_view(&out), t.body));
		out.len = 0;
		assert_true(redact_url(&r, t.target, &out) && bytes_equal(buffer_view(&out), t.target));
		buffer_free(&filled);
		buffer_free(&fields);
		buffer_free(&out);
	}
	assert_int_equal(l.unexpected, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_samples) };
	return RUN(tests);
}
