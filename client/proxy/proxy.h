/* Which proxy the environment names for a URL (HTTPS_PROXY, http_proxy, ALL_PROXY, NO_PROXY, as curl reads them). Its
 * parts are for libcurl; only `shown`, which holds no password, may be printed. Pure; any thread. */
#pragma once

#include "shared/base/error.h"

#include <curl/curl.h>

struct proxy {
	const char *variable;  /* of the environment, which names it; NULL: no proxy is used */
	char scheme[12];       /* "http" where none is written */
	char host[256];        /* without the brackets of an IPv6 address */
	int port;              /* where none is written, curl's: 1080, with https 443 */
	char *user, *password; /* without percent-encoding; NULL: none */
	char shown[300];       /* "http://host:port" */
};

/* The proxy for `scheme` ("http" or "https") and `host`. False and *e (EXIT_USAGE) when the variable does not hold a
 * URL, or that of a proxy which cannot be used. The caller frees *out by proxy_free in either case. */
bool proxy_for(const char *scheme, const char *host, struct proxy *out, struct error *e);
/* Takes [SCHEME://][USER[:PASSWORD]@]HOST[:PORT] apart. The host begins after the last '@', for a password may hold one
 * that was not encoded. False when `text` has another form. */
bool proxy_split(const char *text, struct proxy *out);
/* Frees what *p holds, and wipes user and password. */
void proxy_free(struct proxy *p);

/* How messages name the kinds that can be used. */
#define PROXY_KINDS "http, https, socks5 (or socks5h) and socks4 (or socks4a)"

/* Makes `c` use it, or no proxy where it has no variable. `p` may go when this returns. */
void proxy_set(CURL *c, const struct proxy *p);
/* Makes `c` use the proxy for `url`. False and *e (EXIT_USAGE) when there is one that cannot be used. */
bool proxy_set_for(CURL *c, const char *url, struct error *e);

/* The variable that names a proxy, or NULL. *exempt: NO_PROXY takes the host out of it, so that none is used. */
const char *proxy_variable(const char *scheme, const char *host, bool *exempt);
