/* The relay's certificate as OpenSSL serves it to senders: by the rules of tls_policy.h, with sessions resumed by
 * tickets, and an OCSP response stapled if one lies beside the certificate. Loop thread. */
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>

#include "shared/base/error.h"

/* The index under which OpenSSL keeps a context's stapled response, and frees it with the context. To be called once,
 * before any certificate is loaded. Negative: out of memory. */
int certificate_staple_index(void);

/* Loads certificate and key, two PEM files; the caller frees the context. NULL and *e, which names the file and what is
 * wrong with it. If FILE.ocsp (DER, RFC 6960) lies beside the certificate FILE it is stapled as long as it is valid;
 * one that is not about this certificate is ignored, with a line in the log. */
SSL_CTX *certificate_load(const char *cert, const char *key, int staple_index, struct error *e);

struct certificate_facts {
	uint64_t ends_us; /* since 1970; 0: not a valid time */
	bool self_signed; /* such as the one served until --acme has ordered one */
	char issuer[200]; /* untrusted */
};
/* Describes the certificate that the context serves; false: it has none. */
bool certificate_describe(SSL_CTX *ctx, struct certificate_facts *facts);
