/* The id a provider gave its event: what its dashboard and its support know it by. */
#include "shared/signature/signature_private.h"
#include "shared/http/form.h"
#include "shared/signature/signature_tools.h"

#include <string.h>

#define ID_MOST 200

/* Where it stands: in a field, in the JSON body ("event.id") or in the form ("form:MessageSid"). Of several rows of a
 * provider the first that is there counts; those of nobody are for everybody, behind its own. */
static const struct place {
	const char *provider, *field, *path;
} places[] = {
	{ "github", "X-GitHub-Delivery", NULL },
	{ "gitlab", "X-Gitlab-Event-UUID", NULL },
	{ "bitbucket", "X-Request-UUID", NULL },
	{ "stripe", NULL, "id" },
	{ "slack", NULL, "event_id" },
	{ "slack", NULL, "form:trigger_id" },
	{ "shopify", "X-Shopify-Webhook-Id", NULL },
	{ "shopify", "X-Shopify-Event-Id", NULL },
	{ "woocommerce", "X-WC-Webhook-Delivery-ID", NULL },
	{ "twilio", NULL, "form:MessageSid" },
	{ "twilio", NULL, "form:CallSid" },
	{ "twilio", "I-Twilio-Idempotency-Token", NULL },
	{ "discord", NULL, "id" },
	{ "paddle", NULL, "event_id" },
	{ "square", NULL, "event_id" },
	{ "twitch", "Twitch-Eventsub-Message-Id", NULL },
	{ "linear", "Linear-Delivery", NULL },
	{ "hubspot", NULL, "[0].eventId" },
	{ "sendgrid", NULL, "[0].sg_event_id" },
	{ "mailgun", NULL, "event-data.id" },
	{ "typeform", NULL, "event_id" },
	{ "intercom", NULL, "id" },
	{ "zendesk", "X-Zendesk-Webhook-Invocation-Id", NULL },
	{ "zendesk", NULL, "id" },
	{ "pagerduty", NULL, "event.id" },
	{ "razorpay", "X-Razorpay-Event-Id", NULL },
	{ "line", NULL, "events[0].webhookEventId" },
	{ "launchdarkly", NULL, "_id" },
	{ "sns", "x-amz-sns-message-id", NULL },
	{ "telegram", NULL, "update_id" },
	{ "sentry", "Request-ID", NULL },
	{ "circleci", NULL, "id" },
	{ "jira", "X-Atlassian-Webhook-Identifier", NULL },
	{ "paypal", NULL, "id" },
	{ NULL, "webhook-id", NULL },
	{ NULL, "svix-id", NULL },
	{ NULL, "ce-id", NULL },
};

static bool read_place(const struct place *p, struct bytes headers, struct bytes body, struct buffer *out)
{
	struct bytes value;
	if (p->field)
		return headers_find(headers, p->field, &value) && value.len && value.len <= ID_MOST &&
		       buffer_append_bytes(out, value);
	if (strncmp(p->path, "form:", 5) == 0)
		return form_is(headers) && form_value(body, p->path + 5, out);
	return signature_json_value(body, p->path, out, NULL);
}

bool signature_event_id(struct bytes provider, struct bytes headers, struct bytes body, struct buffer *out)
{
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const struct place *p = &places[i];
		if (p->provider && !bytes_equal(provider, bytes_of(p->provider)))
			continue;
		out->len = 0;
		if (read_place(p, headers, body, out) && out->len && out->len <= ID_MOST)
			return true;
	}
	out->len = 0;
	/* Of a stranger: an envelope like Stripe's, which says what happened beside its id. */
	if (!provider.len && signature_json_value(body, "type", out, NULL)) {
		out->len = 0;
		if (signature_json_value(body, "id", out, NULL) && out->len && out->len <= ID_MOST)
			return true;
	}
	out->len = 0;
	return false;
}
