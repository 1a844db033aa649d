/* The relay's certificate as OpenSSL serves it to senders: as tls_policy.h says, sessions resumed by tickets, and an
 * OCSP response stapled where one lies beside the certificate. Loop thread. */
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>

#include "shared/base/error.h"

/* Once, before any certificate: the place where OpenSSL keeps what is stapled beside a context, which frees it with
 * the context. Negative: out of memory. */
int certificate_staple_index(void);

/* NULL and *e: which file, and what of it. Where FILE.ocsp (DER, RFC 6960) stands beside the certificate FILE it is
 * stapled for as long as it is valid; a response that is about another certificate, or says nothing of it, is left out
 * with a line in the log. */
SSL_CTX *certificate_load(const char *cert, const char *key, int staple_index, struct error *e);

struct certificate_facts {
	uint64_t ends_us; /* since 1970; 0: it says nothing that is a time */
	bool self_signed; /* as the one in the place of what --acme has not ordered yet */
	char issuer[200]; /* untrusted */
};
/* Of the certificate that the context serves; false: it has none. */
bool certificate_describe(SSL_CTX *ctx, struct certificate_facts *facts);
