#include "client/common/curl_trust.h"

#include "shared/net/roots.h"

#include <openssl/ssl.h>

static CURLcode on_context(CURL *c, void *context, void *user)
{
	(void)c;
	(void)user;
	roots_trust(SSL_CTX_get_cert_store(context));
	return CURLE_OK;
}

void curl_trust(CURL *c, const char *ca)
{
	/* A libcurl over another library than OpenSSL knows its system's issuers by itself. */
	if (curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK) {
		/* The place that it was built for may not be on this machine, and that would end the call. */
		curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, NULL);
		curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, NULL);
	}
	if (ca) {
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
		curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, ca);
	}
}
