/* Where the certificates that a server sends end: which of its issuers it left out. Pure; any thread. */
#pragma once

#include <openssl/x509.h>

#include "shared/base/bytes.h"

/* "Let's Encrypt R11": organisation and name of who issued `cert`, else the whole name; untrusted, cut at `size`. */
void chain_name_issuer(X509 *cert, char *out, size_t size);
/* The last certificate on the way from `leaf` to its root among those that were `sent` (NULL: none). Borrowed. */
X509 *chain_end(X509 *leaf, STACK_OF(X509) * sent);
/* Whether it is signed by itself: a root. */
bool chain_is_root(X509 *cert);
