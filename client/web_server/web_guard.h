/* Who may ask the page's server what: a request's head in, a verdict out. The rules, in their order, are those of
 * web_guard(). Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/web_server/web_exchange.h"

/* A request's head as far as it counts. Texts are NULL where the field is absent. */
struct web_guard_head {
	enum web_method method;
	bool loopback;                                  /* the peer's address */
	unsigned port;                                  /* ours */
	size_t hosts, origins;                          /* how many such fields there are */
	const char *host, *origin, *site, *mode, *dest; /* Host, Origin, Sec-Fetch-Site, -Mode and -Dest */
	const char *content_type;
	bool page;           /* Creel-Page: 1 */
	bool bearer, cookie; /* the right token came in Authorization, the right cookie in Cookie */
	bool token;          /* the right one as ?token= */
	bool open;           /* a path that needs no token: ngrok's, and what is not secret */
	bool asset;          /* script, style: no data in it */
};

enum web_guard_verdict {
	WEB_GUARD_PASS,
	WEB_GUARD_HOST,   /* 421 */
	WEB_GUARD_SITE,   /* 403: another site's request */
	WEB_GUARD_LINK,   /* 403: a document that another site links to */
	WEB_GUARD_ORIGIN, /* 403 */
	WEB_GUARD_TOKEN,  /* 401 */
	WEB_GUARD_METHOD, /* 405 */
	WEB_GUARD_TYPE,   /* 415: not JSON */
	WEB_GUARD_PAGE,   /* 403: a deed without what only our own page sends */
};

enum web_guard_verdict web_guard(const struct web_guard_head *h);
