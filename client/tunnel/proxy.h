/* Which proxy the environment names for a URL (HTTPS_PROXY, http_proxy, ALL_PROXY, NO_PROXY, as curl reads them). Its
 * parts are for libwebsockets and libcurl; only `shown`, which holds no password, may be printed. Pure; any thread. */
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
 * URL. The caller frees *out by proxy_free in either case. */
bool proxy_for(const char *scheme, const char *host, struct proxy *out, struct error *e);
/* Takes [SCHEME://][USER[:PASSWORD]@]HOST[:PORT] apart. The host begins after the last '@', for a password may hold one
 * that was not encoded. False when `text` has another form. */
bool proxy_split(const char *text, struct proxy *out);
/* Frees what *p holds, and wipes user and password. */
void proxy_free(struct proxy *p);

/* Whether it is an HTTP proxy, the only kind that the tunnel can use; else *e (EXIT_USAGE) names its kind. */
bool proxy_is_http(const struct proxy *p, struct error *e);
/* What lws_set_proxy takes, "user:password@host:port"; the caller wipes and frees it. NULL and *e when it is too long.
 */
char *proxy_for_lws(const struct proxy *p, struct error *e);
/* Makes `c` use it, or no proxy where it has no variable. */
void proxy_set(CURL *c, const struct proxy *p);
/* Makes `c` use the proxy for `url`. False and *e (EXIT_USAGE) when there is one that cannot be used. */
bool proxy_set_for(CURL *c, const char *url, struct error *e);

/* The variable that names a proxy, or NULL. *exempt: NO_PROXY takes the host out of it, so that none is used. */
const char *proxy_variable(const char *scheme, const char *host, bool *exempt);
