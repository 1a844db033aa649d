/* What a certificate says, and which reason a failed check or handshake is. */
#include "client/watch/certificate.h"
#include "tests/unit/unit.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define DAY 86400L

static X509 *make(long from, long until, const char *names)
{
	X509 *cert = X509_new();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_NAME *name = X509_get_subject_name(cert);
	assert_non_null(key);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), until);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Some Company", -1, -1, 0);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"R1", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	if (names) {
		X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
		X509_add_ext(cert, alt, -1);
		X509_EXTENSION_free(alt);
	}
	X509_sign(cert, key, EVP_sha256());
	EVP_PKEY_free(key);
	return cert;
}

static void test_reads(void **state)
{
	struct certificate c;
	(void)state;
	X509 *cert = make(-3 * DAY - 60, 5 * DAY + 60, "DNS:hooks.example.com,IP:192.0.2.1");
	certificate_read(cert, NULL, &c);
	assert_string_equal(c.issuer, "Some Company R1");
	assert_string_equal(c.names, "hooks.example.com, 192.0.2.1");
	assert_int_equal(c.days_left, 5);
	assert_int_equal(c.days_to_come, -3);
	assert_false(certificate_has_pin(cert, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
	assert_false(certificate_has_pin(NULL, "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
	X509_free(cert);
	cert = make(0, DAY, NULL);
	certificate_read(cert, NULL, &c);
	assert_string_equal(c.names, "no name at all");
	X509_free(cert);
}

/* More names and longer ones than there is room for. */
static void test_does_not_overflow(void **state)
{
	struct certificate c;
	char names[4000] = "";
	size_t at = 0;
	(void)state;
	for (int i = 0; i < 60; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%sDNS:a-name-that-takes-its-room-%d.example.com",
				       i ? "," : "", i);
	X509 *cert = make(0, DAY, names);
	certificate_read(cert, NULL, &c);
	assert_int_equal(strlen(c.names), sizeof c.names - 1);
	X509_free(cert);
}

static void expect_reason(long check, enum reason reason, const char *sentence)
{
	static const struct certificate c = {
		.issuer = "R1", .names = "www.test", .root = "Int", .sent = 1, .days_left = -9, .days_to_come = 4
	};
	struct facts facts = { .host = "relay.test" };
	char text[400];
	assert_int_equal(certificate_reason(check, &c, &facts), reason);
	reason_sentence(reason, &facts, text, sizeof text);
	assert_string_equal(text, sentence);
}

static void test_checks(void **state)
{
	(void)state;
	expect_reason(X509_V_ERR_CERT_HAS_EXPIRED, REASON_RELAY_CERT_EXPIRED,
		      "the certificate of relay.test has expired, 9 days ago (issued by R1)");
	expect_reason(X509_V_ERR_CERT_NOT_YET_VALID, REASON_RELAY_CERT_NOT_YET,
		      "the certificate of relay.test is not valid yet: it begins only in 4 days (issued by R1)");
	expect_reason(X509_V_ERR_HOSTNAME_MISMATCH, REASON_RELAY_CERT_OTHER_NAME,
		      "the certificate is for www.test, and not for relay.test");
	expect_reason(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, REASON_RELAY_CERT_SELF_SIGNED,
		      "the certificate of relay.test is not trusted: it is signed by itself (issued by R1)");
	expect_reason(
	    X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, REASON_RELAY_CERT_ALONE,
	    "the certificate of relay.test is not trusted: the relay sends it alone, and this machine does not know "
	    "Int, which issued it");
	expect_reason(X509_V_ERR_INVALID_PURPOSE, REASON_RELAY_CERT_INVALID,
		      "the certificate of relay.test is not trusted: check 26 of X.509 failed (issued by R1)");
}

static void test_handshakes(void **state)
{
	(void)state;
	assert_int_equal(certificate_tls_reason(0), REASON_RELAY_TLS_BROKE_OFF);
	assert_int_equal(certificate_tls_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_WRONG_VERSION_NUMBER)),
			 REASON_RELAY_NOT_TLS);
	assert_int_equal(certificate_tls_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)),
			 REASON_RELAY_TLS_APART);
	assert_int_equal(certificate_tls_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED)),
			 REASON_RELAY_WANTS_CERTIFICATE);
	assert_int_equal(certificate_tls_reason(ERR_PACK(ERR_LIB_X509, 0, SSL_R_WRONG_VERSION_NUMBER)),
			 REASON_RELAY_TLS_BROKE_OFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_does_not_overflow),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_handshakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
