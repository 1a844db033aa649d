#include "client/proxy.h"

#include "shared/bytes.h"

#include <curl/curl.h>
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

bool proxy_for(const char *scheme, const char *host, char **out, struct error *e)
{
	bool exempt;
	const char *name = proxy_variable(scheme, host, &exempt), *text = name && !exempt ? getenv(name) : NULL;
	char *proxy_host = NULL, *port = NULL, *user = NULL, *password = NULL;
	struct buffer b = { 0 };
	*out = NULL;
	if (!text)
		return true;
	CURLU *u = curl_url();
	bool fine = u && curl_url_set(u, CURLUPART_URL, text, CURLU_GUESS_SCHEME) == CURLUE_OK &&
		    curl_url_get(u, CURLUPART_HOST, &proxy_host, 0) == CURLUE_OK;
	if (fine) {
		curl_url_get(u, CURLUPART_PORT, &port, 0);
		if (curl_url_get(u, CURLUPART_USER, &user, CURLU_URLDECODE) == CURLUE_OK)
			curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
		fine = (!user || buffer_printf(&b, "%s:%s@", user, password ? password : "")) &&
		       buffer_printf(&b, "%s:%s", proxy_host, port ? port : "1080") && buffer_put_u8(&b, 0);
	}
	curl_free(proxy_host);
	curl_free(port);
	curl_free(user);
	curl_free(password);
	curl_url_cleanup(u);
	if (!fine) {
		buffer_free(&b);
		return error_set(e, EXIT_USAGE,
				 "the proxy named in the environment (HTTPS_PROXY or http_proxy) is no URL");
	}
	*out = (char *)b.at;
	return true;
}
