#include "client/origin/challenge.h"

#include "client/common/limits.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <string.h>

void challenge_free(struct challenge *c)
{
	buffer_free(&c->headers);
	buffer_free(&c->body);
	buffer_free(&c->confirm);
}

static bool is(struct bytes b, const char *text)
{
	return bytes_equal(b, bytes_of(text));
}

static bool put(struct challenge *c, const char *name, const char *value)
{
	return headers_append(&c->headers, bytes_of(name), bytes_of(value));
}

/* The body is what somebody sent: its type is none that a browser would run. */
static bool finish(struct challenge *c, const char *provider, const char *type)
{
	if (c->body.len > LIMIT_CHALLENGE)
		return false;
	c->provider = provider;
	return put(c, "Content-Type", type) && put(c, "X-Content-Type-Options", "nosniff");
}

static bool finish_text(struct challenge *c, const char *provider)
{
	return c->body.len > 0 && finish(c, provider, "text/plain; charset=utf-8");
}

static bool json_is(struct bytes body, const char *path, const char *text)
{
	struct buffer value = { 0 };
	bool same = signature_json_value(body, path, &value, NULL) && is(buffer_view(&value), text);
	buffer_free(&value);
	return same;
}

/* ---- each ---- */

static bool slack(const struct challenge_request *r, struct challenge *c)
{
	return is(r->method, "POST") && json_is(r->body, "type", "url_verification") &&
	       signature_json_value(r->body, "challenge", &c->body, NULL) && finish_text(c, "slack");
}

static bool twitch(const struct challenge_request *r, struct challenge *c)
{
	struct bytes type;
	return is(r->method, "POST") && headers_find(r->headers, "Twitch-Eventsub-Message-Type", &type) &&
	       is(type, "webhook_callback_verification") &&
	       signature_json_value(r->body, "challenge", &c->body, NULL) && finish_text(c, "twitch");
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
	if (!is(r->method, "POST") || !json_is(r->body, "event", "endpoint.url_validation"))
		return false;
	const struct secret *secret = secrets ? secrets_next(secrets, signature_find("zoom"), &at) : NULL;
	bool fine = secret && signature_json_value(r->body, "payload.plainToken", &token, NULL) &&
		    is_plain_token(buffer_view(&token)) && buffer_append_text(&c->body, "{\"plainToken\":\"") &&
		    buffer_append_bytes(&c->body, buffer_view(&token)) &&
		    buffer_append_text(&c->body, "\",\"encryptedToken\":\"") &&
		    signature_hmac_hex(bytes_of(secret->text), buffer_view(&token), &c->body) &&
		    buffer_append_text(&c->body, "\"}");
	buffer_free(&token);
	return fine && finish(c, "zoom", "application/json");
}

static bool query(const struct challenge_request *r, const char *name, struct buffer *out)
{
	struct bytes value;
	return form_query_value(r->target, name, &value) && form_decode(value, out);
}

static bool meta(const struct challenge_request *r, const struct secrets *secrets, struct challenge *c)
{
	struct buffer mode = { 0 }, token = { 0 };
	const struct secret *secret;
	bool ours = false;
	if (is(r->method, "GET") && secrets && query(r, "hub.mode", &mode) && is(buffer_view(&mode), "subscribe") &&
	    query(r, "hub.verify_token", &token))
		for (size_t at = 0; (secret = secrets_next(secrets, signature_find("meta"), &at));)
			ours |= signature_equal(buffer_view(&token), bytes_of(secret->text));
	buffer_free(&mode);
	buffer_free(&token);
	return ours && query(r, "hub.challenge", &c->body) && finish_text(c, "meta");
}

static bool dropbox(const struct challenge_request *r, struct challenge *c)
{
	struct bytes mode;
	return is(r->method, "GET") && !form_query_value(r->target, "hub.mode", &mode) &&
	       query(r, "challenge", &c->body) && finish_text(c, "dropbox");
}

static bool asana(const struct challenge_request *r, struct challenge *c)
{
	struct bytes secret;
	return is(r->method, "POST") && headers_find(r->headers, "X-Hook-Secret", &secret) && secret.len &&
	       secret.len < 512 && headers_append(&c->headers, bytes_of("X-Hook-Secret"), secret) &&
	       finish(c, "asana", "text/plain; charset=utf-8");
}

bool challenge_may_fetch(struct bytes url)
{
	static const char *const ends[] = { ".amazonaws.com", ".amazonaws.com.cn" };
	static const char start[] = "https://sns.";
	size_t first = sizeof start - 1, end = first;
	if (url.len <= first || url.len > LIMIT_CHALLENGE || memcmp(url.at, start, first) != 0 ||
	    !headers_value_valid(url))
		return false;
	while (end < url.len && (isalnum(url.at[end]) || url.at[end] == '-'))
		end++;
	if (end == first)
		return false;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(ends[i]);
		if (url.len - end > len && memcmp(url.at + end, ends[i], len) == 0 &&
		    (url.at[end + len] == '/' || url.at[end + len] == '?'))
			return true;
	}
	return false;
}

static bool sns(const struct challenge_request *r, struct challenge *c)
{
	struct bytes type;
	if (!is(r->method, "POST") || !headers_find(r->headers, "x-amz-sns-message-type", &type) ||
	    !is(type, "SubscriptionConfirmation") ||
	    !signature_json_value(r->body, "SubscribeURL", &c->confirm, NULL) ||
	    !challenge_may_fetch(buffer_view(&c->confirm)))
		return false;
	return buffer_put_u8(&c->confirm, 0) && finish(c, "sns", "text/plain; charset=utf-8");
}

bool challenge_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *out)
{
	memset(out, 0, sizeof *out);
	bool (*const plain[])(const struct challenge_request *, struct challenge *) = { slack, twitch, dropbox, asana,
											sns };
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		if (plain[i](r, out))
			return true;
		challenge_free(out);
		memset(out, 0, sizeof *out);
	}
	if (zoom(r, secrets, out) || meta(r, secrets, out))
		return true;
	challenge_free(out);
	memset(out, 0, sizeof *out);
	return false;
}
