#include "relay/net/certificate_warn.h"

#include "shared/net/chain.h"
#include "shared/net/roots.h"
#include "shared/program/log.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#define DAYS_SOON 7

/* Whether this machine trusts who issued `cert`, as most clients will. */
static bool issuer_is_known(X509 *cert)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *look = X509_STORE_CTX_new();
	X509 *issuer = NULL;
	if (store)
		roots_trust(store);
	bool known = store && look && X509_STORE_CTX_init(look, store, cert, NULL) == 1 &&
		     X509_STORE_CTX_get1_issuer(&issuer, look, cert) == 1;
	X509_free(issuer);
	X509_STORE_CTX_free(look);
	X509_STORE_free(store);
	ERR_clear_error();
	return known;
}

static void look_at_chain(SSL_CTX *ctx, X509 *leaf, const char *file)
{
	char issuer[200], text[700];
	STACK_OF(X509) *sent = NULL;
	SSL_CTX_get0_chain_certs(ctx, &sent);
	X509 *end = chain_end(leaf, sent);
	int count = 1 + (sent ? sk_X509_num(sent) : 0);
	if (chain_is_root(end) || issuer_is_known(end))
		return;
	chain_name_issuer(end, issuer, sizeof issuer);
	snprintf(text, sizeof text,
		 "the file has %d certificate%s and not that of %s, which issued the last, and this machine does not "
		 "know it: "
		 "clients that do not know it either will not connect; is there a file with the whole chain "
		 "(fullchain.pem)?",
		 count, count == 1 ? "" : "s", issuer);
	log_event(LOG_WARN, "certificate_chain", "file", file, "text", text, NULL);
}

static void look_at_dates(X509 *leaf, const char *file)
{
	int days = 0, seconds = 0;
	char text[120] = "";
	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notBefore(leaf)) == 1 && (days > 0 || seconds > 0))
		snprintf(text, sizeof text, "it is not valid yet: it begins in %d days; is this machine's clock right?",
			 days);
	else if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) != 1)
		return;
	else if (days < 0 || seconds < 0)
		snprintf(text, sizeof text, "it has expired, %d days ago: renew it, then send SIGHUP", -days);
	else if (days == 0)
		snprintf(text, sizeof text, "it ends in %d hours: renew it, then send SIGHUP", seconds / 3600);
	else if (days < DAYS_SOON)
		snprintf(text, sizeof text, "it ends in %d day%s: renew it, then send SIGHUP", days,
			 days == 1 ? "" : "s");
	if (*text)
		log_event(LOG_WARN, "certificate_date", "file", file, "text", text, NULL);
}

void certificate_warn_date(SSL_CTX *ctx, const char *file)
{
	X509 *leaf = SSL_CTX_get0_certificate(ctx);
	if (leaf)
		look_at_dates(leaf, file);
}

void certificate_warn(SSL_CTX *ctx, const char *file)
{
	X509 *leaf = SSL_CTX_get0_certificate(ctx);
	if (leaf)
		look_at_chain(ctx, leaf, file);
	certificate_warn_date(ctx, file);
}
