/* What the certificate of a relay says, and why it is not trusted, as reasons. Any thread. */
#pragma once

#include "client/reason/reason.h"

#include <openssl/x509.h>

struct certificate {
	char issuer[200]; /* "Let's Encrypt R11", or the whole name; untrusted */
	char names[300];  /* "hooks.example.com, 192.0.2.1"; untrusted */
	char root[200];   /* who issued the last certificate of the chain that was sent; untrusted */
	int sent;         /* certificates in that chain */
	bool whole;       /* the last of them is a root */
	int days_left;    /* until it expires; negative when it has */
	int days_to_come; /* until it begins to be valid; negative when it has begun */
};

/* `sent`: what came with it, itself included or not; NULL: nothing. */
void certificate_read(X509 *cert, STACK_OF(X509) * sent, struct certificate *out);
/* For a failed check of X.509, X509_V_ERR_…: the reason, and in `facts` what it names, borrowed from `c`. Looks whether
 * this machine has any issuers to trust, too. */
enum reason certificate_reason(long check, const struct certificate *c, struct facts *facts);
/* For a failed TLS handshake, the code of OpenSSL's error queue; 0: the connection ended. */
enum reason certificate_tls_reason(unsigned long error);
/* Whether its public key's SHA-256 is `pin`, "sha256//BASE64" as curl's --pinnedpubkey takes it. `cert` may be NULL. */
bool certificate_has_pin(X509 *cert, const char *pin);
