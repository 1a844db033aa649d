/* Where the issuers' certificates are found, on each distribution. */
#include "shared/net/roots.h"
#include "tests/unit/unit.h"

#include "shared/disk/folder.h"

#include <openssl/x509_vfy.h>
#include <unistd.h>

static char base[64];

static int begin(void **state)
{
	(void)state;
	unsetenv("SSL_CERT_FILE");
	unsetenv("SSL_CERT_DIR");
	strcpy(base, "/tmp/creel-roots-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int end(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", base);
	return system(command);
}

/* Makes a file of that name below `base`, with the folders above it. */
static void put(const char *path, const char *text)
{
	char whole[400];
	struct error e;
	snprintf(whole, sizeof whole, "%s%s", base, path);
	assert_true(folder_make_above(whole, &e));
	FILE *f = fopen(whole, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void expect(enum roots_from from, const char *place)
{
	struct roots roots;
	roots_find(base, &roots);
	assert_string_equal(roots.place, place);
	assert_int_equal(roots.from, from);
	if (from == ROOTS_BUNDLE) {
		assert_memory_equal(roots.file, base, strlen(base));
		assert_string_equal(roots.file + strlen(base), place);
	} else {
		assert_string_equal(roots.file, "");
	}
}

static void test_none(void **state)
{
	(void)state;
	expect(ROOTS_NONE, "");
	put("/etc/ssl/certs/README", "text");
	put("/etc/ssl/certs/ca-certificates.crt", ""); /* a package that was purged */
	expect(ROOTS_NONE, "");
}

/* What lies on a fresh machine of each; the first file is what is to be read. */
static void test_distributions(void **state)
{
	static const char *const machines[][4] = {
		{ "/etc/ssl/certs/ca-certificates.crt" }, /* Debian's, copied into a bare container */
		{ "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs/ca-cert-ISRG_Root_X1.pem" }, /* Alpine */
		{ "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-bundle.crt", "/etc/pki/tls/cert.pem",
		  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem" },                /* Fedora */
		{ "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem" },                /* Fedora 43 */
		{ "/etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem" }, /* openSUSE */
		{ "/etc/ca-certificates/extracted/tls-ca-bundle.pem" },                 /* Arch */
		{ "/etc/ssl/cert.pem" },                                                /* macOS */
		{ "/opt/homebrew/etc/ca-certificates/cert.pem", "/opt/homebrew/etc/openssl@3/cert.pem" }, /* Homebrew */
		{ "/usr/local/etc/openssl@3/cert.pem" },
		{ "/usr/local/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt" }, /* FreeBSD */
	};
	(void)state;
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		for (size_t file = 0; file < 4 && machines[i][file]; file++)
			put(machines[i][file], "-----BEGIN CERTIFICATE-----\n");
		/* Where OpenSSL was built to look there is that very file. */
		bool own = strcmp(machines[i][0], X509_get_default_cert_file()) == 0;
		expect(own ? ROOTS_OPENSSL : ROOTS_BUNDLE, machines[i][0]);
		assert_int_equal(end(NULL), 0);
	}
}

/* OpenSSL's own folder, filled as c_rehash does, needs no bundle. */
static void test_openssl(void **state)
{
	char path[200], both[400];
	(void)state;
	put("/etc/pki/tls/certs/ca-bundle.crt", "x");
	snprintf(path, sizeof path, "%s/Some_Root.pem", X509_get_default_cert_dir());
	put(path, "x");
	expect(ROOTS_BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt");
	snprintf(path, sizeof path, "%s/5ed36f99.0", X509_get_default_cert_dir());
	put(path, "x");
	expect(ROOTS_OPENSSL, X509_get_default_cert_dir());
	put(X509_get_default_cert_file(), "x");
	snprintf(both, sizeof both, "%s and %s", X509_get_default_cert_file(), X509_get_default_cert_dir());
	expect(ROOTS_OPENSSL, both);
}

static void test_variables(void **state)
{
	char path[200], said[300];
	(void)state;
	put("/etc/ssl/certs/ca-certificates.crt", "x");
	put("/own.pem", "x");
	snprintf(path, sizeof path, "%s/own.pem", base);
	snprintf(said, sizeof said, "%s (SSL_CERT_FILE)", path);
	setenv("SSL_CERT_FILE", path, 1);
	expect(ROOTS_VARIABLES, said);
	setenv("SSL_CERT_FILE", "/none.pem", 1);
	expect(ROOTS_VARIABLES, "/none.pem (SSL_CERT_FILE, which cannot be read)");
	setenv("SSL_CERT_DIR", "/a:/b", 1);
	expect(ROOTS_VARIABLES, "/none.pem (SSL_CERT_FILE, which cannot be read) and /a:/b (SSL_CERT_DIR)");
	setenv("SSL_CERT_FILE", "", 1);
	expect(ROOTS_VARIABLES, "/a:/b (SSL_CERT_DIR)");
	setenv("SSL_CERT_DIR", "", 1);
	expect(ROOTS_BUNDLE, "/etc/ssl/certs/ca-certificates.crt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_none, begin, end),
		cmocka_unit_test_setup_teardown(test_distributions, begin, end),
		cmocka_unit_test_setup_teardown(test_openssl, begin, end),
		cmocka_unit_test_setup_teardown(test_variables, begin, end),
	};
	return RUN(tests);
}
