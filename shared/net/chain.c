#include "shared/net/chain.h"

#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

void chain_name_issuer(X509 *cert, char *out, size_t size)
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

X509 *chain_end(X509 *leaf, STACK_OF(X509) * sent)
{
	X509 *at = leaf;
	/* No step is taken twice: a chain may lead in a circle. */
	for (int steps = 0; steps < sk_X509_num(sent) && !chain_is_root(at); steps++) {
		X509 *next = NULL;
		for (int i = 0; i < sk_X509_num(sent) && !next; i++)
			if (X509_check_issued(sk_X509_value(sent, i), at) == X509_V_OK)
				next = sk_X509_value(sent, i);
		if (!next)
			break;
		at = next;
	}
	return at;
}

bool chain_is_root(X509 *cert)
{
	return X509_check_issued(cert, cert) == X509_V_OK;
}
