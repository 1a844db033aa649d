/* Challenges of other methods than POST: they carry no webhook. */
#include "client/origin/challenge_private.h"

#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <string.h>

static bool query_is(const struct challenge_request *r, const char *name, const char *wanted)
{
	struct buffer value = { 0 };
	bool same = challenge_query(r, name, &value) && challenge_is(buffer_view(&value), wanted);
	buffer_free(&value);
	return same;
}

static bool meta(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	struct buffer token = { 0 };
	const struct secret *secret;
	bool ours = false;
	if (secrets && query_is(r, "hub.mode", "subscribe") && challenge_query(r, "hub.verify_token", &token))
		for (size_t at = 0; (secret = secrets_next(secrets, signature_find("meta"), &at));)
			ours |= signature_equal(buffer_view(&token), bytes_of(secret->text));
	buffer_free(&token);
	return ours && challenge_query(r, "hub.challenge", &c->body) && challenge_finish_text(c, "meta");
}

/* W3C WebSub §5.3. Only for a topic that the user named, or anybody could have another's webhooks sent here. */
static bool websub(const struct challenge_request *r, struct challenge *c)
{
	struct buffer topic = { 0 };
	struct bytes token;
	bool ours = false;
	if ((query_is(r, "hub.mode", "subscribe") || query_is(r, "hub.mode", "unsubscribe")) &&
	    !form_query_value(r->target, "hub.verify_token", &token) && challenge_query(r, "hub.topic", &topic))
		for (size_t i = 0; i < r->topic_count; i++)
			ours |= challenge_is(buffer_view(&topic), r->topics[i]);
	buffer_free(&topic);
	return ours && challenge_query(r, "hub.challenge", &c->body) && challenge_finish_text(c, "websub");
}

static bool dropbox(const struct challenge_request *r, struct challenge *c)
{
	struct bytes mode;
	return !form_query_value(r->target, "hub.mode", &mode) && challenge_query(r, "challenge", &c->body) &&
	       challenge_finish_text(c, "dropbox");
}

static bool okta(const struct challenge_request *r, struct challenge *c)
{
	struct bytes value;
	return headers_find(r->headers, "X-Okta-Verification-Challenge", &value) &&
	       challenge_finish_json(c, "okta", "verification", value);
}

/* The secret is the private key, with the public one on a line before it. */
static bool braintree(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	struct buffer asked = { 0 };
	size_t at = 0;
	const struct signature_provider *p = signature_find("braintree");
	const struct secret *secret = secrets ? secrets_next(secrets, p, &at) : NULL;
	bool fine = secret && challenge_query(r, "bt_challenge", &asked) && asked.len == 32;
	for (size_t i = 0; fine && i < asked.len; i++)
		fine = isxdigit(asked.at[i]) && !isupper(asked.at[i]);
	size_t public_len = fine ? strcspn(secret->text, "\r\n") : 0;
	fine = fine && secret->text[public_len] && buffer_append(&c->body, secret->text, public_len) &&
	       buffer_put_u8(&c->body, '|') &&
	       signature_braintree_hex(bytes_of(secret->text), buffer_view(&asked), &c->body) &&
	       challenge_finish_text(c, "braintree");
	buffer_free(&asked);
	return fine;
}

/* CloudEvents' HTTP webhooks §4: any rate is allowed. */
static bool cloud_events(const struct challenge_request *r, struct challenge *c)
{
	struct bytes origin;
	return headers_find(r->headers, "WebHook-Request-Origin", &origin) && origin.len && origin.len < 256 &&
	       headers_append(&c->headers, bytes_of("WebHook-Allowed-Origin"), origin) &&
	       challenge_put(c, "WebHook-Allowed-Rate", "*") &&
	       challenge_finish(c, "azure-eventgrid", "text/plain; charset=utf-8");
}

/* Whether a HEAD is that provider's: its User-Agent or the path says so, or a secret for it is at hand. Other HEADs, of
 * browsers and of what watches sites, are the app's. */
static bool head_is_of(const struct challenge_request *r, const struct secrets *secrets, const char *provider)
{
	struct bytes agent;
	size_t at = 0;
	return (headers_find(r->headers, "User-Agent", &agent) && bytes_contains_nocase(agent, provider)) ||
	       bytes_contains_nocase(bytes_until(r->target, '?'), provider) ||
	       (secrets && secrets_next(secrets, signature_find(provider), &at));
}

/* Trello and Intercom look whether anybody is there. */
static bool head(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	static const char *const providers[] = { "intercom", "trello" };
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (head_is_of(r, secrets, providers[i]))
			return challenge_finish(c, providers[i], "text/plain; charset=utf-8");
	return false;
}

bool challenge_get_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	if (r->signature == SIGNATURE_INVALID)
		return false;
	if (challenge_is(r->method, "HEAD"))
		return r->body.len == 0 && head(r, secrets, c);
	if (challenge_is(r->method, "OPTIONS"))
		return cloud_events(r, c);
	if (!challenge_is(r->method, "GET"))
		return false;
	static bool (*const kinds[])(const struct challenge_request *, struct challenge *) = { websub, dropbox, okta };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i](r, c))
			return true;
		challenge_free(c);
		memset(c, 0, sizeof *c);
	}
	return meta(r, secrets, c) || braintree(r, secrets, c);
}
