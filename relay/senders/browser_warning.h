/* A page between a browser and a tunnel (--browser-warning): whoever is led to a tunnel by a link sees a page of the
 * relay's name, and may take a stranger's form for the operator's. It says what a tunnel is and has a link that goes
 * on, which sets a cookie for that tunnel, so that it is not asked again for a day. Webhooks, curl and whatever else
 * does not navigate as a browser does never see it.
 *
 * The link carries a pass: made for this tunnel and the asking address, good for an hour. So nobody can hand out a link
 * that goes past the page. Cookie and pass are signed (HMAC-SHA256) with a key of this run; after a restart the page is
 * shown once more. Knows no connections. Loop thread. */
#pragma once

#include "shared/base/buffer.h"

struct browser_warning;

struct warning_request {
	struct bytes method, headers;
	struct bytes tunnel;         /* the name */
	struct bytes prefix, target; /* of the route: what the name took off the target's front, and the rest */
	struct bytes address;        /* who asks; the same bytes for the same sender */
	bool https;                  /* the cookie keeps to it */
	uint64_t now_s;              /* Unix time */
};

enum warning_verdict {
	WARNING_PASS, /* none of its business, or it was read before */
	WARNING_SHOW, /* answer with `page` */
	WARNING_READ, /* the link was followed: send on */
};

/* What WARNING_SHOW and WARNING_READ answer with; the caller frees both. */
struct warning_answer {
	struct buffer fields; /* header block */
	struct buffer page;   /* HTML */
};

/* NULL without memory or randomness. */
struct browser_warning *browser_warning_new(void);
void browser_warning_free(struct browser_warning *w);

/* False when out of memory: then the request is not to reach the tunnel. */
MUST_CHECK bool browser_warning_judge(const struct browser_warning *w, const struct warning_request *r,
				      enum warning_verdict *verdict, struct warning_answer *out);

/* Whether an answer's Set-Cookie is about the cookie of the page, in whatever spelling (its name may stand in the value
 * of a nameless one). No app may set it: one that a stranger's page embeds could have its own let its visitors past. */
bool browser_warning_is_ours(struct bytes set_cookie);
