/* Which TLS the relay speaks with everybody, senders and tunnels: 1.3, and 1.2 with ECDHE and AEAD only; the server's
 * order of ciphers, but ChaCha20 first for clients that put it first (they have no AES in hardware); no compression, no
 * renegotiation (RFC 9325). */
#pragma once

#include <openssl/ssl.h>

#include "shared/base/bytes.h"

/* Applies this to a context. False: this OpenSSL cannot do it. */
MUST_CHECK bool tls_policy_apply(SSL_CTX *ctx);
