/* Opens a connection to the relay through a proxy, by libcurl, which knows CONNECT, SOCKS, TLS to the proxy and its
 * ways of asking for a login; and gives the reason when that fails. Any thread. */
#pragma once

#include "client/reason/reason.h"
#include "client/proxy/proxy.h"
#include "client/proxy/relay_look.h"

#define PROXY_DIAL_DETAIL FIRST_BYTES_SHOWN

struct proxy_dial {
	const struct proxy *proxy;
	const char *host; /* of the relay, without brackets */
	int port;
	const char *ca; /* PEM: issuers of an https proxy's certificate, beside the system's; or NULL */
	uint64_t limit_ms;
};

/* Makes `c` open the connection when it is performed, and do nothing else; afterwards curl_easy_send and curl_easy_recv
 * speak to the relay, in the clear or through the proxy's TLS. What `d` names may go when this returns. */
void proxy_dial_prepare(CURL *c, const struct proxy_dial *d);
/* Why the connection was not opened. Fills facts->status and facts->detail; the latter is borrowed from `room`. */
enum reason proxy_dial_reason(CURL *c, CURLcode code, struct facts *facts, char room[PROXY_DIAL_DETAIL]);
/* The reason for a failure on a connection through the proxy, where `why` would be the reason without one. If nothing
 * came back, it is unknown whether the relay was reached at all, so the reason names the proxy. */
enum reason proxy_dial_reason_behind(enum reason why);
/* Whether a second look at the proxy (relay_look) may say more than `why`. */
bool proxy_dial_is_vague(const struct proxy *p, enum reason why);
/* The reason after that look; `why` itself if it found nothing. */
enum reason proxy_dial_reason_of_look(enum reason why, enum relay_look seen);
