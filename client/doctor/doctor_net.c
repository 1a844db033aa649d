/* How `creel doctor` checks the way to the relay: its name, the proxy, the port. */
#include "client/proxy/curl_reason.h"
#include "client/common/resolve.h"
#include "client/doctor/doctor.h"
#include "client/tunnel/tunnel_private.h"
#include "shared/net/loopback.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEVERAL 8

int64_t doctor_now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* ---- relay ---- */

static void say_relay(struct doctor *d)
{
	const struct doctor_client *c = &d->client;
	bool why = c->relay && !c->online && c->detail && *c->detail;
	if (!c->relay)
		doctor_say(d, CHECK_RELAY, FINDING_OK, EXIT_DONE, NULL, "%s is the relay", d->common.relay);
	else
		doctor_say(d, CHECK_RELAY, FINDING_OK, EXIT_DONE, NULL,
			   "%s is the relay of the client that runs here, process %lld%s%s%s%s", d->common.relay,
			   (long long)c->pid, c->online ? ", online as " : ", which is not online",
			   c->online && c->tunnel ? c->tunnel : "", why ? ": " : "", why ? c->detail : "");
}

void doctor_look_at_relay(struct doctor *d)
{
	struct error e;
	struct tunnel t = { .options = { .relay = d->common.relay,
					 .name = d->name,
					 .ca = d->ca,
					 .pin = d->pin,
					 .insecure = d->insecure } };
	if (!d->common.relay) {
		doctor_say(d, CHECK_RELAY, FINDING_FAIL, EXIT_USAGE, "name one with --relay URL or `creel login URL`",
			   "no relay is known");
		return;
	}
	d->has_relay = tunnel_parse_relay(&t, d->common.relay, &e) && tunnel_check_options(&t, &e);
	if (d->has_relay) {
		d->host = t.host;
		d->port = t.port;
		d->tls = t.tls;
		bool here =
		    loopback_is_name(d->host) || strncmp(d->host, "127.", 4) == 0 || strcmp(d->host, "::1") == 0;
		if (d->client.silent_s)
			doctor_say(
			    d, CHECK_RELAY, FINDING_FAIL, EXIT_RELAY,
			    "is that process stopped (kill -CONT goes on), or busy? end it and start it again",
			    "the client that runs here, process %lld, has not confirmed its tunnel at %s for %llu s",
			    (long long)d->client.pid, d->common.relay, (unsigned long long)d->client.silent_s);
		else if (d->tls || here)
			say_relay(d);
		else
			doctor_say(d, CHECK_RELAY, FINDING_WARN, EXIT_DONE, "use https if the relay can",
				   "%s is not encrypted: others on the way can read all webhooks, and the token where "
				   "it is sent",
				   d->common.relay);
	} else {
		free(t.host);
		doctor_say(d, CHECK_RELAY, FINDING_FAIL, EXIT_USAGE, NULL, "%s", e.text);
	}
	free(t.path);
}

/* ---- dns ---- */

static char *join_addresses(const struct addrinfo *found)
{
	struct buffer b = { 0 };
	bool fine = true;
	int count = 0;
	for (const struct addrinfo *at = found; at && fine && count < SEVERAL; at = at->ai_next, count++) {
		char text[INET6_ADDRSTRLEN] = "";
		if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST) == 0)
			fine = buffer_printf(&b, "%s%s", b.len ? "," : "", text);
	}
	if (fine && b.len && buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

char *doctor_resolve(const char *host, enum reason *why)
{
	struct addrinfo *found;
	int code = resolve_name(host, DOCTOR_MS, &found);
	char *addresses = code == 0 ? join_addresses(found) : NULL;
	*why = code == RESOLVE_LATE ? REASON_RELAY_NAME_UNANSWERED
	       : code != 0          ? tunnel_reason_of_resolver(code)
				    : REASON_TUNNEL_MEMORY;
	if (found)
		freeaddrinfo(found);
	return addresses;
}

void doctor_look_at_dns(struct doctor *d)
{
	struct in6_addr literal;
	enum reason why = REASON_TUNNEL_MEMORY;
	const struct facts facts = doctor_facts(d);
	bool exempt, proxied = proxy_variable(d->tls ? "https" : "http", d->host, &exempt) && !exempt;
	if (inet_pton(AF_INET, d->host, &literal) == 1 || inet_pton(AF_INET6, d->host, &literal) == 1) {
		d->resolved = (d->addresses = strdup(d->host)) != NULL;
		doctor_say(d, CHECK_DNS, FINDING_OK, EXIT_DONE, NULL, "%s is an address, there is no name to resolve",
			   d->host);
		return;
	}
	/* As the tunnel takes it, whatever /etc/hosts says. */
	bool here = loopback_is_name(d->host);
	d->addresses = here ? strdup("127.0.0.1,::1") : doctor_resolve(d->host, &why);
	d->resolved = d->addresses != NULL;
	if (d->resolved)
		doctor_say(d, CHECK_DNS, FINDING_OK, EXIT_DONE, NULL, "%s is %s", d->host, d->addresses);
	else if (proxied)
		doctor_say(d, CHECK_DNS, FINDING_WARN, EXIT_DONE, NULL,
			   "the name %s cannot be resolved here; the proxy may know it", d->host);
	else
		doctor_say_reason(d, CHECK_DNS, why, &facts);
	d->resolved = d->resolved || proxied;
}

/* ---- proxy, tcp ---- */

/* What libcurl found, which speaks of any server, as it is for the relay. */
static enum reason reason_of_relay(enum reason seen)
{
	switch (seen) {
	case REASON_APP_NOT_LISTENING:
		return REASON_RELAY_NOT_LISTENING;
	case REASON_APP_NO_ROUTE:
		return REASON_RELAY_NO_ROUTE;
	case REASON_APP_LATE:
	case REASON_APP_NOT_TAKEN:
		return REASON_RELAY_NOT_TAKEN;
	case REASON_APP_NAME_UNKNOWN:
		return REASON_RELAY_NAME_UNKNOWN;
	case REASON_APP_DESCRIPTORS:
		return REASON_TUNNEL_DESCRIPTORS;
	default:
		return REASON_RELAY_NOT_REACHED;
	}
}

/* For CURLOPT_RESOLVE: those of `found`, joined by commas, that a route leads to, or all where none does. libcurl gives
 * the error of one address, and why one with a route does not answer says more. */
static void name_addresses(const struct doctor *d, const char *found, char *out, size_t size)
{
	int head = snprintf(out, size, "%s:%d:", d->host, d->port), len = head;
	for (const char *at = found; *at; at += strspn(at, ",")) {
		char one[TUNNEL_ADDRESS_LEN];
		int n = (int)strcspn(at, ",");
		snprintf(one, sizeof one, "%.*s", n, at);
		if (tunnel_address_has_route(one))
			len += snprintf(out + len, size - (size_t)len, len > head ? ",%s" : "%s", one);
		at += n;
	}
	if (len == head)
		snprintf(out + len, size - (size_t)len, "%s", found);
}

static CURLcode dial_directly(const struct doctor *d, CURL *c)
{
	char url[400], addresses[2048];
	struct curl_slist *known = NULL;
	snprintf(url, sizeof url, strchr(d->host, ':') ? "http://[%s]:%d" : "http://%s:%d", d->host, d->port);
	/* An address needs none, and libcurl would not read one of IPv6 there. */
	if (d->addresses && !strchr(d->host, ':')) {
		name_addresses(d, d->addresses, addresses, sizeof addresses);
		known = curl_slist_append(NULL, addresses);
	}
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)DOCTOR_MS);
	proxy_set(c, &d->proxy);
	curl_easy_setopt(c, CURLOPT_RESOLVE, known);
	CURLcode code = curl_easy_perform(c);
	curl_easy_setopt(c, CURLOPT_RESOLVE, NULL);
	curl_slist_free_all(known);
	return code;
}

/* Makes a connection to the relay's port, through the proxy where there is one. REASON_NONE when it stands; else
 * `facts` has what is known of why not. */
static enum reason dial(struct doctor *d, struct facts *facts, char room[PROXY_DIAL_DETAIL])
{
	CURL *c = curl_easy_init();
	CURLcode code = CURLE_OK;
	*facts = doctor_facts(d);
	if (!c)
		return REASON_TUNNEL_MEMORY;
	d->dial = c;
	if (d->proxy.variable) {
		const struct proxy_dial to = {
			.proxy = &d->proxy, .host = d->host, .port = d->port, .ca = d->ca, .limit_ms = DOCTOR_MS
		};
		proxy_dial_prepare(c, &to);
		code = curl_easy_perform(c);
		if (code == CURLE_OK)
			return REASON_NONE;
		enum reason why = proxy_dial_reason(c, code, facts, room);
		if (proxy_dial_is_vague(&d->proxy, why))
			why = proxy_dial_reason_of_look(why, relay_look(d->proxy.host, d->proxy.port, room));
		return why;
	}
	code = dial_directly(d, c);
	return code == CURLE_OK ? REASON_NONE : reason_of_relay(curl_reason(c, code));
}

void doctor_look_at_proxy(struct doctor *d)
{
	struct error e;
	struct facts facts;
	bool exempt;
	char room[PROXY_DIAL_DETAIL];
	const char *scheme = d->tls ? "https" : "http", *variable = proxy_variable(scheme, d->host, &exempt);
	d->may_dial = !variable || exempt;
	if (d->may_dial) {
		doctor_say(d, CHECK_PROXY, FINDING_OK, EXIT_DONE, NULL,
			   variable ? "NO_PROXY takes %s out of %s: no proxy is used" : "none is named for %s%s",
			   d->host, variable ? variable : "");
		return;
	}
	if (!proxy_for(scheme, d->host, &d->proxy, &e)) {
		doctor_say(d, CHECK_PROXY, FINDING_FAIL, EXIT_USAGE, NULL, "%s", e.text);
		return;
	}
	enum reason why = dial(d, &facts, room);
	d->reached = d->may_dial = why == REASON_NONE;
	if (d->reached)
		doctor_say(d, CHECK_PROXY, FINDING_OK, EXIT_DONE, NULL, "%s of %s opens the way to %s:%d",
			   d->proxy.shown, variable, d->host, d->port);
	else
		doctor_say_reason(d, CHECK_PROXY, why, &facts);
}

void doctor_look_at_tcp(struct doctor *d)
{
	struct facts facts;
	curl_off_t took_us = 0;
	char *address = NULL, room[PROXY_DIAL_DETAIL];
	if (d->proxy.variable) {
		doctor_say(d, CHECK_TCP, FINDING_OK, EXIT_DONE, NULL, "%s:%d is reached through the proxy", d->host,
			   d->port);
		return;
	}
	enum reason why = dial(d, &facts, room);
	d->reached = why == REASON_NONE;
	curl_easy_getinfo(d->dial, CURLINFO_CONNECT_TIME_T, &took_us);
	curl_easy_getinfo(d->dial, CURLINFO_PRIMARY_IP, &address);
	if (d->reached)
		doctor_say(d, CHECK_TCP, FINDING_OK, EXIT_DONE, NULL, "port %d of %s takes connections, in %.1f ms",
			   d->port, address && *address ? address : d->host, (double)took_us / 1000);
	else
		doctor_say_reason(d, CHECK_TCP, why, &facts);
}

/* ---- the connection, as OpenSSL reads and writes it: it may be inside the TLS of a proxy ---- */

static int wire_write(BIO *b, const char *at, size_t len, size_t *done)
{
	CURLcode code = curl_easy_send(BIO_get_data(b), at, len, done);
	BIO_clear_retry_flags(b);
	if (code == CURLE_AGAIN)
		BIO_set_retry_write(b);
	return code == CURLE_OK;
}

static int wire_read(BIO *b, char *at, size_t len, size_t *done)
{
	CURLcode code = curl_easy_recv(BIO_get_data(b), at, len, done);
	BIO_clear_retry_flags(b);
	if (code == CURLE_AGAIN)
		BIO_set_retry_read(b);
	return code == CURLE_OK && *done > 0;
}

static long wire_control(BIO *b, int command, long number, void *out)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	(void)number;
	switch (command) {
	case BIO_C_GET_FD:
		curl_easy_getinfo(BIO_get_data(b), CURLINFO_ACTIVESOCKET, &fd);
		if (out)
			*(int *)out = (int)fd;
		return (long)fd;
	case BIO_CTRL_FLUSH:
		return 1;
	default:
		return 0;
	}
}

BIO *doctor_wire(struct doctor *d)
{
	if (!d->method && (d->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "curl"))) {
		BIO_meth_set_write_ex(d->method, wire_write);
		BIO_meth_set_read_ex(d->method, wire_read);
		BIO_meth_set_ctrl(d->method, wire_control);
	}
	BIO *b = d->method ? BIO_new(d->method) : NULL;
	if (!b)
		return NULL;
	BIO_set_data(b, d->dial);
	BIO_set_init(b, 1);
	return b;
}

void doctor_hang_up(struct doctor *d)
{
	BIO_free_all(d->wire);
	d->wire = NULL;
	BIO_meth_free(d->method);
	d->method = NULL;
	if (d->dial)
		curl_easy_cleanup(d->dial);
	d->dial = NULL;
}

bool doctor_wait(BIO *wire, int64_t until_ms)
{
	int fd = -1;
	int64_t left_ms = until_ms - doctor_now_ms();
	if (!BIO_should_retry(wire) || left_ms <= 0 || BIO_get_fd(wire, &fd) < 0)
		return false;
	struct pollfd p = { .fd = fd, .events = BIO_should_write(wire) ? POLLOUT : POLLIN };
	return poll(&p, 1, (int)left_ms) > 0;
}
