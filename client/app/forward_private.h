/* What the files of a call share: forwarder.c keeps the apps and their connections, forward.c is one call from its
 * first byte to its last, forward_target.c says where a call may go. Loop thread. */
#pragma once

#include "client/app/dial.h"
#include "client/app/forwarder.h"
#include "shared/http/http1.h"
#include "shared/net/conn.h"

#include <uthash.h>

/* Where calls go: a target of the user's, taken apart. */
struct app {
	UT_hash_handle hh;
	char *base;    /* as forward_parse_target gave it: the key */
	char *host;    /* a name, an address without brackets, or a unix socket's path */
	uint16_t port; /* 0: a path */
	bool tls;
	char *prefix;          /* of the path, without a slash at its end */
	char *authority;       /* as Host has it */
	char *peer;            /* as sentences have it */
	struct app_conn *idle; /* kept connections, the one used last first */
	size_t idle_count;
};

/* A connection to an app. In use it belongs to a call, kept it waits for the next one. */
struct app_conn {
	struct forwarder *forwarder;
	struct app *app;
	struct forward *call; /* NULL: kept */
	struct app_conn *prev, *next;
	struct conn conn;
	uv_poll_t poll;
	int watched;
	bool used;        /* it carried a call before this one */
	uint64_t kept_at; /* loop ms */
};

struct forwarder {
	uv_loop_t *loop;
	struct forward_options options;
	struct app *apps;
	SSL_CTX *tls; /* made when the first https target is called */
	size_t open;  /* connections whose handles are not closed */
	bool closing;
	void (*closed)(void *user);
	void *closed_user;
};

/* The app of a base URL; NULL when out of memory. */
struct app *forwarder_app(struct forwarder *f, const char *base);
/* NULL: TLS cannot be set up. */
SSL_CTX *forwarder_tls(struct forwarder *f);
/* A kept connection, if it is still good, or NULL. It is the call's then. */
struct app_conn *forwarder_take(struct app *app, struct forward *call);
/* A new one around a socket that was connected; takes *c. NULL when out of memory: *c is closed. */
struct app_conn *forwarder_adopt(struct forwarder *f, struct app *app, struct forward *call, struct conn *c);
/* The call is over and the connection may carry another. */
void forwarder_keep(struct app_conn *a);
void forwarder_drop(struct app_conn *a);
/* Polls for `events`, or for nothing. */
void forwarder_watch(struct app_conn *a, int events);

/* forward.c: something happened to the connection of the call; reading tells what. */
void forward_on_events(struct forward *w);

/* forward_target.c: takes a base URL apart. False: out of memory. */
MUST_CHECK bool forward_take_apart(struct app *app, const char *base);
void forward_free_parts(struct app *app);
