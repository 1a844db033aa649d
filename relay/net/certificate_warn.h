/* What is wrong with the relay's own certificate that its clients would be told in its place: a chain that is not
 * whole, a date. Lines of the log, at the start and at each SIGHUP; nothing is refused for it. Loop thread. */
#pragma once

#include <openssl/ssl.h>

/* `file`: where the certificate of `ctx` came from. */
void certificate_warn(SSL_CTX *ctx, const char *file);
