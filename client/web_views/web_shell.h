/* The page as HTML that can be read without JavaScript: the newest rows that match, or one delivery. Its modules take
 * over from there. On a worker thread, with its store. */
#pragma once

#include "client/web_views/web_read.h"
#include "shared/frontend/client_state.h"

/* What stands in the page's head. */
struct web_head {
	struct client_state client;
	const char *filter; /* the server's own, for a URL without one; or NULL */
};

/* GET / */
void web_shell_list(struct web_read *r);
/* GET /d/ID */
void web_shell_detail(struct web_read *r);
/* GET /overview, /diff/A/B and other pages that need JavaScript */
void web_shell_plain(struct web_read *r);
/* For a browser at an address that is not one of the page's: says so, and leads on. Keeps the answer's status, which
 * must be that of a problem (404, or 400 for a parameter that is not known). */
void web_shell_nowhere(struct web_read *r);
