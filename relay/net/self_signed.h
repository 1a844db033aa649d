/* Self-signed certificates, with a new P-256 key: to be served until a real one is issued, and as the proof for
 * tls-alpn-01 (RFC 8737). Any thread. */
#pragma once

#include <openssl/x509.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* Makes one for the name, valid from an hour ago for 90 days. `proof`, 32 bytes: it gets the critical extension
 * acmeIdentifier with this; empty: it does not. The caller frees both. False: out of memory, or of random bytes. */
MUST_CHECK bool self_signed_make(const char *name, struct bytes proof, X509 **cert, EVP_PKEY **key);
/* The same, written as PEM into two files, 0600. False and *e (EXIT_STORE). */
MUST_CHECK bool self_signed_write(const char *name, const char *cert_path, const char *key_path, struct error *e);
