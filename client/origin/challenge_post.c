/* Challenges that come as webhooks do. */
#include "client/origin/challenge_private.h"

#include "shared/content/body.h"
#include "shared/http/headers.h"
#include "shared/json/json_body.h"
#include "shared/providers/signature_sender.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <string.h>

static bool json_is(struct bytes body, const char *path, const char *text)
{
	struct buffer value = { 0 };
	bool same = json_body_value(body, path, &value, NULL) && challenge_is(buffer_view(&value), text);
	buffer_free(&value);
	return same;
}

static bool json_has(struct bytes body, const char *path)
{
	struct buffer value = { 0 };
	bool there = json_body_value(body, path, &value, NULL);
	buffer_free(&value);
	return there;
}

/* Whether that is the only member of the object. */
static bool is_alone(struct bytes body, const char *name)
{
	struct buffer other = { 0 };
	bool more = json_body_other_key(body, name, &other);
	buffer_free(&other);
	return !more;
}

static bool field_is(const struct challenge_request *r, const char *name, const char *value)
{
	struct bytes there;
	return headers_find(r->headers, name, &there) && challenge_is(there, value);
}

static bool slack(const struct challenge_request *r, struct challenge *c)
{
	return json_is(r->body, "type", "url_verification") && json_body_value(r->body, "challenge", &c->body, NULL) &&
	       challenge_finish_text(c, "slack");
}

static bool twitch(const struct challenge_request *r, struct challenge *c)
{
	return field_is(r, "Twitch-Eventsub-Message-Type", "webhook_callback_verification") &&
	       json_body_value(r->body, "challenge", &c->body, NULL) && challenge_finish_text(c, "twitch");
}

static bool asana(const struct challenge_request *r, struct challenge *c)
{
	struct bytes secret;
	return headers_find(r->headers, "X-Hook-Secret", &secret) && secret.len && secret.len < 512 &&
	       headers_append(&c->headers, bytes_of("X-Hook-Secret"), secret) &&
	       challenge_finish(c, "asana", "text/plain; charset=utf-8");
}

static bool sns(const struct challenge_request *r, struct challenge *c)
{
	return field_is(r, "x-amz-sns-message-type", "SubscriptionConfirmation") &&
	       json_body_value(r->body, "SubscribeURL", &c->confirm, NULL) &&
	       challenge_may_fetch(buffer_view(&c->confirm)) && buffer_put_u8(&c->confirm, 0) &&
	       challenge_finish(c, "sns", "text/plain; charset=utf-8");
}

/* Its body is empty, its answer the token as text. */
static bool graph(const struct challenge_request *r, struct challenge *c)
{
	return r->body.len == 0 && challenge_query(r, "validationToken", &c->body) &&
	       challenge_finish_text(c, "microsoft-graph");
}

static bool event_grid(const struct challenge_request *r, struct challenge *c)
{
	struct buffer code = { 0 };
	bool fine = field_is(r, "aeg-event-type", "SubscriptionValidation") &&
		    json_body_value(r->body, "[0].data.validationCode", &code, NULL) &&
		    challenge_finish_json(c, "azure-eventgrid", "validationResponse", buffer_view(&code));
	buffer_free(&code);
	return fine;
}

/* Whether somebody else's fields are there. */
static bool is_of_another(const struct challenge_request *r, const char *provider)
{
	struct signature_origin origin;
	bool fine = signature_recognise(r->headers, r->body, &origin);
	buffer_free(&origin.event);
	return !fine || (origin.provider && strcmp(origin.provider, provider) != 0);
}

static bool monday(const struct challenge_request *r, struct challenge *c)
{
	struct buffer value = { 0 };
	bool fine = !is_of_another(r, "monday") && json_body_value(r->body, "challenge", &value, NULL) &&
		    is_alone(r->body, "challenge") &&
		    challenge_finish_json(c, "monday", "challenge", buffer_view(&value));
	buffer_free(&value);
	return fine;
}

static bool front(const struct challenge_request *r, struct challenge *c)
{
	struct bytes value;
	return r->signature == SIGNATURE_VALID && headers_find(r->headers, "X-Front-Challenge", &value) &&
	       json_is(r->body, "type", "sync") && challenge_finish_json(c, "front", "challenge", value);
}

/* Discord sends wrong signatures on purpose, and wants them refused: with 401, though the app was not asked. */
static bool discord(const struct challenge_request *r, struct challenge *c)
{
	struct bytes mark;
	bool interaction = json_is(r->body, "type", "1"), event = json_is(r->body, "type", "0");
	if (!headers_find(r->headers, "X-Signature-Ed25519", &mark) || (!interaction && !event) ||
	    json_has(r->body, "event.type"))
		return false;
	c->status = r->signature == SIGNATURE_INVALID ? 401 : interaction ? 200 : 204;
	if (c->status == 200 && !buffer_append_text(&c->body, "{\"type\":1}"))
		return false;
	return (r->signature == SIGNATURE_VALID || r->signature == SIGNATURE_INVALID) &&
	       challenge_finish(c, "discord", "application/json");
}

/* Xero's "intent to receive": some of them are signed wrongly, and have to be refused. */
static bool xero(const struct challenge_request *r, struct challenge *c)
{
	struct bytes mark;
	if (!headers_find(r->headers, "x-xero-signature", &mark) || !json_has(r->body, "entropy") ||
	    json_has(r->body, "events[0].resourceId") || json_body_count(r->body, "events"))
		return false;
	c->status = r->signature == SIGNATURE_INVALID ? 401 : 200;
	return (r->signature == SIGNATURE_VALID || r->signature == SIGNATURE_INVALID) &&
	       challenge_finish(c, "xero", "text/plain; charset=utf-8");
}

/* From then on Notion signs with the token, which its user has to enter there: it is shown. */
static bool notion(const struct challenge_request *r, struct challenge *c)
{
	struct buffer token = { 0 };
	bool fine = json_body_value(r->body, "verification_token", &token, NULL) &&
		    is_alone(r->body, "verification_token") && token.len && token.len <= 200;
	for (size_t i = 0; fine && i < token.len; i++)
		fine = isalnum(token.at[i]) || token.at[i] == '_' || token.at[i] == '-';
	fine = fine && buffer_append_text(&c->say, "Notion's verification token, with which it signs from now on: ") &&
	       buffer_append_bytes(&c->say, buffer_view(&token)) && buffer_put_u8(&c->say, 0) &&
	       challenge_finish(c, "notion", "text/plain; charset=utf-8");
	buffer_free(&token);
	return fine;
}

static bool salesforce(const struct challenge_request *r, struct challenge *c)
{
	static const char space[] = "http://soap.sforce.com/2005/09/outbound";
	static const char ack[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>"
	    "<notificationsResponse xmlns=\"http://soap.sforce.com/2005/09/outbound\"><Ack>true</Ack>"
	    "</notificationsResponse></soapenv:Body></soapenv:Envelope>\n";
	return r->body.len && r->body.len < JSON_BODY_MOST &&
	       headers_find(r->headers, "SOAPAction", &(struct bytes){ 0 }) &&
	       memmem(r->body.at, r->body.len, space, sizeof space - 1) &&
	       memmem(r->body.at, r->body.len, "notifications", 13) && buffer_append_text(&c->body, ack) &&
	       challenge_finish(c, "salesforce", "text/xml; charset=utf-8");
}

/* A token of other letters could be the text of a webhook: its sender would get a signature for it from us. */
static bool is_plain_token(struct bytes token)
{
	for (size_t i = 0; i < token.len; i++)
		if (!isalnum(token.at[i]) && token.at[i] != '_' && token.at[i] != '-')
			return false;
	return token.len > 0 && token.len <= 128;
}

static bool zoom(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	struct buffer token = { 0 };
	size_t at = 0;
	if (!json_is(r->body, "event", "endpoint.url_validation"))
		return false;
	const struct secret *secret = secrets ? secrets_next(secrets, signature_find("zoom"), &at) : NULL;
	bool fine = secret && json_body_value(r->body, "payload.plainToken", &token, NULL) &&
		    is_plain_token(buffer_view(&token)) && buffer_append_text(&c->body, "{\"plainToken\":\"") &&
		    buffer_append_bytes(&c->body, buffer_view(&token)) &&
		    buffer_append_text(&c->body, "\",\"encryptedToken\":\"") &&
		    signature_hmac_hex(bytes_of(secret->text), buffer_view(&token), &c->body) &&
		    buffer_append_text(&c->body, "\"}");
	buffer_free(&token);
	return fine && challenge_finish(c, "zoom", "application/json");
}

static bool find_in(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	static bool (*const kinds[])(const struct challenge_request *, struct challenge *) = {
		discord, xero, front, slack, twitch, asana, sns, graph, event_grid, monday, notion, salesforce,
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		/* A forged challenge gets no answer: the app is called, and sees what comes. Two want a refusal. */
		if (r->signature == SIGNATURE_INVALID && kinds[i] != discord && kinds[i] != xero)
			break;
		if (kinds[i](r, c))
			return true;
		challenge_free(c);
		memset(c, 0, sizeof *c);
	}
	return r->signature != SIGNATURE_INVALID && zoom(r, secrets, c);
}

bool challenge_post_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	struct challenge_request plain = *r;
	struct body said;
	body_open(&said, r->headers, r->body, JSON_BODY_MOST);
	plain.body = body_text(&said);
	bool found = !said.no_memory && find_in(&plain, secrets, c);
	body_free(&said);
	return found;
}
