/* What TLS the relay speaks to anybody, senders and tunnels: 1.2 with ECDHE and AEAD alone, and 1.3; the server's order
 * of ciphers, ChaCha20 first for whoever puts it first (no AES in hardware); no compression, no renegotiation
 * (RFC 9325). */
#pragma once

#include <openssl/ssl.h>

#include "shared/base/bytes.h"

/* False: OpenSSL has none of it. */
MUST_CHECK bool tls_policy_apply(SSL_CTX *ctx);
