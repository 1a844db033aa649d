/* The record in a browser: `creel web`. Puts together the server's thread and the inspector's readers of the record and
 * deeds. Loop thread. */
#pragma once

#include <uv.h>

#include "client/app/forwarder.h"
#include "client/signing/secrets.h"

struct web;

struct web_options {
	const char *db, *filter; /* filter: of a page that is opened without one; may be NULL */
	int port;                /* 0: any that is free */
	const char *port_option; /* that names it, for sentences */
	bool new_token, no_ngrok_api;
	const struct forward_options *forward; /* for replays without a running client */
	const struct secrets *secrets;         /* of providers; may be NULL */
};

/* What `options` point to must live as long. NULL and *e: EXIT_USAGE (the port), EXIT_STORE; what was begun closes when
 * the loop has run. */
struct web *web_start(uv_loop_t *loop, const struct web_options *options, struct error *e);
/* The address with the token, for the user alone. */
const char *web_url(const struct web *w);
/* Stops replays under way. `closed` (may be NULL) comes when all is freed. */
void web_close(struct web *w, void (*closed)(void *user), void *user);
