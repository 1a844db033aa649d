#include "client/tunnel/tunnel_private.h"

#include "shared/net/loopback.h"
#include "shared/secrets/secret_shape.h"
#include "shared/wire/wire.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Why it is not a relay's URL, with the URL that was meant where that can be seen. */
static bool refuse_relay(const char *url, struct error *e)
{
	static const char around[] = " \t\r\n\"'`<>";
	char token[SECRET_SHAPE_TOKEN + 1];
	size_t digits, from = strspn(url, around), len = strlen(url);
	enum secret_shape_token shape = secret_shape_token(bytes_of(url), token, &digits);
	OPENSSL_cleanse(token, sizeof token);
	if (shape == TOKEN_SHAPE_RIGHT || shape == TOKEN_SHAPE_WRAPPED)
		return error_set(e, EXIT_USAGE,
				 "a token stands where the relay's URL should, for example "
				 "https://hooks.example.com; the token's place is CREEL_TOKEN or `creel login URL`");
	if (!*url)
		return error_set(e, EXIT_USAGE,
				 "the relay's URL is empty: write for example https://hooks.example.com");
	while (len > from && strchr(around, url[len - 1]))
		len--;
	const char *host = url + from, *colon = memchr(host, ':', len - from);
	size_t host_len = len - from, name_len = colon ? (size_t)(colon - host) : host_len;
	bool trimmed = host_len < strlen(url), has_scheme = strstr(url, "://") != NULL;
	bool plain = host_len > 0 && !memchr(host, ' ', host_len) && !memchr(host, '@', host_len) && host_len < 200 &&
		     (!colon || has_scheme || (colon[1] >= '0' && colon[1] <= '9'));
	bool here = (name_len == 9 && strncmp(host, "localhost", 9) == 0) || strncmp(host, "127.", 4) == 0;
	if (plain && !has_scheme && (here || colon || memchr(host, '.', host_len)))
		return error_set(e, EXIT_USAGE, "'%.200s' is not a relay: did you mean %s%.*s?", url,
				 here ? "http://" : "https://", (int)host_len, host);
	if (plain && has_scheme && trimmed)
		return error_set(e, EXIT_USAGE, "'%.200s' is not a relay: did you mean %.*s?", url, (int)host_len,
				 host);
	return error_set(e, EXIT_USAGE, "'%.200s' is not a relay: write its URL, for example https://hooks.example.com",
			 url);
}

bool tunnel_parse_relay(struct tunnel *t, const char *url, struct error *e)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *user = NULL, *password = NULL;
	char web[1024];
	/* curl's URL parser knows no ws; the schemes mean the same here. */
	int n = snprintf(web, sizeof web, "%s%s", strncmp(url, "ws", 2) == 0 ? "http" : "",
			 url + (strncmp(url, "ws", 2) == 0 ? 2 : 0));
	CURLU *u = curl_url();
	bool fine = u && n < (int)sizeof web && strstr(url, "://") &&
		    curl_url_set(u, CURLUPART_URL, web, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
		    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	bool login = fine && (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK ||
			      curl_url_get(u, CURLUPART_PASSWORD, &password, 0) == CURLUE_OK);
	bool query = fine && strpbrk(url, "?#") != NULL;
	fine = fine && !query && atoi(port) > 0;
	if (fine && !login) {
		size_t path_len = strlen(path), host_len = strlen(host);
		while (path_len > 0 && path[path_len - 1] == '/')
			path_len--;
		t->tls = strcmp(scheme, "https") == 0;
		t->port = atoi(port);
		t->host = host[0] == '[' ? strndup(host + 1, host_len - 2) : strdup(host);
		struct buffer b = { 0 };
		const char *authority = strstr(url, "://") + strlen("://");
		snprintf(t->base, sizeof t->base, "%.*s%.*s", (int)(authority - url), url,
			 (int)strcspn(authority, "/?#"), authority);
		fine = t->host && buffer_printf(&b, "%.*s%s", (int)path_len, path, WIRE_PATH) && buffer_put_u8(&b, 0);
		t->path = (char *)b.at;
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(path);
	curl_free(user);
	curl_free(password);
	curl_url_cleanup(u);
	if (login) /* it would be sent to nobody, and shown wherever the relay is named */
		return error_set(e, EXIT_USAGE,
				 "the relay's URL holds a user or password, which creel sends to no relay: write it "
				 "without; the token is kept by `creel login URL`, or stands in CREEL_TOKEN");
	if (query)
		return error_set(
		    e, EXIT_USAGE,
		    "the relay's URL ends at its host, or at a path: write it without what begins at '?' or '#'");
	return fine || refuse_relay(url, e);
}

static bool has_certificate(FILE *f)
{
	X509 *cert = PEM_read_X509(f, NULL, NULL, NULL);
	bool has = cert != NULL;
	X509_free(cert);
	ERR_clear_error();
	return has;
}

bool tunnel_check(const struct tunnel_options *options, struct error *e)
{
	struct tunnel t = { .options = *options };
	bool fine = tunnel_parse_relay(&t, options->relay, e) && tunnel_check_options(&t, e);
	free(t.host);
	free(t.path);
	return fine;
}

bool tunnel_check_options(struct tunnel *t, struct error *e)
{
	const struct tunnel_options *o = &t->options;
	if (!t->host)
		return error_set(e, EXIT_USAGE, "out of memory");
	for (const char *c = o->token; c && *c; c++)
		if (*c <= ' ' || *c > '~')
			return error_set(
			    e, EXIT_USAGE,
			    "the token holds a line break, a blank or another character that no token has: "
			    "copy it once more; `creel login URL` keeps another");
	bool loopback = strcmp(t->host, "localhost") == 0 || loopback_is_text(t->host);
	if (o->name && (strlen(o->name) > 63 || !*o->name || o->name[0] == '-' ||
			strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(o->name)))
		return error_set(
		    e, EXIT_USAGE,
		    "'%.80s' is not a tunnel name: it has up to 63 of a-z, 0-9 and '-', and does not begin with '-'",
		    o->name);
	if (o->insecure && t->tls && !loopback)
		return error_set(e, EXIT_USAGE,
				 "--insecure is for a relay on this machine; for %s use --ca FILE or --pin", t->host);
	if (o->pin && (strncmp(o->pin, "sha256//", 8) != 0 || strlen(o->pin) != 8 + 44))
		return error_set(
		    e, EXIT_USAGE,
		    "--pin must be sha256// and 44 characters of base64, the SHA-256 of the relay's public key");
	if (o->pin && !t->tls)
		return error_set(e, EXIT_USAGE, "--pin needs a relay over TLS (https://…)");
	FILE *ca = o->ca ? fopen(o->ca, "r") : NULL;
	if (o->ca && !ca)
		return error_set(e, EXIT_USAGE, "the CA file %s cannot be read: %s", o->ca, strerror(errno));
	bool pem = !ca || has_certificate(ca);
	if (ca)
		fclose(ca);
	return pem || error_set(e, EXIT_USAGE, "the CA file %s is not PEM, or holds no certificate", o->ca);
}
