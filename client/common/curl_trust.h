/* Which issuers of certificates a call by libcurl trusts: the same as every other TLS connection. Any thread. */
#pragma once

#include <curl/curl.h>

/* Makes `c` trust the system's issuers (shared/net/roots.h) and those in the PEM file `ca` (may be NULL), for the
 * certificates of the server and of an https proxy. A `ca` that cannot be read ends the call with
 * CURLE_SSL_CACERT_BADFILE. */
void curl_trust(CURL *c, const char *ca);
