/* Which HTTP proxy the environment names for a URL: HTTPS_PROXY, http_proxy, ALL_PROXY, NO_PROXY, as curl reads them.
 */
#pragma once

#include "shared/error.h"

/* "host:port" or "user:password@host:port" in *out (caller frees), NULL for none. False and *e when it is no URL. */
bool proxy_for(const char *scheme, const char *host, char **out, struct error *e);
/* The variable that names it, NULL for none; *exempt: NO_PROXY takes the host out, and none is used. */
const char *proxy_variable(const char *scheme, const char *host, bool *exempt);
