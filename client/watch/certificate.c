#include "client/watch/certificate.h"

#include "shared/net/chain.h"
#include "shared/net/roots.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void list_names(X509 *cert, char *out, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t at = 0;
	out[0] = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && at < size; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		char text[200] = "";
		if (n->type == GEN_DNS)
			snprintf(text, sizeof text, "%.*s", ASN1_STRING_length(n->d.dNSName),
				 (const char *)ASN1_STRING_get0_data(n->d.dNSName));
		else if (n->type == GEN_IPADD)
			inet_ntop(ASN1_STRING_length(n->d.iPAddress) == 4 ? AF_INET : AF_INET6,
				  ASN1_STRING_get0_data(n->d.iPAddress), text, sizeof text);
		if (*text)
			at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "", text);
	}
	if (!*out)
		snprintf(out, size, "no name at all");
	GENERAL_NAMES_free(names);
}

static int days_until(const ASN1_TIME *when)
{
	int days = 0, seconds = 0;
	ASN1_TIME_diff(&days, &seconds, NULL, when);
	return days;
}

void certificate_read(X509 *cert, STACK_OF(X509) * sent, struct certificate *out)
{
	X509 *end = chain_end(cert, sent);
	chain_name_issuer(cert, out->issuer, sizeof out->issuer);
	chain_name_issuer(end, out->root, sizeof out->root);
	out->sent = sent && sk_X509_num(sent) > 0 ? sk_X509_num(sent) : 1;
	out->whole = chain_is_root(end);
	list_names(cert, out->names, sizeof out->names);
	out->days_left = days_until(X509_get0_notAfter(cert));
	out->days_to_come = days_until(X509_get0_notBefore(cert));
}

enum reason certificate_reason(long check, const struct certificate *c, struct facts *facts)
{
	facts->issuer = c->issuer;
	facts->names = c->names;
	facts->count = (uint64_t)check;
	switch (check) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		facts->days = -c->days_left;
		return REASON_RELAY_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		facts->days = c->days_to_come;
		return REASON_RELAY_CERT_NOT_YET;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return REASON_RELAY_CERT_OTHER_NAME;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return REASON_RELAY_CERT_SELF_SIGNED;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		facts->issuer = c->root;
		facts->count = (uint64_t)c->sent;
		if (!roots_are_there())
			return REASON_RELAY_CERT_NO_ISSUERS;
		return c->whole       ? REASON_RELAY_CERT_ROOT
		       : c->sent == 1 ? REASON_RELAY_CERT_ALONE
				      : REASON_RELAY_CERT_CHAIN;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return REASON_RELAY_CERT_WEAK;
	case X509_V_ERR_CERT_REVOKED:
		return REASON_RELAY_CERT_REVOKED;
	default:
		return REASON_RELAY_CERT_INVALID;
	}
}

enum reason certificate_tls_reason(unsigned long error)
{
	if (ERR_GET_LIB(error) != ERR_LIB_SSL)
		return REASON_RELAY_TLS_BROKE_OFF;
	switch (ERR_GET_REASON(error)) {
	case SSL_R_WRONG_VERSION_NUMBER: /* of what begins like no record of TLS */
	case SSL_R_HTTP_REQUEST:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
		return REASON_RELAY_NOT_TLS;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_VERSION_TOO_LOW:
	case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
	case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
	case SSL_R_DH_KEY_TOO_SMALL:
#ifdef SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED
	case SSL_R_LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED:
#endif
		return REASON_RELAY_TLS_APART;
	case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
		return REASON_RELAY_NO_HTTP1;
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return REASON_RELAY_WANTS_CERTIFICATE;
	default:
		return REASON_RELAY_TLS_BROKE_OFF;
	}
}

bool certificate_has_pin(X509 *cert, const char *pin)
{
	unsigned char *der = NULL, digest[32], text[64];
	int len = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
	bool fine = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	return fine && EVP_EncodeBlock(text, digest, sizeof digest) > 0 &&
	       strcmp((char *)text, pin + strlen("sha256//")) == 0;
}
