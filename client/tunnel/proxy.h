/* Which proxy the environment names for a URL (HTTPS_PROXY, http_proxy, ALL_PROXY, NO_PROXY, as curl reads them), taken
 * apart once: libwebsockets and libcurl are given its parts, and only `shown` is for a person's eyes. */
#pragma once

#include "shared/base/error.h"

#include <curl/curl.h>

struct proxy {
	const char *variable;  /* that names it; NULL: no proxy is used */
	char scheme[12];       /* "http" where none is written */
	char host[256];        /* without the brackets of an IPv6 address */
	int port;              /* where none is written, curl's: 1080, with https 443 */
	char *user, *password; /* without percent-encoding; NULL: none */
	char shown[300];       /* "http://host:port" */
};

/* False and *e (EXIT_USAGE) when it is no URL. proxy_free in any case. */
bool proxy_for(const char *scheme, const char *host, struct proxy *out, struct error *e);
/* Takes one apart: [SCHEME://][USER[:PASSWORD]@]HOST[:PORT]. The last '@' divides, for a password may hold one that was
 * not encoded. False when it is none. */
bool proxy_split(const char *text, struct proxy *out);
/* Wipes what is secret. */
void proxy_free(struct proxy *p);

/* Whether it is spoken to in plain HTTP, which is all that the tunnel can; EXIT_USAGE names what it is else. */
bool proxy_is_http(const struct proxy *p, struct error *e);
/* What lws_set_proxy takes ("user:password@host:port"), or NULL and *e; wiped and freed by the caller. */
char *proxy_for_lws(const struct proxy *p, struct error *e);
/* For a handle of libcurl; none for a proxy without a variable. */
void proxy_set(CURL *c, const struct proxy *p);
/* The same, of that URL's scheme and host: for libcurl's own calls to the internet. EXIT_USAGE. */
bool proxy_set_for(CURL *c, const char *url, struct error *e);

/* The variable that names it, NULL for none; *exempt: NO_PROXY takes the host out, and none is used. */
const char *proxy_variable(const char *scheme, const char *host, bool *exempt);
