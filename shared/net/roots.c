#include "shared/net/roots.h"

#include <ctype.h>
#include <dirent.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file with all of them, by distribution. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Arch, Gentoo, Alpine, NixOS */
	"/etc/pki/tls/certs/ca-bundle.crt",                  /* Fedora, RHEL */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* the same, newer */
	"/etc/ca-certificates/extracted/tls-ca-bundle.pem",  /* Arch */
	"/etc/ssl/ca-bundle.pem",                            /* openSUSE */
	"/var/lib/ca-certificates/ca-bundle.pem",            /* the same, where /etc/ssl is bare */
	"/etc/ssl/cert.pem",                                 /* Alpine, macOS */
	"/etc/pki/tls/cert.pem",                             /* Fedora, older */
	"/etc/pki/tls/cacert.pem",                           /* OpenELEC */
	"/opt/homebrew/etc/ca-certificates/cert.pem",        /* Homebrew on Apple silicon */
	"/opt/homebrew/etc/openssl@3/cert.pem",
	"/usr/local/etc/ca-certificates/cert.pem", /* Homebrew on Intel */
	"/usr/local/etc/openssl@3/cert.pem",
	"/usr/local/etc/ssl/cert.pem",           /* FreeBSD */
	"/usr/local/share/certs/ca-root-nss.crt" /* FreeBSD, older */
};

static bool is_file(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && access(path, R_OK) == 0;
}

/* "5ed36f99.0", as OpenSSL looks certificates up in a folder. */
static bool is_hash(const char *name)
{
	size_t digits = 0;
	while (isxdigit((unsigned char)name[digits]))
		digits++;
	return digits == 8 && name[8] == '.' && isdigit((unsigned char)name[9]);
}

/* Whether OpenSSL finds certificates in that folder. Fedora's has some, but not by these names. */
static bool is_folder(const char *path)
{
	bool found = false;
	DIR *folder = opendir(path);
	for (struct dirent *entry; !found && folder && (entry = readdir(folder));)
		found = is_hash(entry->d_name);
	if (folder)
		closedir(folder);
	return found;
}

static void add_place(struct roots *r, const char *path, const char *note)
{
	size_t at = strlen(r->place);
	snprintf(r->place + at, sizeof r->place - at, "%s%s%s", at ? " and " : "", path, note);
}

/* The value of a variable that is set, to something. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static bool find_by_variables(struct roots *r)
{
	const char *file = variable(X509_get_default_cert_file_env()),
		   *folder = variable(X509_get_default_cert_dir_env());
	if (file)
		add_place(r, file, is_file(file) ? " (SSL_CERT_FILE)" : " (SSL_CERT_FILE, which cannot be read)");
	if (folder) /* or several, with colons between them */
		add_place(r, folder, " (SSL_CERT_DIR)");
	return file || folder;
}

static bool find_by_openssl(const char *under, struct roots *r)
{
	char path[sizeof r->file];
	snprintf(path, sizeof path, "%s%s", under, X509_get_default_cert_file());
	if (is_file(path))
		add_place(r, X509_get_default_cert_file(), "");
	snprintf(path, sizeof path, "%s%s", under, X509_get_default_cert_dir());
	if (is_folder(path))
		add_place(r, X509_get_default_cert_dir(), "");
	return *r->place;
}

static bool find_bundle(const char *under, struct roots *r)
{
	for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
		snprintf(r->file, sizeof r->file, "%s%s", under, bundles[i]);
		if (is_file(r->file)) {
			add_place(r, bundles[i], "");
			return true;
		}
	}
	r->file[0] = 0;
	return false;
}

void roots_find(const char *under, struct roots *out)
{
	out->file[0] = out->place[0] = 0;
	out->from = find_by_variables(out)        ? ROOTS_VARIABLES
		    : find_by_openssl(under, out) ? ROOTS_OPENSSL
		    : find_bundle(under, out)     ? ROOTS_BUNDLE
						  : ROOTS_NONE;
}

bool roots_are_there(void)
{
	struct roots roots;
	roots_find("", &roots);
	return roots.from != ROOTS_NONE;
}

void roots_trust(X509_STORE *store)
{
	struct roots roots;
	roots_find("", &roots);
	if (roots.from == ROOTS_BUNDLE)
		X509_STORE_load_locations(store, roots.file, NULL);
	else
		X509_STORE_set_default_paths(store);
	ERR_clear_error(); /* what is missing shows when a certificate is checked */
}
