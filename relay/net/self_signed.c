#include "relay/net/self_signed.h"

#include "shared/disk/file.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAYS 90

static bool add(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool fine = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return fine;
}

/* id-pe-acmeIdentifier: an OCTET STRING of 32 bytes, within the one that every extension is. */
static bool add_proof(X509 *cert, struct bytes proof)
{
	uint8_t der[34] = { 4, 32 };
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext = NULL;
	memcpy(der + 2, proof.at, 32);
	bool fine = id && value && ASN1_OCTET_STRING_set(value, der, sizeof der) == 1 &&
		    (ext = X509_EXTENSION_create_by_OBJ(NULL, id, 1, value)) && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(id);
	return fine;
}

bool self_signed_make(const char *name, struct bytes proof, X509 **cert, EVP_PKEY **key)
{
	char alternative[300];
	X509 *made = X509_new();
	*cert = NULL;
	*key = EVP_EC_gen("P-256");
	snprintf(alternative, sizeof alternative, "DNS:%s", name);
	X509_NAME *subject = made ? X509_get_subject_name(made) : NULL;
	bool fine =
	    made && *key && X509_set_version(made, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(made), 1) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(made), -3600) &&
	    X509_gmtime_adj(X509_getm_notAfter(made), 86400L * DAYS) && X509_set_pubkey(made, *key) == 1 &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"creel-relay", -1, -1, 0) ==
		1 &&
	    X509_set_issuer_name(made, subject) == 1 && add(made, NID_subject_alt_name, alternative) &&
	    (proof.len != 32 || add_proof(made, proof)) && X509_sign(made, *key, EVP_sha256()) > 0;
	if (fine) {
		*cert = made;
		return true;
	}
	X509_free(made);
	EVP_PKEY_free(*key);
	*key = NULL;
	return false;
}

static bool write_pem(BIO *from, const char *path, struct error *e)
{
	char *at;
	long len = BIO_get_mem_data(from, &at);
	return file_replace(path, bytes_make(at, (size_t)len), FILE_PRIVATE) ||
	       error_set(e, EXIT_STORE, "%s cannot be written: %s", path, strerror(errno));
}

bool self_signed_write(const char *name, const char *cert_path, const char *key_path, struct error *e)
{
	X509 *cert;
	EVP_PKEY *key;
	BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_mem());
	bool made = a && b && self_signed_make(name, bytes_make(NULL, 0), &cert, &key);
	bool fine = made && PEM_write_bio_X509(a, cert) == 1 &&
		    PEM_write_bio_PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (made) {
		X509_free(cert);
		EVP_PKEY_free(key);
	}
	fine = fine ? write_pem(b, key_path, e) && write_pem(a, cert_path, e)
		    : error_set(e, EXIT_STORE, "out of memory, or of random bytes");
	BIO_free(a);
	BIO_free(b);
	return fine;
}
