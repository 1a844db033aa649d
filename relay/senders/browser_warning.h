/* A page between a browser and a tunnel (--browser-warning). Whoever follows a link to a tunnel lands on a page that
 * bears the relay's name, and may take a stranger's login form for the operator's. The page says what a tunnel is; its
 * link goes on to the tunnel and sets a cookie, so that the page is not shown again for a while. Webhooks, curl and
 * everything else that does not navigate as a browser does never see it.
 *
 * The link carries a pass that is made for this tunnel and for the address that asked, so that nobody can hand out a
 * link that skips the page. Cookie and pass are signed (HMAC-SHA256) with a key of this run: after a restart the page
 * is shown once more. How long both are good stands in limits.def. It knows nothing of connections. Loop thread. */
#pragma once

#include "shared/base/buffer.h"

struct browser_warning;

struct warning_request {
	struct bytes method, headers;
	struct bytes tunnel;         /* the name */
	struct bytes prefix, target; /* of the route: the start of the target that named the tunnel, and the rest */
	struct bytes address;        /* of who asks; the same bytes for the same sender */
	bool https;                  /* then the cookie is sent over https only */
	uint64_t now_s;              /* Unix time */
};

enum warning_verdict {
	WARNING_PASS, /* not a browser that navigates, or it has seen the page before */
	WARNING_SHOW, /* answer with the page */
	WARNING_READ, /* the page's link was followed: redirect to the tunnel */
};

/* What WARNING_SHOW and WARNING_READ answer with; the caller frees both. */
struct warning_answer {
	struct buffer fields; /* header block */
	struct buffer page;   /* HTML */
};

/* NULL when out of memory or of random bytes. */
struct browser_warning *browser_warning_new(void);
void browser_warning_free(struct browser_warning *w);

/* What to do with the request. False when out of memory: it must not reach the tunnel. */
MUST_CHECK bool browser_warning_judge(const struct browser_warning *w, const struct warning_request *r,
				      enum warning_verdict *verdict, struct warning_answer *out);

/* Whether the value of an answer's Set-Cookie would set the page's cookie, however it is spelt; a cookie without a name
 * may have that name in its value. No app may set it: a stranger's page that embeds one could let its own visitors
 * skip the warning. */
bool browser_warning_is_ours(struct bytes set_cookie);
