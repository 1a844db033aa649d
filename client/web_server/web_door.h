/* What a request without token or cookie gets, and how a link with the token lets a browser in. Pure; any thread. */
#pragma once

#include "client/web_server/web_exchange.h"
#include "client/web_server/web_guard.h"

struct web_door {
	enum web_guard_verdict verdict;
	unsigned port;
	bool too_often; /* no token came too many times */
};

/* The refusal, as a page for a browser's address bar, else as a problem. */
void web_door_refuse(struct web_exchange *x, const struct web_door *door);
/* Sets the cookie, and leads on to the same URL without the token. `site` is Sec-Fetch-Site, or NULL. */
void web_door_enter(struct web_exchange *x, const struct web_door *door, const char *cookie, const char *site);
/* Whether this path is one of ngrok's that programs read without a token. */
bool web_door_is_open(const char *path);
