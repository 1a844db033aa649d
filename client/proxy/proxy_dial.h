/* How a way to the relay is opened through a proxy: by libcurl, which knows CONNECT, SOCKS, TLS to the proxy and its
 * ways of asking for a login; and why it was not opened, as a reason. Any thread. */
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

/* Makes `c` open the way when it is performed, and do nothing else; then curl_easy_send and curl_easy_recv speak to the
 * relay, in the clear or through the proxy's TLS. What `d` names may go when this returns. */
void proxy_dial_prepare(CURL *c, const struct proxy_dial *d);
/* Why it was not opened. Fills facts->status and facts->detail, which is borrowed from `room`. */
enum reason proxy_dial_reason(CURL *c, CURLcode code, struct facts *facts, char room[PROXY_DIAL_DETAIL]);
/* What failed on a way that the proxy opened: `why` of the relay's as it is seen from here. Where nothing came back
 * nobody here knows whether the relay was ever asked, and the proxy is named. */
enum reason proxy_dial_reason_behind(enum reason why);
/* Whether a second look at the proxy (relay_look) may say more than `why`. */
bool proxy_dial_is_vague(const struct proxy *p, enum reason why);
/* What it says: `why` where it learnt nothing. */
enum reason proxy_dial_reason_of_look(enum reason why, enum relay_look seen);
