/* Which targets may be called: turns a port, a URL or a unix socket, as the user writes it, into a base URL, and checks
 * where that leads. */
#include "client/app/forward_private.h"

#include "client/common/resolve.h"
#include "shared/net/loopback.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#define RESOLVE_MS 5000
#define SCHEME_UNIX "unix:"

/* What a target's host may be. */
enum reach {
	REACH_SPELLED, /* localhost or a loopback address, as it is written: nobody is asked */
	REACH_HERE,    /* all that it resolves to is this machine */
	REACH_ANYWHERE,
};

static bool is_unix(const char *text)
{
	return strncmp(text, SCHEME_UNIX, strlen(SCHEME_UNIX)) == 0;
}

static bool is_spelled_here(const char *host)
{
	return loopback_is_name(host) || loopback_is_text(host);
}

static bool is_literal(const char *host)
{
	uint8_t any[16];
	return inet_pton(AF_INET, host, any) == 1 || inet_pton(AF_INET6, host, any) == 1;
}

/* ---- names ---- */

static bool is_elsewhere(const char *host, const struct sockaddr *found, struct error *e)
{
	char address[INET6_ADDRSTRLEN] = "?";
	getnameinfo(found, found->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6),
		    address, sizeof address, NULL, 0, NI_NUMERICHOST);
	return error_set(e, EXIT_USAGE,
			 "%.200s is not on this machine, it resolves to %s: creel forwards to loopback only, unless "
			 "--allow-remote-target",
			 host, address);
}

/* False and *e unless every address of the name is this machine's. */
static bool resolves_here(const char *host, struct error *e)
{
	struct addrinfo *found;
	int code = resolve_name(host, RESOLVE_MS, &found);
	bool here = true;
	if (code != 0)
		return error_set(e, EXIT_USAGE,
				 "the name %.200s cannot be resolved%s: check how it is spelled; a line '127.0.0.1 "
				 "%.200s' in /etc/hosts makes it a name of this machine",
				 host, code == RESOLVE_LATE ? ", for no DNS server answers" : "", host);
	for (struct addrinfo *a = found; a && here; a = a->ai_next)
		here = loopback_is(a->ai_addr) || is_elsewhere(host, a->ai_addr, e);
	freeaddrinfo(found);
	return here;
}

static bool may_be_called(const char *host, enum reach reach, struct error *e)
{
	if (reach == REACH_ANYWHERE || is_spelled_here(host))
		return true;
	if (reach == REACH_SPELLED || is_literal(host))
		return error_set(e, EXIT_USAGE,
				 "%.200s is not on this machine: creel forwards to loopback only, unless "
				 "--allow-remote-target",
				 host);
	return resolves_here(host, e);
}

/* The host of a URL without brackets; "" where it has none. */
static void host_of(struct bytes url, char *out, size_t size)
{
	char *text = bytes_dup_text(url), *host = NULL;
	CURLU *u = curl_url();
	*out = 0;
	if (text && u && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		snprintf(out, size, "%s", host + (host[0] == '['));
		out[strcspn(out, "]")] = 0;
	}
	curl_free(host);
	curl_url_cleanup(u);
	free(text);
}

bool forward_url_is_local(struct bytes url)
{
	char host[256];
	if (url.len > strlen(SCHEME_UNIX) && memcmp(url.at, SCHEME_UNIX, strlen(SCHEME_UNIX)) == 0)
		return true;
	host_of(url, host, sizeof host);
	return *host && is_spelled_here(host);
}

bool forward_url_leads_here(struct bytes url)
{
	char host[256];
	struct error ignored;
	if (forward_url_is_local(url))
		return true;
	host_of(url, host, sizeof host);
	return *host && may_be_called(host, REACH_HERE, &ignored);
}

/* ---- as the user writes it ---- */

const char *forward_route_target(const char *route)
{
	const char *equals = strrchr(route, '=');
	return equals && equals > route && equals[1] ? equals + 1 : NULL;
}

static char *no_target(const char *text, const char *why, struct error *e)
{
	error_set(e, EXIT_USAGE,
		  "'%.200s' is not a target%s: write a port (3000), a URL (http://localhost:3000/base) or a socket "
		  "(unix:/run/app.sock)",
		  text, why);
	return NULL;
}

/* What of a URL cannot be part of a target; "" where nothing is known of it. */
static const char *fault_of(const char *text)
{
	if (strchr(text, '@'))
		return ", for it holds a user name: say it with -H 'Authorization: ...'";
	if (strchr(text, '?'))
		return ", for it has a query, and the sender's is what the app is called with";
	if (strchr(text, '#'))
		return ", for it has a fragment, which is never sent";
	return "";
}

/* "unix:/run/app.sock", or "unix:/run/app.sock:/base" as nginx has it. */
static char *parse_unix(const char *text, struct error *e)
{
	const char *path = text + strlen(SCHEME_UNIX), *base = strchr(path, ':');
	size_t len = base ? (size_t)(base - path) : strlen(path);
	struct sockaddr_un address;
	struct buffer url = { 0 };
	if (path[0] != '/' || len < 2)
		return no_target(text, ", for a socket is named by its whole path", e);
	if (len >= sizeof address.sun_path) {
		error_set(e, EXIT_USAGE,
			  "the path of the socket has %zu bytes, and the system takes at most %zu: '%.200s'", len,
			  sizeof address.sun_path - 1, text);
		return NULL;
	}
	if (strpbrk(text, "?#@ ") || (base && base[1] && base[1] != '/'))
		return no_target(text, fault_of(text), e);
	size_t base_len = base ? strlen(base + 1) : 0;
	while (base_len > 0 && base[base_len] == '/')
		base_len--;
	if (buffer_printf(&url, SCHEME_UNIX "%.*s%s%.*s", (int)len, path, base_len ? ":" : "", (int)base_len,
			  base_len ? base + 1 : "") &&
	    buffer_put_u8(&url, 0))
		return (char *)url.at;
	buffer_free(&url);
	error_set(e, EXIT_USAGE, "out of memory");
	return NULL;
}

/* What dev servers print that listen on every address: this machine is one of them. */
static bool is_any_address(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static char *target_of_parts(CURLU *u, const char *text, enum reach reach, struct error *e)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *path = NULL, *out = NULL;
	struct buffer url = { 0 };
	if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) || curl_url_get(u, CURLUPART_HOST, &host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) || curl_url_get(u, CURLUPART_PATH, &path, 0) ||
	    (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
		no_target(text, "", e);
		goto out;
	}
	char bare[256];
	snprintf(bare, sizeof bare, "%s", host + (host[0] == '['));
	bare[strcspn(bare, "]")] = 0;
	bool any = reach != REACH_SPELLED && is_any_address(bare);
	if (!any && !may_be_called(bare, reach, e))
		goto out;
	size_t path_len = strlen(path);
	while (path_len > 0 && path[path_len - 1] == '/')
		path_len--;
	if (buffer_printf(&url, "%s://%s:%s%.*s", scheme, any ? "localhost" : host, port, (int)path_len, path) &&
	    buffer_put_u8(&url, 0)) {
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

static char *parse(const char *text, enum reach reach, struct error *e)
{
	char full[2048];
	int n;
	if (is_unix(text))
		return parse_unix(text, e);
	if (*text && strspn(text, "0123456789") == strlen(text)) {
		if (strlen(text) > 5 || atoi(text) < 1 || atoi(text) > 65535) {
			error_set(e, EXIT_USAGE, "%.20s is not a port: ports are numbers from 1 to 65535", text);
			return NULL;
		}
		n = snprintf(full, sizeof full, "http://localhost:%s", text);
	} else {
		n = snprintf(full, sizeof full, strstr(text, "://") ? "%s" : "http://%s", text);
	}
	CURLU *u = curl_url();
	char *out = NULL;
	if (!u || n >= (int)sizeof full || strpbrk(text, "?#@ ") ||
	    curl_url_set(u, CURLUPART_URL, full, 0) != CURLUE_OK)
		no_target(text, fault_of(text), e);
	else
		out = target_of_parts(u, text, reach, e);
	curl_url_cleanup(u);
	return out;
}

char *forward_parse_target(const char *text, bool allow_remote, struct error *e)
{
	return parse(text, allow_remote ? REACH_ANYWHERE : REACH_HERE, e);
}

bool forward_target_is_harmless(const char *text)
{
	char *url = is_unix(text) ? NULL : parse(text, REACH_SPELLED, NULL);
	free(url);
	return url != NULL;
}

char *forward_url(const char *base, struct bytes target)
{
	struct buffer url = { 0 };
	bool divide = is_unix(base) && !strchr(base + strlen(SCHEME_UNIX), ':');
	if (buffer_append_text(&url, base) && (!divide || buffer_put_u8(&url, ':')) &&
	    buffer_append_bytes(&url, target) && buffer_put_u8(&url, 0))
		return (char *)url.at;
	buffer_free(&url);
	return NULL;
}

/* ---- taken apart, for the call ---- */

static bool take_unix_apart(struct app *app, const char *path)
{
	const char *prefix = strchr(path, ':');
	app->host = strndup(path, prefix ? (size_t)(prefix - path) : strlen(path));
	app->prefix = strdup(prefix ? prefix + 1 : "");
	app->authority = strdup("localhost");
	struct buffer peer = { 0 };
	if (app->host && buffer_printf(&peer, SCHEME_UNIX "%s", app->host) && buffer_put_u8(&peer, 0))
		app->peer = (char *)peer.at;
	else
		buffer_free(&peer);
	return app->host && app->prefix && app->authority && app->peer;
}

bool forward_take_apart(struct app *app, const char *base)
{
	const char *rest = strstr(base, "://"), *path;
	app->base = strdup(base);
	if (!rest || is_unix(base))
		return app->base && take_unix_apart(app, base + strlen(SCHEME_UNIX));
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
	app->peer = app->authority ? strdup(app->authority) : NULL;
	return app->base && app->host && app->prefix && app->peer;
}

void forward_free_parts(struct app *app)
{
	free(app->base);
	free(app->host);
	free(app->prefix);
	free(app->authority);
	free(app->peer);
}
