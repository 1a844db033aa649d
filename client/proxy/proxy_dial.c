#include "client/proxy/proxy_dial.h"

#include "client/common/curl_trust.h"
#include "client/proxy/curl_reason.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t drop(char *at, size_t size, size_t count, void *user)
{
	(void)at;
	(void)user;
	return size * count;
}

void proxy_dial_prepare(CURL *c, const struct proxy_dial *d)
{
	char url[300];
	snprintf(url, sizeof url, strchr(d->host, ':') ? "http://[%s]:%d" : "http://%s:%d", d->host, d->port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)d->limit_ms);
	proxy_set(c, d->proxy);
	curl_easy_setopt(c, CURLOPT_HTTPPROXYTUNNEL, 1L);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	/* What a proxy says beside its refusal would go to standard output. */
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	curl_trust(c, d->ca);
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* a name that is being resolved is not waited for */
#endif
}

/* ---- why not ---- */

static enum reason of_answer(CURL *c, long status, struct facts *facts, char room[PROXY_DIAL_DETAIL])
{
	static const struct {
		long bit;
		const char *name;
	} kinds[] = { { (long)CURLAUTH_BASIC, "Basic" },
		      { (long)CURLAUTH_DIGEST, "Digest" },
		      { (long)CURLAUTH_NTLM, "NTLM" },
		      { (long)CURLAUTH_NEGOTIATE, "Negotiate" },
		      { (long)CURLAUTH_BEARER, "Bearer" } };
	long offered = 0;
	size_t at = 0;
	facts->status = (int)status;
	switch (status) {
	case 407:
		curl_easy_getinfo(c, CURLINFO_PROXYAUTH_AVAIL, &offered);
		for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
			if (offered & kinds[i].bit)
				at += (size_t)snprintf(room + at, PROXY_DIAL_DETAIL - at, "%s%s", at ? ", " : "",
						       kinds[i].name);
		return REASON_PROXY_WANTS_LOGIN;
	case 401:
	case 403:
	case 405:
	case 451:
		return REASON_PROXY_FORBIDS;
	case 500:
	case 502:
	case 503:
	case 504:
		return REASON_PROXY_CUT_OFF;
	default:
		return REASON_PROXY_ANSWERED;
	}
}

/* RFC 1928 §6, RFC 1929 §2. */
static enum reason of_socks(CURL *c)
{
	long error = CURLPX_OK;
	curl_easy_getinfo(c, CURLINFO_PROXY_ERROR, &error);
	switch (error) {
	case CURLPX_NO_AUTH:
	case CURLPX_USER_REJECTED:
	case CURLPX_REPLY_UNASSIGNED:
	case CURLPX_GSSAPI:
	case CURLPX_GSSAPI_PERMSG:
	case CURLPX_GSSAPI_PROTECTION:
	case CURLPX_IDENTD:
	case CURLPX_IDENTD_DIFFER:
		return REASON_PROXY_WANTS_SOCKS_LOGIN;
	case CURLPX_REPLY_NOT_ALLOWED:
		return REASON_PROXY_FORBIDS;
	case CURLPX_REQUEST_FAILED: /* SOCKS4 has one code for all: 91, "request rejected or failed" */
		return REASON_PROXY_REFUSES;
	case CURLPX_REPLY_CONNECTION_REFUSED:
		return REASON_PROXY_FINDS_NOBODY;
	case CURLPX_REPLY_GENERAL_SERVER_FAILURE:
	case CURLPX_REPLY_HOST_UNREACHABLE:
	case CURLPX_REPLY_NETWORK_UNREACHABLE:
	case CURLPX_REPLY_TTL_EXPIRED:
		return REASON_PROXY_CUT_OFF;
	case CURLPX_RESOLVE_HOST:
		return REASON_PROXY_HOST_UNKNOWN;
	case CURLPX_BAD_VERSION:
	case CURLPX_UNKNOWN_MODE:
	case CURLPX_BAD_ADDRESS_TYPE:
		return REASON_PROXY_NOT_SOCKS;
	default: /* it ended the connection while it was asked */
		return REASON_PROXY_BROKE_OFF;
	}
}

enum reason proxy_dial_reason(CURL *c, CURLcode code, struct facts *facts, char room[PROXY_DIAL_DETAIL])
{
	long status = 0;
	curl_easy_getinfo(c, CURLINFO_HTTP_CONNECTCODE, &status);
	*room = 0;
	facts->detail = room;
	facts->status = 0;
	if (status >= 300)
		return of_answer(c, status, facts, room);
	switch (code) {
	case CURLE_COULDNT_RESOLVE_PROXY:
		return REASON_PROXY_NAME_UNKNOWN;
	case CURLE_COULDNT_RESOLVE_HOST: /* with socks4 and socks5 the name is looked up here */
		return REASON_PROXY_HOST_UNKNOWN;
	case CURLE_COULDNT_CONNECT:
		return curl_reason_of_connect(c, REASON_PROXY_NO_ROUTE, REASON_TUNNEL_DESCRIPTORS,
					      REASON_PROXY_NOT_LISTENING);
	case CURLE_PROXY:
		return of_socks(c);
	case CURLE_OPERATION_TIMEDOUT:
		return REASON_PROXY_SILENT;
	case CURLE_SSL_CONNECT_ERROR:
		return REASON_PROXY_NOT_TLS;
	case CURLE_PEER_FAILED_VERIFICATION:
		return REASON_PROXY_CERT;
	case CURLE_SSL_CACERT_BADFILE:
		return REASON_RELAY_CA_FILE;
	case CURLE_OUT_OF_MEMORY:
		return REASON_TUNNEL_MEMORY;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return REASON_PROXY_BROKE_OFF;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return REASON_PROXY_NOT_HTTP;
	default:
		return REASON_PROXY_SHUT;
	}
}

enum reason proxy_dial_reason_behind(enum reason why)
{
	switch (why) {
	case REASON_RELAY_BROKE_OFF:
	case REASON_RELAY_TLS_BROKE_OFF:
		return REASON_PROXY_DROPS;
	case REASON_RELAY_SILENT:
		return REASON_PROXY_HOLDS;
	default:
		return why;
	}
}

bool proxy_dial_is_vague(const struct proxy *p, enum reason why)
{
	return strcmp(p->scheme, "http") == 0 && (why == REASON_PROXY_BROKE_OFF || why == REASON_PROXY_NOT_HTTP);
}

enum reason proxy_dial_reason_of_look(enum reason why, enum relay_look seen)
{
	switch (seen) {
	case RELAY_LOOK_TLS:
		return REASON_PROXY_SPEAKS_TLS;
	case RELAY_LOOK_SOCKS:
		return REASON_PROXY_SPEAKS_SOCKS;
	case RELAY_LOOK_HTTP2:
	case RELAY_LOOK_OTHER:
		return REASON_PROXY_NOT_HTTP;
	case RELAY_LOOK_NOTHING:
	case RELAY_LOOK_HTTP:
		break;
	}
	return why;
}
