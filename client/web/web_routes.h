/* Which function answers which request. Loop thread. */
#pragma once

#include "client/web_views/web_read.h"
#include "client/web/web.h"

struct web_route {
	enum web_method method;
	const char *pattern;                                /* "*" stands for one segment */
	const char *params;                                 /* that it takes, with blanks around each */
	void (*work)(struct web_read *r);                   /* on a worker, with the record; or */
	void (*act)(struct web *w, struct web_exchange *x); /* on the loop; it answers by web_answer, now or later */
};

/* The route of a request, its segments filled in. After a problem 404, 405 or 400: NULL, or where a browser asked for a
 * page, the route of the page that says so. */
const struct web_route *web_routes_find(struct web_exchange *x);
