/* Finds where the chain of certificates that a server sent ends, to say which issuer it left out. Pure; any thread. */
#pragma once

#include <openssl/x509.h>

#include "shared/base/bytes.h"

/* "Let's Encrypt R11": organisation and name of who issued `cert`, else the whole name; untrusted, cut at `size`. */
void chain_name_issuer(X509 *cert, char *out, size_t size);
/* The last certificate of the chain from `leaf` towards its root that is among those `sent` (NULL: none). Borrowed. */
X509 *chain_end(X509 *leaf, STACK_OF(X509) * sent);
/* Whether it is signed by itself: a root. */
bool chain_is_root(X509 *cert);
