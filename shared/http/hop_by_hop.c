#include "shared/http/hop_by_hop.h"

#include <stdlib.h>
#include <strings.h>

#include "shared/http/headers.h"

static bool is_one_of(struct bytes name, const char *const *list)
{
	for (; *list; list++)
		if (bytes_equal_nocase(name, *list))
			return true;
	return false;
}

/* A sender must not be able to take a signature, or what it is checked with, off a webhook by naming it in Connection.
 */
static bool is_end_to_end(struct bytes name)
{
	static const char *const whole[] = { "Host",    "Cookie",     "Date", "Expect",    "From",   "Origin", "Range",
					     "Referer", "User-Agent", "Via",  "Forwarded", "Accept", NULL };
	static const char *const parts[] = { "Content-",     "Authorization", "Signature", "Hmac",       "Digest",
					     "Webhook",      "Hook",          "Svix-",     "Token",      "Secret",
					     "Event",        "Topic",         "Timestamp", "Delivery",   "Key",
					     "X-GitHub-",    "Stripe-",       "X-Slack-",  "X-Shopify-", "Twitch-",
					     "X-Forwarded-", "Creel-",        "Accept-",   NULL };
	if (is_one_of(name, whole))
		return true;
	for (const char *const *part = parts; *part; part++)
		if (bytes_contains_nocase(name, *part))
			return true;
	return false;
}

static bool is_always_hop_by_hop(struct bytes name)
{
	static const char *const always[] = { "Connection",
					      "Keep-Alive",
					      "Proxy-Connection",
					      "Proxy-Authenticate",
					      "Proxy-Authorization",
					      "TE",
					      "Trailer",
					      "Transfer-Encoding",
					      "Upgrade",
					      NULL };
	return is_one_of(name, always);
}

static int compare_names(const void *one, const void *other)
{
	const struct bytes *a = one, *b = other;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return strncasecmp((const char *)a->at, (const char *)b->at, a->len);
}

static bool name_one(struct hop_by_hop *h, size_t *cap, struct bytes name)
{
	if (h->count == *cap) {
		size_t more = *cap ? *cap * 2 : 8;
		struct bytes *grown = realloc(h->named, more * sizeof *grown);
		if (!grown)
			return false;
		h->named = grown;
		*cap = more;
	}
	h->named[h->count++] = name;
	return true;
}

bool hop_by_hop_find(struct hop_by_hop *h, struct bytes block)
{
	struct bytes name, value, option;
	size_t cap = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);) {
		if (!bytes_equal_nocase(name, "Connection"))
			continue;
		for (size_t at = 0; headers_next_member(value, &at, &option);)
			if (option.len > 0 && !is_always_hop_by_hop(option) && !is_end_to_end(option) &&
			    !name_one(h, &cap, option))
				return false;
	}
	if (h->count > 1)
		qsort(h->named, h->count, sizeof *h->named, compare_names);
	return true;
}

bool hop_by_hop_has(const struct hop_by_hop *h, struct bytes name)
{
	return is_always_hop_by_hop(name) ||
	       (h->count > 0 && bsearch(&name, h->named, h->count, sizeof *h->named, compare_names));
}

void hop_by_hop_free(struct hop_by_hop *h)
{
	free(h->named);
	*h = (struct hop_by_hop){ 0 };
}
