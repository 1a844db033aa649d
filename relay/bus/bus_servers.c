#include "relay/bus/bus_servers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_PORT 4222

static struct bytes trim(struct bytes b)
{
	while (b.len > 0 && isspace(b.at[0]))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len > 0 && isspace(b.at[b.len - 1]))
		b.len--;
	return b;
}

/* Takes the scheme off its front; where there is none, *tls stays. */
static bool take_scheme(struct bytes *item, bool *tls)
{
	for (size_t i = 0; i + 3 <= item->len; i++) {
		if (memcmp(item->at + i, "://", 3) != 0)
			continue;
		struct bytes scheme = bytes_make(item->at, i);
		*item = bytes_make(item->at + i + 3, item->len - i - 3);
		*tls = bytes_equal_nocase(scheme, "tls") && scheme.len == 3;
		return *tls || (bytes_equal_nocase(scheme, "nats") && scheme.len == 4);
	}
	return true;
}

static bool is_host(struct bytes host)
{
	if (host.len == 0 || host.len > BUS_HOST_LEN)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!isalnum(host.at[i]) && (!host.at[i] || !strchr(".-_:%", host.at[i])))
			return false;
	return true;
}

static bool read_port(struct bytes text, uint16_t *port)
{
	unsigned long value = 0;
	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!isdigit(text.at[i]))
			return false;
		value = value * 10 + (unsigned long)(text.at[i] - '0');
	}
	*port = (uint16_t)value;
	return value > 0 && value <= UINT16_MAX;
}

/* "host", "host:port", "[address]", "[address]:port" */
static bool read_place(struct bytes item, struct bus_server *out)
{
	bool bracket = item.len > 0 && item.at[0] == '[';
	struct bytes rest = bracket ? bytes_make(item.at + 1, item.len - 1) : item;
	struct bytes host = bytes_until(rest, bracket ? ']' : ':');
	rest = bytes_make(rest.at + host.len, rest.len - host.len);
	if (bracket) {
		if (rest.len == 0 || !memchr(host.at, ':', host.len))
			return false;
		rest = bytes_make(rest.at + 1, rest.len - 1);
	}
	if (!is_host(host) || (rest.len > 0 && rest.at[0] != ':'))
		return false;
	memcpy(out->host, host.at, host.len);
	out->host[host.len] = 0;
	out->port = DEFAULT_PORT;
	return rest.len == 0 || read_port(bytes_make(rest.at + 1, rest.len - 1), &out->port);
}

static bool read_one(struct bytes item, bool *tls, struct bus_server *out, struct error *e)
{
	struct bytes whole = item;
	/* Nothing of it is printed: it holds a password. */
	if (memchr(item.at, '@', item.len))
		return error_set(e, EXIT_USAGE,
				 "--cluster takes no user or password, which `ps` would show: write user:password into "
				 "a file that only you can read, and name it with --cluster-credentials");
	if (!take_scheme(&item, tls))
		return error_set(e, EXIT_USAGE, "--cluster %.*s: write nats://HOST:PORT or tls://HOST:PORT",
				 (int)whole.len, (const char *)whole.at);
	out->tls = *tls;
	if (item.len > 0 && item.at[item.len - 1] == '/')
		item.len--;
	if (!read_place(item, out))
		return error_set(e, EXIT_USAGE,
				 "--cluster %.*s: that is no host with a port between 1 and 65535; write for example "
				 "nats://10.0.0.1:4222",
				 (int)whole.len, (const char *)whole.at);
	return true;
}

bool bus_servers_read(const char *list, struct bus_servers *out, struct error *e)
{
	struct bytes rest = bytes_of(list);
	bool tls = false;
	out->count = 0;
	while (rest.len > 0) {
		struct bytes item = bytes_until(rest, ',');
		size_t taken = item.len < rest.len ? item.len + 1 : item.len;
		rest = bytes_make(rest.at + taken, rest.len - taken);
		item = trim(item);
		if (item.len == 0)
			continue;
		if (out->count == BUS_SERVERS_MOST)
			return error_set(e, EXIT_USAGE, "--cluster takes at most %d servers", BUS_SERVERS_MOST);
		if (!read_one(item, &tls, &out->at[out->count], e))
			return false;
		out->count++;
	}
	return out->count > 0 ||
	       error_set(e, EXIT_USAGE, "--cluster names no server: write for example nats://a:4222,b:4222,c:4222");
}

void bus_servers_url(const struct bus_server *s, char out[BUS_HOST_LEN + 32])
{
	bool address = strchr(s->host, ':');
	snprintf(out, BUS_HOST_LEN + 32, "%s://%s%s%s:%u", s->tls ? "tls" : "nats", address ? "[" : "", s->host,
		 address ? "]" : "", s->port);
}
