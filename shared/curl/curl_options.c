#include "shared/curl/curl_options.h"

#include <stddef.h>
#include <string.h>

static const struct row {
	const char *name;
	enum curl_option is;
	char letter;
	bool takes_value;
} rows[] = {
	{ "request", CURL_REQUEST, 'X', true },
	{ "header", CURL_HEADER, 'H', true },
	{ "data", CURL_DATA, 'd', true },
	{ "data-ascii", CURL_DATA, 0, true },
	{ "data-raw", CURL_DATA_RAW, 0, true },
	{ "data-binary", CURL_DATA_BINARY, 0, true },
	{ "data-urlencode", CURL_DATA_URLENCODE, 0, true },
	{ "json", CURL_JSON, 0, true },
	{ "form", CURL_FORM, 'F', true },
	{ "form-string", CURL_FORM_STRING, 0, true },
	{ "user", CURL_USER, 'u', true },
	{ "oauth2-bearer", CURL_BEARER, 0, true },
	{ "user-agent", CURL_AGENT, 'A', true },
	{ "referer", CURL_REFERER, 'e', true },
	{ "cookie", CURL_COOKIE, 'b', true },
	{ "head", CURL_HEAD, 'I', false },
	{ "get", CURL_GET, 'G', false },
	{ "url", CURL_URL, 0, true },
	{ "url-query", CURL_URL_QUERY, 0, true },
	{ "upload-file", CURL_UPLOAD, 'T', true },
	{ "compressed", CURL_COMPRESSED, 0, false },
	{ "globoff", CURL_GLOBOFF, 'g', false },
	{ "path-as-is", CURL_PATH_AS_IS, 0, false },
	{ "request-target", CURL_TARGET, 0, true },
	{ "next", CURL_NEXT, ':', false },
	/* About the connection, the answer and the output. */
	{ "basic", CURL_NONE, 0, false },
	{ "silent", CURL_NONE, 's', false },
	{ "show-error", CURL_NONE, 'S', false },
	{ "location", CURL_NONE, 'L', false },
	{ "location-trusted", CURL_NONE, 0, false },
	{ "insecure", CURL_NONE, 'k', false },
	{ "include", CURL_NONE, 'i', false },
	{ "verbose", CURL_NONE, 'v', false },
	{ "fail", CURL_NONE, 'f', false },
	{ "fail-with-body", CURL_NONE, 0, false },
	{ "fail-early", CURL_NONE, 0, false },
	{ "no-buffer", CURL_NONE, 'N', false },
	{ "progress-bar", CURL_NONE, '#', false },
	{ "no-progress-meter", CURL_NONE, 0, false },
	{ "output", CURL_NONE, 'o', true },
	{ "output-dir", CURL_NONE, 0, true },
	{ "create-dirs", CURL_NONE, 0, false },
	{ "remote-name", CURL_NONE, 'O', false },
	{ "remote-header-name", CURL_NONE, 'J', false },
	{ "dump-header", CURL_NONE, 'D', true },
	{ "write-out", CURL_NONE, 'w', true },
	{ "max-time", CURL_NONE, 'm', true },
	{ "connect-timeout", CURL_NONE, 0, true },
	{ "expect100-timeout", CURL_NONE, 0, true },
	{ "retry", CURL_NONE, 0, true },
	{ "retry-delay", CURL_NONE, 0, true },
	{ "retry-max-time", CURL_NONE, 0, true },
	{ "retry-all-errors", CURL_NONE, 0, false },
	{ "retry-connrefused", CURL_NONE, 0, false },
	{ "max-redirs", CURL_NONE, 0, true },
	{ "post301", CURL_NONE, 0, false },
	{ "post302", CURL_NONE, 0, false },
	{ "post303", CURL_NONE, 0, false },
	{ "limit-rate", CURL_NONE, 0, true },
	{ "http1.0", CURL_NONE, '0', false },
	{ "http1.1", CURL_NONE, 0, false },
	{ "http2", CURL_NONE, 0, false },
	{ "http2-prior-knowledge", CURL_NONE, 0, false },
	{ "http3", CURL_NONE, 0, false },
	{ "http3-only", CURL_NONE, 0, false },
	{ "ipv4", CURL_NONE, '4', false },
	{ "ipv6", CURL_NONE, '6', false },
	{ "tlsv1", CURL_NONE, '1', false },
	{ "tlsv1.2", CURL_NONE, 0, false },
	{ "tlsv1.3", CURL_NONE, 0, false },
	{ "tls-max", CURL_NONE, 0, true },
	{ "ciphers", CURL_NONE, 0, true },
	{ "cacert", CURL_NONE, 0, true },
	{ "capath", CURL_NONE, 0, true },
	{ "cert", CURL_NONE, 'E', true },
	{ "cert-type", CURL_NONE, 0, true },
	{ "key", CURL_NONE, 0, true },
	{ "pinnedpubkey", CURL_NONE, 0, true },
	{ "ssl-no-revoke", CURL_NONE, 0, false },
	{ "proxy", CURL_NONE, 'x', true },
	{ "proxy-user", CURL_NONE, 'U', true },
	{ "noproxy", CURL_NONE, 0, true },
	{ "resolve", CURL_NONE, 0, true },
	{ "connect-to", CURL_NONE, 0, true },
	{ "interface", CURL_NONE, 0, true },
	{ "unix-socket", CURL_NONE, 0, true },
	{ "cookie-jar", CURL_NONE, 'c', true },
	{ "tcp-nodelay", CURL_NONE, 0, false },
	{ "keepalive-time", CURL_NONE, 0, true },
	{ "no-keepalive", CURL_NONE, 0, false },
	{ "trace-ascii", CURL_NONE, 0, true },
	{ "stderr", CURL_NONE, 0, true },
	{ "disable", CURL_NONE, 'q', false },
	{ "styled-output", CURL_NONE, 0, false },
};

static enum curl_option of(const struct row *r, bool *takes_value)
{
	*takes_value = r && r->takes_value;
	return r ? r->is : CURL_UNKNOWN;
}

enum curl_option curl_option_long(struct bytes name, bool *takes_value)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (bytes_equal(name, bytes_of(rows[i].name)))
			return of(&rows[i], takes_value);
	return of(NULL, takes_value);
}

enum curl_option curl_option_short(char letter, bool *takes_value)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].letter == letter)
			return of(&rows[i], takes_value);
	return of(NULL, takes_value);
}
