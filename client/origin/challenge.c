#include "client/origin/challenge_private.h"

#include "client/common/limits.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"

#include <ctype.h>
#include <string.h>

void challenge_free(struct challenge *c)
{
	buffer_free(&c->headers);
	buffer_free(&c->body);
	buffer_free(&c->confirm);
	buffer_free(&c->say);
}

bool challenge_is(struct bytes b, const char *text)
{
	return bytes_equal(b, bytes_of(text));
}

bool challenge_put(struct challenge *c, const char *name, const char *value)
{
	return headers_append(&c->headers, bytes_of(name), bytes_of(value));
}

bool challenge_finish(struct challenge *c, const char *provider, const char *type)
{
	if (c->body.len > LIMIT_CHALLENGE)
		return false;
	c->provider = provider;
	c->status = c->status ? c->status : 200;
	return challenge_put(c, "Content-Type", type) && challenge_put(c, "X-Content-Type-Options", "nosniff");
}

bool challenge_finish_text(struct challenge *c, const char *provider)
{
	return c->body.len > 0 && challenge_finish(c, provider, "text/plain; charset=utf-8");
}

bool challenge_finish_json(struct challenge *c, const char *provider, const char *name, struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] < ' ' || value.at[i] > '~' || strchr("\"\\<>", value.at[i]))
			return false;
	return value.len && buffer_printf(&c->body, "{\"%s\":\"", name) && buffer_append_bytes(&c->body, value) &&
	       buffer_append_text(&c->body, "\"}") && challenge_finish(c, provider, "application/json");
}

bool challenge_query(const struct challenge_request *r, const char *name, struct buffer *out)
{
	struct bytes value;
	return form_query_value(r->target, name, &value) && form_decode(value, out);
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

bool challenge_find(const struct challenge_request *r, const struct secrets *secrets, struct challenge *out)
{
	memset(out, 0, sizeof *out);
	bool post = challenge_is(r->method, "POST");
	if (post ? challenge_post_find(r, secrets, out) : challenge_get_find(r, secrets, out))
		return true;
	challenge_free(out);
	memset(out, 0, sizeof *out);
	return false;
}
