#include "client/proxy/curl_reason.h"
#include "shared/base/process.h"

#include "shared/net/roots.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
	CURLcode code;
	enum reason reason;
} reasons[] = {
	{ CURLE_URL_MALFORMAT, REASON_APP_NO_URL },
	{ CURLE_COULDNT_RESOLVE_PROXY, REASON_APP_PROXY },
	{ CURLE_PROXY, REASON_APP_PROXY },
	{ CURLE_COULDNT_RESOLVE_HOST, REASON_APP_NAME_UNKNOWN },
	{ CURLE_OUT_OF_MEMORY, REASON_APP_MEMORY },
	{ CURLE_SSL_CONNECT_ERROR, REASON_APP_NOT_TLS },
	{ CURLE_SSL_CACERT_BADFILE, REASON_APP_CA_FILE },
	{ CURLE_SSL_CERTPROBLEM, REASON_APP_WANTS_CERTIFICATE },
	{ CURLE_GOT_NOTHING, REASON_APP_NO_ANSWER },
	{ CURLE_SEND_ERROR, REASON_APP_NO_ANSWER },
	{ CURLE_RECV_ERROR, REASON_APP_NO_ANSWER },
	{ CURLE_PARTIAL_FILE, REASON_APP_BROKE_OFF },
	{ CURLE_WEIRD_SERVER_REPLY, REASON_APP_NOT_HTTP },
};

enum reason curl_reason_of_connect(CURL *c, enum reason no_route, enum reason descriptors, enum reason not_listening)
{
	long error = 0;
	curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &error);
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return no_route;
	case EMFILE:
	case ENFILE:
		return descriptors;
	case 0: /* no connection was tried */
		return process_files_are_out() ? descriptors : not_listening;
	default:
		return not_listening;
	}
}

static enum reason of_certificate(CURL *c)
{
	long check = X509_V_OK;
	curl_easy_getinfo(c, CURLINFO_SSL_VERIFYRESULT, &check);
	switch (check) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return REASON_APP_CERT_EXPIRED;
	case X509_V_OK: /* libcurl compares names by itself */
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return REASON_APP_CERT_OTHER_NAME;
	default:
		return roots_are_there() ? REASON_APP_CERT_UNTRUSTED : REASON_APP_CERT_NO_ISSUERS;
	}
}

/* It took the connection, and TLS was not set up in time. */
static bool is_in_handshake(CURL *c)
{
	const char *scheme = NULL;
	curl_off_t connected = 0, secured = 0;
	curl_easy_getinfo(c, CURLINFO_SCHEME, &scheme);
	curl_easy_getinfo(c, CURLINFO_CONNECT_TIME_T, &connected);
	curl_easy_getinfo(c, CURLINFO_APPCONNECT_TIME_T, &secured);
	return scheme && strcasecmp(scheme, "https") == 0 && connected > 0 && secured == 0;
}

static bool was_asked(CURL *c)
{
	long sent = 0;
	curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &sent);
	return sent > 0;
}

enum reason curl_reason(CURL *c, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return curl_reason_of_connect(c, REASON_APP_NO_ROUTE, REASON_APP_DESCRIPTORS, REASON_APP_NOT_LISTENING);
	case CURLE_PEER_FAILED_VERIFICATION:
		return of_certificate(c);
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* An answer without a status line is HTTP/0.9 to libcurl; else the URL has another scheme. */
		return was_asked(c) ? REASON_APP_NOT_HTTP : REASON_APP_NO_URL;
	case CURLE_OPERATION_TIMEDOUT:
		return was_asked(c)         ? REASON_APP_LATE
		       : is_in_handshake(c) ? REASON_APP_TLS_SILENT
					    : REASON_APP_NOT_TAKEN;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].code == code)
			return reasons[i].reason;
	return REASON_APP_FAILED;
}

void curl_reason_peer(const char *url, char *out, size_t size)
{
	const char *scheme = strstr(url, "://"), *authority = scheme ? scheme + 3 : url;
	size_t len = strcspn(authority, "/?#");
	for (size_t i = 0; i < len;)
		if (authority[i++] == '@') {
			authority += i;
			len -= i;
			i = 0;
		}
	snprintf(out, size, "%.*s", (int)len, authority);
}
