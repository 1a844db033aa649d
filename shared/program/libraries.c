#include "shared/program/libraries.h"

#include <jansson.h>
#include <libwebsockets.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <uv.h>
#include <zlib.h>

#ifndef CREEL_LIBRARIES /* make dist names them with Debian's patches, from .packaging/dist/sources.tsv */
#define CREEL_LIBRARIES ""
#endif

void libraries_common(struct library out[LIBRARIES_COMMON])
{
	const struct library list[LIBRARIES_COMMON] = {
		{ "OpenSSL", OpenSSL_version(OPENSSL_VERSION_STRING) },
		{ "SQLite", sqlite3_libversion() },
		{ "libwebsockets", lws_get_library_version() },
		{ "libuv", uv_version_string() },
		{ "jansson", jansson_version_str() },
		{ "zlib", zlibVersion() },
		{ "utf8proc", utf8proc_version() },
	};
	memcpy(out, list, sizeof list);
}

/* The next number of a version, 0 at its end. */
static unsigned long next_number(const char **at)
{
	char *end;
	*at += strcspn(*at, "0123456789");
	unsigned long n = strtoul(*at, &end, 10);
	*at = end;
	return n;
}

const char *libraries_security_release(const char *name, const char *version)
{
	/* The series' newest that its project's advisories name, by https://openssl-library.org/news/vulnerabilities/
	 * and what Debian's security updates bring. */
	static const struct {
		const char *name, *series, *release;
	} rows[] = {
		{ "OpenSSL", "3.0.", "3.0.22" },
		{ "OpenSSL", "3.5.", "3.5.9" },
		{ "OpenSSL", "3.6.", "3.6.5" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len = strlen(rows[i].series);
		const char *have = version + len, *want = rows[i].release + len;
		if (strcmp(name, rows[i].name) == 0 && strncmp(version, rows[i].series, len) == 0)
			return next_number(&have) < next_number(&want) ? rows[i].release : NULL;
	}
	return NULL;
}

void libraries_print(FILE *out, const struct library *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *release = libraries_security_release(list[i].name, list[i].version);
		/* libwebsockets' ends in a dash where it was not built from its repository. */
		fprintf(out, "  %-14s %.*s", list[i].name, (int)strcspn(list[i].version, "-"), list[i].version);
		if (release)
			fprintf(out, "  older than the security release %s: update it", release);
		fputc('\n', out);
	}
}

void libraries_print_origin(FILE *out)
{
	fputs(*CREEL_LIBRARIES ? "Built in, with Debian's patches where the version has a dash: " CREEL_LIBRARIES "\n"
			       : "The libraries are the system's, and updated with it.\n",
	      out);
}
