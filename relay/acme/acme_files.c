#include "relay/acme/acme_files.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *folder, const char *name)
{
	struct buffer path = { 0 };
	if (buffer_printf(&path, "%s/%s", folder, name) && buffer_put_u8(&path, 0))
		return (char *)path.at;
	buffer_free(&path);
	return NULL;
}

static bool make_folder(struct acme_files *f, const char *data, struct error *e)
{
	char *there = join(data, "acme");
	if (!there)
		return error_set(e, EXIT_STORE, "out of memory");
	if ((mkdir(data, 0700) == 0 || errno == EEXIST) && (mkdir(there, 0700) == 0 || errno == EEXIST))
		f->folder = realpath(there, NULL);
	if (!f->folder)
		error_set(e, EXIT_STORE, "the folder %s cannot be made: %s", there, strerror(errno));
	free(there);
	return f->folder != NULL;
}

bool acme_files_open(struct acme_files *f, const char *data, const char *name, struct error *e)
{
	char text[600];
	*f = (struct acme_files){ 0 };
	if (!make_folder(f, data, e))
		return false;
	f->account = join(f->folder, "private/key.pem");
	snprintf(text, sizeof text, "%s/cert.pem", name);
	f->cert = join(f->folder, text);
	snprintf(text, sizeof text, "private/%s/key.pem", name);
	f->key = join(f->folder, text);
	f->own_cert = join(f->folder, "self-signed.crt");
	f->own_key = join(f->folder, "self-signed.key");
	return (f->account && f->cert && f->key && f->own_cert && f->own_key) ||
	       error_set(e, EXIT_STORE, "out of memory");
}

void acme_files_free(struct acme_files *f)
{
	char *all[] = { f->folder, f->account, f->cert, f->key, f->own_cert, f->own_key };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
}

static X509 *read_certificate(const struct acme_files *f)
{
	FILE *in = fopen(f->cert, "r");
	X509 *cert = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	if (in)
		fclose(in);
	ERR_clear_error();
	return cert;
}

static time_t time_of(const ASN1_TIME *t)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

/* Of a wildcard, any name below it will do. */
static bool has_name(X509 *cert, const char *name)
{
	char text[300];
	snprintf(text, sizeof text, "%s%s", *name == '*' ? "x" : "", *name == '*' ? name + 1 : name);
	return X509_check_host(cert, text, 0, 0, NULL) == 1;
}

time_t acme_files_due(const struct acme_files *f, const struct option_values *names)
{
	X509 *cert = access(f->key, R_OK) == 0 ? read_certificate(f) : NULL;
	time_t due = 0;
	if (cert) {
		time_t from = time_of(X509_get0_notBefore(cert)), end = time_of(X509_get0_notAfter(cert));
		due = end - (end - from) / 3;
		for (size_t i = 0; i < names->count; i++)
			if (!has_name(cert, names->at[i]))
				due = 0;
	}
	X509_free(cert);
	return due;
}

bool acme_files_has_account(const struct acme_files *f)
{
	return access(f->account, R_OK) == 0;
}

void acme_files_end(const struct acme_files *f, char out[32])
{
	X509 *cert = read_certificate(f);
	struct tm tm;
	*out = 0;
	if (cert && ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1)
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	X509_free(cert);
}
