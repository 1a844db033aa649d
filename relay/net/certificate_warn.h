/* What is wrong with the relay's own certificate that its clients would be told in its place: a chain that is not
 * whole, a date. Lines of the log; nothing is refused for it. Loop thread. */
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>

/* At the start and when it was loaded again. `file`: where the certificate of `ctx` came from. */
void certificate_warn(SSL_CTX *ctx, const char *file);
/* Of its date alone, where it has expired or soon will: once a day. */
void certificate_warn_date(SSL_CTX *ctx, const char *file);
