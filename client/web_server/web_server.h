/* The page's HTTP server: libmicrohttpd on a thread of its own, bound to 127.0.0.1 alone. It judges each request
 * (web_guard.h), answers assets itself, and hands everything else to the loop's thread, while the connection sleeps.
 * All functions here are for the loop's thread. */
#pragma once

#include <uv.h>

#include "client/web_server/web_events.h"
#include "client/web_server/web_exchange.h"
#include "client/web_server/web_key.h"

struct web_server;

struct web_server_options {
	int port;                  /* 0: any that is free */
	const char *port_option;   /* that names it, for sentences */
	bool ngrok;                /* ngrok's calls need no token */
	const struct web_key *key; /* copied */
	const char *db;            /* the record's path, which lives as long: long answers are kept beside it */
	struct web_events *events; /* that its streams read */
	/* A request that was let in, on the loop's thread; web_server_answer gives it back, now or later. */
	void (*ask)(void *user, struct web_exchange *x);
	void *user;
};

/* NULL and *e: EXIT_USAGE when the port is taken. */
struct web_server *web_server_new(uv_loop_t *loop, const struct web_server_options *o, struct error *e);
unsigned web_server_port(const struct web_server *s);
void web_server_answer(struct web_server *s, struct web_exchange *x);
/* The exchanges that `ask` got must still be answered; after that the thread ends, and `closed` is called. */
void web_server_close(struct web_server *s, void (*closed)(void *user), void *user);
