#include "client/proxy/proxy.h"

#include "client/common/limits.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* The name of the first that is set. */
static const char *first_set(const char *const *names)
{
	for (; *names; names++) {
		const char *value = getenv(*names);
		if (value && *value)
			return *names;
	}
	return NULL;
}

static bool is_exempt(const char *host)
{
	static const char *const names[] = { "no_proxy", "NO_PROXY", NULL };
	const char *name = first_set(names), *list = name ? getenv(name) : NULL;
	size_t host_len = strlen(host);
	while (list && *list) {
		list += strspn(list, ", ");
		size_t len = strcspn(list, ", ");
		if (len == 1 && *list == '*')
			return true;
		const char *suffix = *list == '.' ? list + 1 : list;
		size_t n = *list == '.' ? len - 1 : len;
		if (n > 0 && n <= host_len && strncasecmp(host + host_len - n, suffix, n) == 0 &&
		    (n == host_len || host[host_len - n - 1] == '.'))
			return true;
		list += len;
	}
	return false;
}

const char *proxy_variable(const char *scheme, const char *host, bool *exempt)
{
	static const char *const https[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	static const char *const http[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	const char *name = first_set(strcmp(scheme, "https") == 0 ? https : http);
	*exempt = name && is_exempt(host);
	return name;
}

void proxy_free(struct proxy *p)
{
	char *secret[] = { p->user, p->password };
	for (size_t i = 0; i < 2; i++) {
		if (secret[i])
			OPENSSL_cleanse(secret[i], strlen(secret[i]));
		free(secret[i]);
	}
	memset(p, 0, sizeof *p);
}

/* ---- taking it apart ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* Without percent-encoding; a '%' that begins none stands for itself. NULL: out of memory, or it holds a NUL. */
static char *decode(const char *text, size_t len)
{
	char *out = malloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < len; i++) {
		int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		out[n++] = low >= 0 ? (char)(high * 16 + low) : text[i];
		i += low >= 0 ? 2 : 0;
	}
	if (out)
		out[n] = 0;
	if (out && strlen(out) == n)
		return out;
	free(out);
	return NULL;
}

static bool take_scheme(const char **text, struct proxy *out)
{
	const char *end = strstr(*text, "://");
	size_t len = end ? (size_t)(end - *text) : 0;
	snprintf(out->scheme, sizeof out->scheme, "http");
	if (!end)
		return true;
	if (len == 0 || len >= sizeof out->scheme)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)(*text)[i]))
			return false;
		out->scheme[i] = (char)tolower((unsigned char)(*text)[i]);
	}
	out->scheme[len] = 0;
	*text = end + strlen("://");
	return true;
}

static bool take_login(const char **text, struct proxy *out)
{
	const char *at = strrchr(*text, '@');
	if (!at)
		return true;
	size_t len = (size_t)(at - *text), user_len = strcspn(*text, ":");
	if (user_len > len)
		user_len = len;
	out->user = decode(*text, user_len);
	if (user_len < len)
		out->password = decode(*text + user_len + 1, len - user_len - 1);
	*text = at + 1;
	return out->user && (user_len == len || out->password);
}

static bool take_host(const char **text, struct proxy *out)
{
	static const char of_address[] = "0123456789abcdefABCDEF:.";
	bool brackets = **text == '[';
	const char *from = *text + brackets;
	size_t len = brackets ? strspn(from, of_address) : strcspn(from, ":/?#");
	if (len == 0 || len >= sizeof out->host || (brackets && from[len] != ']'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!brackets && !isalnum((unsigned char)from[i]) && !strchr(".-_", from[i]) && !(from[i] & 0x80))
			return false;
	snprintf(out->host, sizeof out->host, "%.*s", (int)len, from);
	*text = from + len + brackets;
	return true;
}

static bool take_port(const char *text, struct proxy *out)
{
	out->port = strcmp(out->scheme, "https") == 0 ? 443 : 1080;
	if (*text != ':')
		return !*text || strchr("/?#", *text);
	size_t len = strspn(text + 1, "0123456789");
	if (len > 5 || (text[1 + len] && !strchr("/?#", text[1 + len])))
		return false;
	if (len > 0)
		out->port = atoi(text + 1);
	return out->port >= 1 && out->port <= 65535;
}

bool proxy_split(const char *text, struct proxy *out)
{
	memset(out, 0, sizeof *out);
	text += strspn(text, " \t");
	if (!take_scheme(&text, out) || !take_login(&text, out) || !take_host(&text, out) || !take_port(text, out))
		return false;
	snprintf(out->shown, sizeof out->shown, strchr(out->host, ':') ? "%s://[%s]:%d" : "%s://%s:%d", out->scheme,
		 out->host, out->port);
	return true;
}

/* For libcurl socks:// is SOCKS4; whoever writes it (GNOME does) has a proxy of SOCKS5, to which names can be left. */
static const char *kind_for_curl(const struct proxy *p)
{
	static const char *const kinds[] = { "http", "https", "socks4", "socks4a", "socks5", "socks5h" };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(p->scheme, kinds[i]) == 0)
			return kinds[i];
	return strcmp(p->scheme, "socks") == 0 ? "socks5h" : NULL;
}

static bool check_kind(const struct proxy *p, struct error *e)
{
	return kind_for_curl(p) ||
	       error_set(e, EXIT_USAGE,
			 "%s names %s, and creel does not know that kind of proxy: " PROXY_KINDS " are spoken",
			 p->variable, p->shown);
}

static bool check_login(const struct proxy *p, struct error *e)
{
	return ((!p->user || strlen(p->user) <= LIMIT_PROXY_LOGIN) &&
		(!p->password || strlen(p->password) <= LIMIT_PROXY_LOGIN)) ||
	       error_set(e, EXIT_USAGE,
			 "the user or the password of the proxy %s, which %s names, is longer than %d bytes", p->shown,
			 p->variable, LIMIT_PROXY_LOGIN);
}

bool proxy_for(const char *scheme, const char *host, struct proxy *out, struct error *e)
{
	bool exempt;
	const char *name = proxy_variable(scheme, host, &exempt), *text = name && !exempt ? getenv(name) : NULL;
	memset(out, 0, sizeof *out);
	if (!text)
		return true;
	if (!proxy_split(text, out))
		return error_set(e, EXIT_USAGE,
				 "the proxy that %s names is not a URL: write http://HOST:PORT or "
				 "http://USER:PASSWORD@HOST:PORT",
				 name);
	out->variable = name;
	return check_kind(out, e) && check_login(out, e);
}

/* ---- handing it on ---- */

void proxy_set(CURL *c, const struct proxy *p)
{
	char url[sizeof p->shown + 8] = "";
	if (p->variable)
		snprintf(url, sizeof url, "%s%s", kind_for_curl(p), p->shown + strlen(p->scheme));
	/* Always said, or libcurl reads the environment by itself, and tells what stands there in its errors. */
	curl_easy_setopt(c, CURLOPT_PROXY, url);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	curl_easy_setopt(c, CURLOPT_PROXYUSERNAME, p->user);
	curl_easy_setopt(c, CURLOPT_PROXYPASSWORD, p->user && !p->password ? "" : p->password);
	/* Whichever of these the proxy asks for. Negotiate goes by this user's ticket, and knows no password. */
	bool login = p->user && *p->user;
	if (!login && p->variable && strncmp(p->scheme, "http", 4) == 0)
		curl_easy_setopt(c, CURLOPT_PROXYUSERPWD, ":");
	curl_easy_setopt(
	    c, CURLOPT_PROXYAUTH,
	    (long)(login ? CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM : CURLAUTH_NEGOTIATE | CURLAUTH_DIGEST));
}

bool proxy_set_for(CURL *c, const char *url, struct error *e)
{
	char *scheme = NULL, *host = NULL;
	struct proxy p = { 0 };
	CURLU *u = curl_url();
	bool fine = true;
	/* What is no URL libcurl refuses in its turn. */
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		fine = proxy_for(scheme, host, &p, e);
	if (fine)
		proxy_set(c, &p);
	proxy_free(&p);
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(u);
	return fine;
}
