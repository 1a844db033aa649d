#include "client/web_server/web_guard.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whether `host` is 127.0.0.1, [::1] or localhost with that port. */
static bool host_is_ours(const char *host, unsigned port)
{
	static const char *const names[] = { "127.0.0.1", "[::1]", "localhost" };
	char ours[40];
	for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
		snprintf(ours, sizeof ours, "%s:%u", names[i], port);
		if (strcasecmp(host, ours) == 0)
			return true;
	}
	return false;
}

static bool is(const char *text, const char *wanted)
{
	return text && strcmp(text, wanted) == 0;
}

static bool only_reads(const struct web_guard_head *h)
{
	return h->method == WEB_GET || h->method == WEB_HEAD;
}

/* The page in the address bar, from a bookmark or a link. */
static bool is_document(const struct web_guard_head *h)
{
	return only_reads(h) && (is(h->mode, "navigate") || !h->mode) && (is(h->dest, "document") || !h->dest);
}

/* "none" is the user's own typing. A page on another port of this machine is same-site, and as foreign as any. */
static bool site_is_ours(const struct web_guard_head *h)
{
	return !h->site || is(h->site, "same-origin") || (is(h->site, "none") && is_document(h));
}

static bool origin_is_ours(const struct web_guard_head *h)
{
	char ours[100];
	if (h->origins == 0)
		return true;
	int n = snprintf(ours, sizeof ours, "http://%s", h->host);
	return h->origins == 1 && n < (int)sizeof ours && strcasecmp(h->origin, ours) == 0;
}

static bool is_json(const char *type)
{
	size_t len = strlen("application/json");
	return type && strncasecmp(type, "application/json", len) == 0 &&
	       (type[len] == 0 || type[len] == ';' || type[len] == ' ');
}

/* A cookie goes along with whatever a browser sends, so that it alone never acts. */
static enum web_guard_verdict judge_deed(const struct web_guard_head *h)
{
	if (!is_json(h->content_type))
		return WEB_GUARD_TYPE;
	if (h->bearer)
		return WEB_GUARD_PASS;
	return h->page && h->origins == 1 && is(h->site, "same-origin") ? WEB_GUARD_PASS : WEB_GUARD_PAGE;
}

enum web_guard_verdict web_guard(const struct web_guard_head *h)
{
	if (!h->loopback || h->hosts != 1 || !host_is_ours(h->host, h->port))
		return WEB_GUARD_HOST;
	/* Whoever knows the token is no stranger: a file that `--open` made leads here. */
	bool entry = h->token && is_document(h);
	if (!site_is_ours(h) && !entry)
		return is_document(h) && h->site ? WEB_GUARD_LINK : WEB_GUARD_SITE;
	if (!origin_is_ours(h))
		return WEB_GUARD_ORIGIN;
	if (h->method == WEB_OTHER)
		return WEB_GUARD_METHOD;
	/* Programs alone get what is open: no page sends neither of these fields. */
	bool program = h->origins == 0 && !h->site && !h->mode && !h->dest;
	if (!(h->bearer || h->cookie || entry || (h->open && program && only_reads(h)) || (h->asset && only_reads(h))))
		return WEB_GUARD_TOKEN;
	return only_reads(h) ? WEB_GUARD_PASS : judge_deed(h);
}
