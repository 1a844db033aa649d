/* Certificates that nobody issued, with a new key of P-256: in the place of one that is still to come, and as the proof
 * that RFC 8737 asks for. Any thread. */
#pragma once

#include <openssl/x509.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* For the name, valid from an hour ago for 90 days. `proof`, 32 bytes: with the critical extension acmeIdentifier;
 * empty: without. The caller frees both. False: out of memory, or of random bytes. */
MUST_CHECK bool self_signed_make(const char *name, struct bytes proof, X509 **cert, EVP_PKEY **key);
/* The same, written as PEM into two files, 0600. False and *e (EXIT_STORE). */
MUST_CHECK bool self_signed_write(const char *name, const char *cert_path, const char *key_path, struct error *e);
