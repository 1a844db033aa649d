/* The relay's certificate as OpenSSL serves it to senders: TLS 1.2 with ECDHE and AEAD, and 1.3; the server's order of
 * ciphers; sessions resumed by tickets; an OCSP response stapled where one lies beside the certificate. */
#pragma once

#include <openssl/ssl.h>

#include "shared/base/error.h"

/* NULL and *e: which file, and what of it. Where FILE.ocsp (DER) stands beside the certificate FILE it is stapled. */
SSL_CTX *certificate_load(const char *cert, const char *key, struct error *e);
