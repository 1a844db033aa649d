#include "client/tunnel/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void name_issuer(X509 *cert, char *out, size_t size)
{
	const X509_NAME *name = X509_get_issuer_name(cert);
	static const int parts[] = { NID_organizationName, NID_commonName };
	size_t at = 0;
	out[0] = 0;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		int index = X509_NAME_get_index_by_NID(name, parts[i], -1);
		unsigned char *text = NULL;
		if (index < 0 ||
		    ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))) < 0)
			continue;
		if (at < size)
			at += (size_t)snprintf(out + at, size - at, "%s%s", at ? " " : "", (const char *)text);
		OPENSSL_free(text);
	}
	if (!*out)
		X509_NAME_oneline(name, out, (int)size);
}

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

void certificate_read(X509 *cert, struct certificate *out)
{
	name_issuer(cert, out->issuer, sizeof out->issuer);
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
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return REASON_RELAY_CERT_SELF_SIGNED;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return REASON_RELAY_CERT_ISSUER;
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
		return REASON_RELAY_TLS_APART;
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
