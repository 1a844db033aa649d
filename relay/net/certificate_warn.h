/* Warns the operator of faults in the relay's own certificate that otherwise only its clients would see: an incomplete
 * chain, a bad date. Writes lines to the log; nothing is refused. Loop thread. */
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>

/* To be called at the start and whenever the certificate was loaded again. `file`: where the certificate of `ctx` came
 * from. */
void certificate_warn(SSL_CTX *ctx, const char *file);
/* Warns only of its date, if it has expired or soon will. To be called once a day. */
void certificate_warn_date(SSL_CTX *ctx, const char *file);
