/* Which targets may be called: a port or URL as the user writes it, made a base URL, and where that leads. */
#include "client/app/forward_private.h"
#include "shared/base/loopback.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_loopback_host(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || loopback_is_text(host);
}

bool forward_url_is_local(struct bytes url)
{
	char *text = bytes_dup_text(url), *host = NULL, bare[256] = "";
	CURLU *u = curl_url();
	if (text && u && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		snprintf(bare, sizeof bare, "%s", host + (host[0] == '['));
		bare[strcspn(bare, "]")] = 0;
	}
	curl_free(host);
	curl_url_cleanup(u);
	free(text);
	return *bare && is_loopback_host(bare);
}

const char *forward_route_target(const char *route)
{
	const char *equals = strrchr(route, '=');
	return route[0] == '/' && equals && equals[1] ? equals + 1 : NULL;
}

static char *bad_target(const char *text, struct error *e)
{
	error_set(e, EXIT_USAGE, "'%.200s' is not a target: write a port (3000) or a URL (http://localhost:3000/base)",
		  text);
	return NULL;
}

static char *target_of_parts(CURLU *u, const char *text, bool allow_remote, struct error *e)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *out = NULL;
	struct buffer url = { 0 };
	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(u, CURLUPART_HOST, &host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) || curl_url_get(u, CURLUPART_PATH, &path, 0) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
		bad_target(text, e);
		goto out;
	}
	char bare[256];
	size_t len = strlen(host);
	snprintf(bare, sizeof bare, "%s", host[0] == '[' ? host + 1 : host);
	if (host[0] == '[' && len < sizeof bare)
		bare[len - 2] = 0;
	if (!allow_remote && !is_loopback_host(bare)) {
		error_set(e, EXIT_USAGE,
			  "%s is not on this machine: creel forwards to loopback only, unless --allow-remote-target",
			  host);
		goto out;
	}
	size_t path_len = strlen(path);
	while (path_len > 0 && path[path_len - 1] == '/')
		path_len--;
	if (buffer_printf(&url, "%s://%s:%s%.*s", scheme, host, port, (int)path_len, path) && buffer_put_u8(&url, 0)) {
		out = (char *)url.at;
	} else {
		buffer_free(&url);
		error_set(e, EXIT_USAGE, "out of memory");
	}
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(path);
	return out;
}

char *forward_parse_target(const char *text, bool allow_remote, struct error *e)
{
	char full[2048];
	CURLU *u = curl_url();
	char *out = NULL;
	int n;
	if (*text && strspn(text, "0123456789") == strlen(text)) {
		if (strlen(text) > 5 || atoi(text) < 1 || atoi(text) > 65535) {
			curl_url_cleanup(u);
			error_set(e, EXIT_USAGE, "%.20s is not a port: ports are numbers from 1 to 65535", text);
			return NULL;
		}
		n = snprintf(full, sizeof full, "http://localhost:%s", text);
	} else {
		n = snprintf(full, sizeof full, strstr(text, "://") ? "%s" : "http://%s", text);
	}
	if (!u || n >= (int)sizeof full || strpbrk(text, "?#@ ") ||
	    curl_url_set(u, CURLUPART_URL, full, 0) != CURLUE_OK)
		bad_target(text, e);
	else
		out = target_of_parts(u, text, allow_remote, e);
	curl_url_cleanup(u);
	return out;
}

/* ---- taken apart, for the call ---- */

bool forward_take_apart(struct app *app, const char *base)
{
	const char *rest = strstr(base, "://"), *path;
	app->base = strdup(base);
	if (!rest) { /* unix:/path */
		app->host = strdup(base + strlen("unix:"));
		app->prefix = strdup("");
		app->authority = strdup("localhost");
		return app->base && app->host && app->prefix && app->authority;
	}
	rest += 3;
	path = strchr(rest, '/');
	size_t len = path ? (size_t)(path - rest) : strlen(rest);
	const char *colon = rest + len;
	while (colon > rest && *colon != ':')
		colon--;
	app->tls = base[4] == 's';
	app->port = (uint16_t)atoi(colon + 1);
	bool bracketed = rest[0] == '[';
	app->host = strndup(rest + bracketed, (size_t)(colon - rest) - 2 * (size_t)bracketed);
	app->prefix = strdup(path ? path : "");
	/* The default port is not written in Host. */
	app->authority = strndup(rest, app->port == (app->tls ? 443 : 80) ? (size_t)(colon - rest) : len);
	return app->base && app->host && app->prefix && app->authority;
}

void forward_free_parts(struct app *app)
{
	free(app->base);
	free(app->host);
	free(app->prefix);
	free(app->authority);
}
