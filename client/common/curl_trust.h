/* Whom a call by libcurl trusts: the same issuers as every other connection over TLS. Any thread. */
#pragma once

#include <curl/curl.h>

/* Has `c` trust the system's issuers (shared/net/roots.h) and those of the file `ca` (PEM; or NULL), of the server's
 * and of an https proxy's certificate. A `ca` that cannot be read ends the call with CURLE_SSL_CACERT_BADFILE. */
void curl_trust(CURL *c, const char *ca);
