#include "relay/net/host_check.h"

#include "shared/text/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 64 /* bytes of a Host that are shown */

/* A host without its port. Addresses are compared as numbers, for they can be spelt in several ways. */
struct host {
	enum { HOST_NONE, HOST_NAME, HOST_V4, HOST_V6 } kind;
	struct bytes name;
	uint8_t address[16];
};

static bool is_port(struct bytes port)
{
	for (size_t i = 0; i < port.len; i++)
		if (port.at[i] < '0' || port.at[i] > '9')
			return false;
	return port.len <= 5;
}

static bool read_address(int family, struct bytes text, uint8_t *out)
{
	char copy[INET6_ADDRSTRLEN];
	if (text.len == 0 || text.len >= sizeof copy || memchr(text.at, 0, text.len))
		return false;
	memcpy(copy, text.at, text.len);
	copy[text.len] = 0;
	return inet_pton(family, copy, out) == 1;
}

/* RFC 3986 §3.2.2: "[" IPv6 "]", IPv4 or a name, each with ":" port or without. */
static struct host read_host(struct bytes text)
{
	struct host none = { .kind = HOST_NONE }, h = none;
	if (text.len == 0)
		return none;
	const uint8_t *end = memchr(text.at, text.at[0] == '[' ? ']' : ':', text.len);
	size_t len = end ? (size_t)(end - text.at) : text.len;
	struct bytes rest = bytes_make(text.at + len, text.len - len);
	if (text.at[0] == '[') {
		h.kind = HOST_V6;
		if (!end || !read_address(AF_INET6, bytes_make(text.at + 1, len - 1), h.address))
			return none;
		rest = bytes_make(rest.at + 1, rest.len - 1);
	} else {
		h.name = bytes_make(text.at, len);
		/* The root's dot at the end of a name means the same host. */
		if (h.name.len > 1 && h.name.at[h.name.len - 1] == '.')
			h.name.len--;
		h.kind = read_address(AF_INET, h.name, h.address) ? HOST_V4 : HOST_NAME;
	}
	if (rest.len > 0 && (rest.at[0] != ':' || !is_port(bytes_make(rest.at + 1, rest.len - 1))))
		return none;
	return h.kind == HOST_NAME && h.name.len == 0 ? none : h;
}

static bool is_same(const struct host *a, const struct host *b)
{
	if (a->kind != b->kind || a->kind == HOST_NONE)
		return false;
	if (a->kind == HOST_NAME)
		return a->name.len == b->name.len &&
		       strncasecmp((const char *)a->name.at, (const char *)b->name.at, a->name.len) == 0;
	return memcmp(a->address, b->address, a->kind == HOST_V4 ? 4 : 16) == 0;
}

static bool is_below(const struct host *h, const char *domain)
{
	size_t len = strlen(domain);
	return h->kind == HOST_NAME && h->name.len > len + 1 && h->name.at[h->name.len - len - 1] == '.' &&
	       strncasecmp((const char *)h->name.at + h->name.len - len, domain, len) == 0;
}

static bool is_text(const struct host *h, struct bytes text)
{
	struct host other = read_host(text);
	return is_same(h, &other);
}

static bool is_localhost(const struct host *h)
{
	return is_text(h, bytes_of("localhost")) || is_text(h, bytes_of("127.0.0.1")) || is_text(h, bytes_of("[::1]"));
}

bool host_check_is_localhost(struct bytes host)
{
	struct host h = read_host(host);
	return is_localhost(&h);
}

/* Letters, digits, '-' and '_', between single dots. */
static bool is_plain(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i], before = i ? name.at[i - 1] : '.';
		bool letter =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (!letter && (c != '.' || before == '.'))
			return false;
	}
	return name.len <= 253;
}

bool host_check_is_host(struct bytes host)
{
	struct host h = read_host(host);
	return h.kind != HOST_NONE && (h.kind != HOST_NAME || is_plain(h.name));
}

bool host_check_is_below(struct bytes host, const char *domain)
{
	struct host h = read_host(host);
	return domain && is_below(&h, domain) && is_plain(h.name);
}

bool host_check_is_loopback(struct bytes host)
{
	struct host h = read_host(host);
	return is_localhost(&h) || is_below(&h, "localhost") || (h.kind == HOST_V4 && h.address[0] == 127);
}

struct bytes host_check_authority(const char *url)
{
	const char *at = strstr(url, "://");
	if (!at)
		return bytes_make(NULL, 0);
	at += 3;
	size_t len = strcspn(at, "/?#");
	for (size_t i = len; i > 0; i--)
		if (at[i - 1] == '@')
			return bytes_make(at + i, len - i);
	return bytes_make(at, len);
}

bool host_check_is_ours(const struct host_names *n, struct bytes host)
{
	if (n->any)
		return true;
	struct host h = read_host(host);
	if (is_localhost(&h) || is_text(&h, host_check_authority(n->public_url)))
		return true;
	if (n->domain && (is_text(&h, bytes_of(n->domain)) || is_below(&h, n->domain)))
		return true;
	for (size_t i = 0; i < n->listen->count; i++)
		if (is_text(&h, bytes_of(n->listen->at[i])))
			return true;
	return false;
}

void host_check_explain(struct bytes host, char out[HOST_CHECK_SENTENCE])
{
	struct buffer shown = { 0 };
	bool cut = host.len > SHOWN_MAX;
	if (cut)
		host.len = SHOWN_MAX;
	bool named = host.len > 0 && text_sanitize(&shown, host, TEXT_LINE);
	struct bytes name = named ? buffer_view(&shown) : bytes_of("of no name");
	const char *quote = named ? "'" : "";
	snprintf(
	    out, HOST_CHECK_SENTENCE,
	    "This relay does not answer to the host %s%.*s%s%s. If it is to be reached by that name, start it with "
	    "--public-url (or --domain) that says so; a proxy in front of it passes the Host on as it came.",
	    quote, (int)name.len, (const char *)name.at, cut ? "…" : "", quote);
	buffer_free(&shown);
}
