#include "client/app/curl_reason.h"

#include <stddef.h>

static const struct {
	CURLcode code;
	const char *words;
} reasons[] = {
	{ CURLE_UNSUPPORTED_PROTOCOL, "only http and https are spoken" },
	{ CURLE_URL_MALFORMAT, "it is not a URL" },
	{ CURLE_COULDNT_RESOLVE_PROXY, "the proxy's name cannot be resolved" },
	{ CURLE_COULDNT_RESOLVE_HOST, "its name cannot be resolved" },
	{ CURLE_COULDNT_CONNECT, "nobody takes connections there" },
	{ CURLE_OPERATION_TIMEDOUT, "no answer came in time" },
	{ CURLE_OUT_OF_MEMORY, "out of memory" },
	{ CURLE_SSL_CONNECT_ERROR, "it does not speak TLS, or none that both know" },
	{ CURLE_PEER_FAILED_VERIFICATION, "its certificate is not trusted; --ca FILE trusts another issuer" },
	{ CURLE_SSL_CACERT_BADFILE, "the CA file cannot be read, or is no PEM" },
	{ CURLE_SSL_CERTPROBLEM, "it wants a certificate of the client's, and there is none" },
	{ CURLE_GOT_NOTHING, "the connection was closed before an answer came" },
	{ CURLE_SEND_ERROR, "the connection broke off" },
	{ CURLE_RECV_ERROR, "the connection broke off" },
	{ CURLE_PARTIAL_FILE, "the answer broke off" },
	{ CURLE_WEIRD_SERVER_REPLY, "what answers is no HTTP" },
	{ CURLE_PROXY, "the proxy refused" },
};

const char *curl_reason(CURLcode code)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].code == code)
			return reasons[i].words;
	return "the call failed";
}
