/* The certificates of the issuers that this machine trusts: where they are, and trusting them.
 *
 * OpenSSL looks only where it was built to look, and each distribution has another place. A static program runs on all
 * of them, so the places are tried here, for every connection over TLS that either program makes. The variables
 * SSL_CERT_FILE and SSL_CERT_DIR come first, as OpenSSL reads them. Any thread; reads files. */
#pragma once

#include <openssl/x509_vfy.h>
#include <stdbool.h>

enum roots_from {
	ROOTS_NONE,      /* this machine has none where they were looked for */
	ROOTS_VARIABLES, /* SSL_CERT_FILE or SSL_CERT_DIR */
	ROOTS_OPENSSL,   /* where OpenSSL looks by itself */
	ROOTS_BUNDLE     /* a file of another distribution's */
};

struct roots {
	enum roots_from from;
	char file[600];   /* of ROOTS_BUNDLE, to be read; else "" */
	char place[1000]; /* for people: the file, the folder or both, and the variable that names it; "" for none */
};

/* Looks for them. `under`: a folder that stands for the root of the file system, in tests; else "". It is not put
 * before what the variables name. */
void roots_find(const char *under, struct roots *out);
bool roots_are_there(void);
/* Makes `store` trust them; if there are none, or they cannot be read, nothing changes. */
void roots_trust(X509_STORE *store);
