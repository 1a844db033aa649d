/* The providers: all that is known of each stands in its row. A further one of a usual kind is one more row, a sample
 * (client/samples) and a line of the manual. */
#include "shared/signature/signature_private.h"

#include <string.h>
#include <strings.h>

#define HEX256 .algorithm = SIGN_SHA256, .form = FORM_HEX
#define BASE256 .algorithm = SIGN_SHA256, .form = FORM_BASE64
#define FIVE_MINUTES 300

const struct signature_provider signature_table[] = {
	{ .name = "github",
	  .field = "X-Hub-Signature-256",
	  .also = "github sha1",
	  .prefix = "sha256=",
	  .content = "%B",
	  HEX256,
	  .agent = "GitHub-Hookshot/",
	  .event_field = "X-GitHub-Event",
	  .own_field = "X-GitHub-Event",
	  .ids = { "field:X-GitHub-Delivery" } },
	{ .name = "github sha1",
	  .hidden = true,
	  .field = "X-Hub-Signature",
	  .prefix = "sha1=",
	  .content = "%B",
	  .algorithm = SIGN_SHA1 },
	{ .name = "gitlab",
	  .field = "X-Gitlab-Token",
	  .keyed = "gitlab signed",
	  .content = "",
	  .algorithm = SIGN_TOKEN,
	  .agent = "GitLab/",
	  .event_field = "X-Gitlab-Event",
	  .own_field = "X-Gitlab-Event",
	  .ids = { "field:X-Gitlab-Event-UUID" } },
	{ .name = "gitlab signed",
	  .hidden = true,
	  .field = "webhook-signature",
	  .layout = LAYOUT_WORDS,
	  .prefix = "v1,",
	  .time_field = "webhook-timestamp",
	  .id_field = "webhook-id",
	  .content = "%I.%T.%B",
	  BASE256,
	  .secret = SECRET_STANDARD,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .future = true },
	/* Their libraries refuse old ones only, whatever the clock of the receiver. */
	{ .name = "stripe",
	  .field = "Stripe-Signature",
	  .layout = LAYOUT_PAIRS,
	  .prefix = "v1",
	  .separator = ',',
	  .time_key = "t",
	  .content = "%T.%B",
	  HEX256,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .agent = "Stripe/",
	  .event_path = { "type" },
	  .ids = { "id" } },
	{ .name = "slack",
	  .field = "X-Slack-Signature",
	  .prefix = "v0=",
	  .time_field = "X-Slack-Request-Timestamp",
	  .content = "v0:%T:%B",
	  HEX256,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .future = true,
	  .agent = "Slackbot",
	  .event_path = { "event.type", "type" },
	  .ids = { "event_id", "form:trigger_id" } },
	{ .name = "shopify",
	  .field = "X-Shopify-Hmac-Sha256",
	  .content = "%B",
	  BASE256,
	  .agent = "Shopify-Captain-Hook",
	  .event_field = "X-Shopify-Topic",
	  .own_field = "X-Shopify-Topic",
	  .ids = { "field:X-Shopify-Webhook-Id", "field:X-Shopify-Event-Id" } },
	{ .name = "twilio",
	  .field = "X-Twilio-Signature",
	  .settings_field = "X-Twilio-Webhooks-Signature-Settings",
	  .stronger = "twilio sha256",
	  .content = "%U%P",
	  .algorithm = SIGN_SHA1,
	  .form = FORM_BASE64,
	  .agent = "TwilioProxy/",
	  .ids = { "form:MessageSid", "form:CallSid", "field:I-Twilio-Idempotency-Token" } },
	{ .name = "twilio sha256", .hidden = true, .field = "X-Twilio-Signature", .content = "%U%P", BASE256 },
	{ .name = "standard",
	  .field = "webhook-signature",
	  .also = "svix",
	  .layout = LAYOUT_WORDS,
	  .prefix = "v1,",
	  .time_field = "webhook-timestamp",
	  .id_field = "webhook-id",
	  .content = "%I.%T.%B",
	  BASE256,
	  .secret = SECRET_STANDARD,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .future = true,
	  .event_path = { "type" } },
	{ .name = "svix",
	  .field = "svix-signature",
	  .also = "standard",
	  .layout = LAYOUT_WORDS,
	  .prefix = "v1,",
	  .time_field = "svix-timestamp",
	  .id_field = "svix-id",
	  .content = "%I.%T.%B",
	  BASE256,
	  .secret = SECRET_STANDARD,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .future = true,
	  .agent = "Svix-Webhooks/",
	  .event_path = { "type" } },
	{ .name = "discord",
	  .field = "X-Signature-Ed25519",
	  .time_field = "X-Signature-Timestamp",
	  .content = "%T%B",
	  .algorithm = SIGN_ED25519,
	  .secret = SECRET_PUBLIC_KEY,
	  .unit = TIME_TEXT,
	  .agent = "Discord-Interactions/",
	  .event_path = { "event.type", "type" },
	  .ids = { "id" } },
	{ .name = "paddle",
	  .field = "Paddle-Signature",
	  .layout = LAYOUT_PAIRS,
	  .prefix = "h1",
	  .separator = ';',
	  .time_key = "ts",
	  .content = "%T:%B",
	  HEX256,
	  .unit = TIME_SECONDS,
	  .age = 5,
	  .event_path = { "event_type" },
	  .ids = { "event_id" } },
	{ .name = "square",
	  .field = "x-square-hmacsha256-signature",
	  .content = "%U%B",
	  BASE256,
	  .agent = "Square Connect",
	  .event_path = { "type" },
	  .ids = { "event_id" } },
	{ .name = "zoom",
	  .field = "x-zm-signature",
	  .prefix = "v0=",
	  .time_field = "x-zm-request-timestamp",
	  .content = "v0:%T:%B",
	  HEX256,
	  .unit = TIME_SECONDS,
	  .age = FIVE_MINUTES,
	  .agent = "Zoom Marketplace/",
	  .event_path = { "event" } },
	{ .name = "twitch",
	  .field = "Twitch-Eventsub-Message-Signature",
	  .prefix = "sha256=",
	  .time_field = "Twitch-Eventsub-Message-Timestamp",
	  .id_field = "Twitch-Eventsub-Message-Id",
	  .content = "%I%T%B",
	  HEX256,
	  .unit = TIME_RFC3339,
	  .age = 600,
	  .event_field = "Twitch-Eventsub-Subscription-Type",
	  .own_field = "Twitch-Eventsub-Subscription-Type",
	  .ids = { "field:Twitch-Eventsub-Message-Id" } },
	{ .name = "linear",
	  .field = "Linear-Signature",
	  .body_time = "webhookTimestamp",
	  .content = "%B",
	  HEX256,
	  .unit = TIME_MILLISECONDS,
	  .age = 60,
	  .future = true,
	  .agent = "Linear-Webhook",
	  .event_field = "Linear-Event",
	  .event_path = { "type", "action" },
	  .own_field = "Linear-Event",
	  .ids = { "field:Linear-Delivery" } },
	{ .name = "hubspot",
	  .field = "X-HubSpot-Signature-v3",
	  .time_field = "X-HubSpot-Request-Timestamp",
	  .content = "%M%U%B%T",
	  BASE256,
	  .unit = TIME_MILLISECONDS,
	  .age = FIVE_MINUTES,
	  .agent = "HubSpot Connect",
	  .event_path = { "[0].subscriptionType", "subscriptionType" },
	  .ids = { "[0].eventId" } },
	{ .name = "sendgrid",
	  .field = "X-Twilio-Email-Event-Webhook-Signature",
	  .time_field = "X-Twilio-Email-Event-Webhook-Timestamp",
	  .content = "%T%B",
	  .algorithm = SIGN_ECDSA,
	  .form = FORM_BASE64,
	  .secret = SECRET_PUBLIC_KEY,
	  .unit = TIME_TEXT,
	  .agent = "SendGrid Event API",
	  .event_path = { "[0].event" },
	  .ids = { "[0].sg_event_id" } },
	{ .name = "mailgun",
	  .layout = LAYOUT_BODY,
	  .content = "%T%I",
	  HEX256,
	  .unit = TIME_TEXT,
	  .agent = "mailgun/",
	  .event_path = { "event-data.event" },
	  .ids = { "event-data.id" } },
	{ .name = "typeform",
	  .field = "Typeform-Signature",
	  .prefix = "sha256=",
	  .content = "%B",
	  BASE256,
	  .agent = "Typeform Webhooks",
	  .event_path = { "event_type" },
	  .ids = { "event_id" } },
	{ .name = "intercom",
	  .field = "X-Hub-Signature",
	  .prefix = "sha1=",
	  .content = "%B",
	  .algorithm = SIGN_SHA1,
	  .agent = "intercom",
	  .event_path = { "topic" },
	  .ids = { "id" } },
	{ .name = "bitbucket",
	  .field = "X-Hub-Signature",
	  .prefix = "sha256=",
	  .content = "%B",
	  HEX256,
	  .agent = "Bitbucket-Webhooks/",
	  .event_field = "X-Event-Key",
	  .own_field = "X-Event-Key",
	  .ids = { "field:X-Request-UUID" } },
	{ .name = "meta",
	  .field = "X-Hub-Signature-256",
	  .prefix = "sha256=",
	  .content = "%B",
	  HEX256,
	  .agent = "facebookexternalua",
	  .event_path = { "object" } },
	{ .name = "dropbox", .field = "X-Dropbox-Signature", .content = "%B", HEX256, .agent = "DropboxWebhooks/" },
	{ .name = "zendesk",
	  .field = "X-Zendesk-Webhook-Signature",
	  .time_field = "X-Zendesk-Webhook-Signature-Timestamp",
	  .content = "%T%B",
	  BASE256,
	  .unit = TIME_TEXT,
	  .agent = "Zendesk Webhook",
	  .event_path = { "type" },
	  .ids = { "field:X-Zendesk-Webhook-Invocation-Id", "id" } },
	{ .name = "pagerduty",
	  .field = "X-PagerDuty-Signature",
	  .layout = LAYOUT_PAIRS,
	  .prefix = "v1",
	  .separator = ',',
	  .content = "%B",
	  HEX256,
	  .agent = "PagerDuty-Webhook/",
	  .event_path = { "event.event_type" },
	  .ids = { "event.id" } },
	{ .name = "razorpay",
	  .field = "X-Razorpay-Signature",
	  .content = "%B",
	  HEX256,
	  .agent = "Razorpay-Webhook/",
	  .event_path = { "event" },
	  .ids = { "field:X-Razorpay-Event-Id" } },
	{ .name = "line",
	  .field = "x-line-signature",
	  .content = "%B",
	  BASE256,
	  .agent = "LineBotWebhook/",
	  .event_path = { "events[0].type" },
	  .ids = { "events[0].webhookEventId" } },
	{ .name = "woocommerce",
	  .field = "X-WC-Webhook-Signature",
	  .content = "%B",
	  BASE256,
	  .agent = "WooCommerce/",
	  .event_field = "X-WC-Webhook-Topic",
	  .own_field = "X-WC-Webhook-Topic",
	  .ids = { "field:X-WC-Webhook-Delivery-ID" } },
	{ .name = "launchdarkly",
	  .field = "X-LD-Signature",
	  .content = "%B",
	  HEX256,
	  .agent = "LaunchDarkly/",
	  .event_path = { "kind" },
	  .ids = { "_id" } },
	{ .name = "calendly",
	  .field = "Calendly-Webhook-Signature",
	  .layout = LAYOUT_PAIRS,
	  .prefix = "v1",
	  .separator = ',',
	  .time_key = "t",
	  .content = "%T.%B",
	  HEX256,
	  .unit = TIME_SECONDS,
	  .age = 180,
	  .agent = "Calendly",
	  .event_path = { "event" } },
	{ .name = "asana",
	  .field = "X-Hook-Signature",
	  .content = "%B",
	  HEX256,
	  .event_path = { "events[0].resource.resource_type" },
	  .own_field = "X-Hook-Secret" },

	/* Known by a field that only they send; their signatures are not checked here. */
	{ .name = "sns",
	  .unchecked = true,
	  .own_field = "x-amz-sns-message-type",
	  .signs_in_body = true,
	  .event_field = "x-amz-sns-message-type",
	  .ids = { "field:x-amz-sns-message-id" } },
	{ .name = "telegram",
	  .unchecked = true,
	  .own_field = "X-Telegram-Bot-Api-Secret-Token",
	  .ids = { "update_id" } },
	{ .name = "sentry",
	  .unchecked = true,
	  .own_field = "Sentry-Hook-Resource",
	  .event_field = "Sentry-Hook-Resource",
	  .ids = { "field:Request-ID" } },
	{ .name = "circleci",
	  .unchecked = true,
	  .own_field = "Circleci-Event-Type",
	  .event_field = "Circleci-Event-Type",
	  .ids = { "id" } },
	{ .name = "jira",
	  .unchecked = true,
	  .own_field = "X-Atlassian-Webhook-Identifier",
	  .event_path = { "webhookEvent" },
	  .ids = { "field:X-Atlassian-Webhook-Identifier" } },
	{ .name = "adyen", .unchecked = true, .own_field = "X-Adyen-Hmac-Signature", .event_path = { "type" } },
	{ .name = "paypal",
	  .unchecked = true,
	  .own_field = "Paypal-Transmission-Id",
	  .event_path = { "event_type" },
	  .ids = { "id" } },
	{ .name = "plaid", .unchecked = true, .own_field = "Plaid-Verification", .event_path = { "webhook_code" } },
	{ .name = "docusign", .unchecked = true, .own_field = "X-Docusign-Signature-1", .event_path = { "event" } },
	{ .name = "mandrill", .unchecked = true, .own_field = "X-Mandrill-Signature" },
	{ .name = "cloudevents", .unchecked = true, .own_field = "ce-type", .event_field = "ce-type" },
};
const size_t signature_table_len = sizeof signature_table / sizeof *signature_table;

static const char *const other_names[][2] = {
	{ "clerk", "svix" },
	{ "resend", "svix" },
	{ "standardwebhooks", "standard" },
	{ "standard-webhooks", "standard" },
	{ "facebook", "meta" },
	{ "instagram", "meta" },
	{ "whatsapp", "meta" },
	{ "messenger", "meta" },
	{ "woo", "woocommerce" },
};

const struct signature_provider *signature_find_row(const char *name)
{
	for (size_t i = 0; i < signature_table_len; i++)
		if (strcasecmp(signature_table[i].name, name) == 0)
			return &signature_table[i];
	return NULL;
}

const struct signature_provider *signature_find(const char *name)
{
	for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
		if (strcasecmp(other_names[i][0], name) == 0)
			name = other_names[i][1];
	const struct signature_provider *p = signature_find_row(name);
	return p && !p->hidden && !p->unchecked ? p : NULL;
}

const struct signature_provider *signature_also(const struct signature_provider *p)
{
	return p->also ? signature_find_row(p->also) : NULL;
}

/* A key that signs, in any of Standard Webhooks' forms; also with blanks or quotes around it, or it would go out. */
static bool is_signing_key(struct bytes secret)
{
	static const char *const begins[] = { "whsec_", "whsk_", "whpk_", "-----BEGIN" };
	while (secret.len && (secret.at[0] <= ' ' || strchr("\"'`", secret.at[0])))
		secret = bytes_make(secret.at + 1, secret.len - 1);
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++) {
		size_t len = strlen(begins[i]);
		if (secret.len >= len && strncasecmp((const char *)secret.at, begins[i], len) == 0)
			return true;
	}
	return false;
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* The first algorithm= of "key=…,algorithm=…" that says one; empty: none does. */
static struct bytes algorithm_of(struct bytes settings)
{
	while (settings.len) {
		const uint8_t *comma = memchr(settings.at, ',', settings.len);
		size_t len = comma ? (size_t)(comma - settings.at) : settings.len;
		const uint8_t *equals = memchr(settings.at, '=', len);
		size_t key_len = equals ? (size_t)(equals - settings.at) : len;
		if (equals && bytes_equal(trimmed(bytes_make(settings.at, key_len)), bytes_of("algorithm"))) {
			struct bytes value = trimmed(bytes_make(equals + 1, len - key_len - 1));
			if (value.len)
				return value;
		}
		len += comma ? 1 : 0;
		settings = bytes_make(settings.at + len, settings.len - len);
	}
	return bytes_make(NULL, 0);
}

static const struct signature_provider *row_of_settings(const struct signature_provider *p, struct bytes headers,
							struct bytes *named)
{
	struct bytes name, value;
	/* When the field is there twice, the first that names an algorithm counts, as if both were joined. */
	for (size_t pos = 0; !named->len && headers_next(headers, &pos, &name, &value);)
		if (bytes_equal_nocase(name, p->settings_field))
			*named = algorithm_of(value);
	if (named->len == 0 || bytes_equal_nocase(*named, "HMAC_SHA1"))
		return p;
	return bytes_equal_nocase(*named, "HMAC_SHA256") ? signature_find_row(p->stronger) : NULL;
}

const struct signature_provider *signature_row(const struct signature_provider *p, struct bytes headers,
					       struct bytes secret, struct bytes *named)
{
	struct bytes value;
	const struct signature_provider *other = p->keyed ? signature_find_row(p->keyed) : signature_also(p);
	*named = bytes_make(NULL, 0);
	if (p->settings_field)
		return row_of_settings(p, headers, named);
	if (!other || !p->field)
		return p;
	bool own_there = headers_find(headers, p->field, &value);
	bool other_there = headers_find(headers, other->field, &value);
	if (p->keyed && is_signing_key(secret))
		return own_there && !other_there ? p : other;
	return !own_there && other_there ? other : p;
}

const struct signature_provider *signature_at(size_t i)
{
	for (size_t k = 0; k < signature_table_len; k++)
		if (!signature_table[k].hidden && !signature_table[k].unchecked && i-- == 0)
			return &signature_table[k];
	return NULL;
}

bool signature_is_field(struct bytes name)
{
	for (size_t i = 0; i < signature_table_len; i++)
		if (signature_table[i].field && bytes_equal_nocase(name, signature_table[i].field))
			return true;
	return false;
}

const char *signature_name(const struct signature_provider *p)
{
	return p->name;
}
