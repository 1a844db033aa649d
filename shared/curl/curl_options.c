#include "shared/curl/curl_options.h"

#include <stddef.h>
#include <string.h>

static const struct row {
	const char *name;
	char letter;
	enum curl_option is;
	bool takes_value;
} rows[] = {
	{ "request", 'X', CURL_REQUEST, true },
	{ "header", 'H', CURL_HEADER, true },
	{ "data", 'd', CURL_DATA, true },
	{ "data-ascii", 0, CURL_DATA, true },
	{ "data-raw", 0, CURL_DATA_RAW, true },
	{ "data-binary", 0, CURL_DATA_BINARY, true },
	{ "data-urlencode", 0, CURL_DATA_URLENCODE, true },
	{ "json", 0, CURL_JSON, true },
	{ "form", 'F', CURL_FORM, true },
	{ "form-string", 0, CURL_FORM_STRING, true },
	{ "user", 'u', CURL_USER, true },
	{ "oauth2-bearer", 0, CURL_BEARER, true },
	{ "user-agent", 'A', CURL_AGENT, true },
	{ "referer", 'e', CURL_REFERER, true },
	{ "cookie", 'b', CURL_COOKIE, true },
	{ "head", 'I', CURL_HEAD, false },
	{ "get", 'G', CURL_GET, false },
	{ "url", 0, CURL_URL, true },
	{ "url-query", 0, CURL_URL_QUERY, true },
	{ "upload-file", 'T', CURL_UPLOAD, true },
	{ "compressed", 0, CURL_COMPRESSED, false },
	{ "globoff", 'g', CURL_GLOBOFF, false },
	{ "path-as-is", 0, CURL_PATH_AS_IS, false },
	{ "request-target", 0, CURL_TARGET, true },
	{ "next", ':', CURL_NEXT, false },
	/* About the connection, the answer and the output. */
	{ "basic", 0, CURL_NONE, false },
	{ "silent", 's', CURL_NONE, false },
	{ "show-error", 'S', CURL_NONE, false },
	{ "location", 'L', CURL_NONE, false },
	{ "location-trusted", 0, CURL_NONE, false },
	{ "insecure", 'k', CURL_NONE, false },
	{ "include", 'i', CURL_NONE, false },
	{ "verbose", 'v', CURL_NONE, false },
	{ "fail", 'f', CURL_NONE, false },
	{ "fail-with-body", 0, CURL_NONE, false },
	{ "fail-early", 0, CURL_NONE, false },
	{ "no-buffer", 'N', CURL_NONE, false },
	{ "progress-bar", '#', CURL_NONE, false },
	{ "no-progress-meter", 0, CURL_NONE, false },
	{ "output", 'o', CURL_NONE, true },
	{ "output-dir", 0, CURL_NONE, true },
	{ "create-dirs", 0, CURL_NONE, false },
	{ "remote-name", 'O', CURL_NONE, false },
	{ "remote-header-name", 'J', CURL_NONE, false },
	{ "dump-header", 'D', CURL_NONE, true },
	{ "write-out", 'w', CURL_NONE, true },
	{ "max-time", 'm', CURL_NONE, true },
	{ "connect-timeout", 0, CURL_NONE, true },
	{ "expect100-timeout", 0, CURL_NONE, true },
	{ "retry", 0, CURL_NONE, true },
	{ "retry-delay", 0, CURL_NONE, true },
	{ "retry-max-time", 0, CURL_NONE, true },
	{ "retry-all-errors", 0, CURL_NONE, false },
	{ "retry-connrefused", 0, CURL_NONE, false },
	{ "max-redirs", 0, CURL_NONE, true },
	{ "post301", 0, CURL_NONE, false },
	{ "post302", 0, CURL_NONE, false },
	{ "post303", 0, CURL_NONE, false },
	{ "limit-rate", 0, CURL_NONE, true },
	{ "http1.0", '0', CURL_NONE, false },
	{ "http1.1", 0, CURL_NONE, false },
	{ "http2", 0, CURL_NONE, false },
	{ "http2-prior-knowledge", 0, CURL_NONE, false },
	{ "http3", 0, CURL_NONE, false },
	{ "http3-only", 0, CURL_NONE, false },
	{ "ipv4", '4', CURL_NONE, false },
	{ "ipv6", '6', CURL_NONE, false },
	{ "tlsv1", '1', CURL_NONE, false },
	{ "tlsv1.2", 0, CURL_NONE, false },
	{ "tlsv1.3", 0, CURL_NONE, false },
	{ "tls-max", 0, CURL_NONE, true },
	{ "ciphers", 0, CURL_NONE, true },
	{ "cacert", 0, CURL_NONE, true },
	{ "capath", 0, CURL_NONE, true },
	{ "cert", 'E', CURL_NONE, true },
	{ "cert-type", 0, CURL_NONE, true },
	{ "key", 0, CURL_NONE, true },
	{ "pinnedpubkey", 0, CURL_NONE, true },
	{ "ssl-no-revoke", 0, CURL_NONE, false },
	{ "proxy", 'x', CURL_NONE, true },
	{ "proxy-user", 'U', CURL_NONE, true },
	{ "noproxy", 0, CURL_NONE, true },
	{ "resolve", 0, CURL_NONE, true },
	{ "connect-to", 0, CURL_NONE, true },
	{ "interface", 0, CURL_NONE, true },
	{ "unix-socket", 0, CURL_NONE, true },
	{ "cookie-jar", 'c', CURL_NONE, true },
	{ "tcp-nodelay", 0, CURL_NONE, false },
	{ "keepalive-time", 0, CURL_NONE, true },
	{ "no-keepalive", 0, CURL_NONE, false },
	{ "trace-ascii", 0, CURL_NONE, true },
	{ "stderr", 0, CURL_NONE, true },
	{ "disable", 'q', CURL_NONE, false },
	{ "styled-output", 0, CURL_NONE, false },
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
