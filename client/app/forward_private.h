/* What the files of a call share: forwarder.c keeps the apps and their connections, forward.c is one call from its
 * first byte to its last, forward_answer.c reads what the app answers, forward_target.c says where a call may go. Loop
 * thread. */
#pragma once

#include "client/app/dial.h"
#include "client/app/forward_send.h"
#include "client/app/forwarder.h"
#include "client/reason/reason.h"
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
/* Hands a kept connection that is still good to the call; NULL: there is none. */
struct app_conn *forwarder_take(struct app *app, struct forward *call);
/* Makes the call's connection from a socket that was just connected; takes *c. NULL when out of memory, and *c is
 * closed. */
struct app_conn *forwarder_adopt(struct forwarder *f, struct app *app, struct forward *call, struct conn *c);
/* The call is over and the connection may carry another. */
void forwarder_keep(struct app_conn *a);
void forwarder_drop(struct app_conn *a);
/* Polls for `events`, or for nothing. */
void forwarder_watch(struct app_conn *a, int events);

enum forward_state {
	FORWARD_WAITING,  /* for another try */
	FORWARD_DIALING,  /* a connection is on its way */
	FORWARD_HEAD,     /* the request goes out, the answer's head comes */
	FORWARD_BODY,     /* the answer's body comes */
	FORWARD_UPGRADED, /* after 101 */
	FORWARD_PROBING,  /* it failed; does TLS answer there? */
	FORWARD_OVER,     /* the memory lives until libuv let go of the timer */
	FORWARD_STATES,
};

struct forward {
	struct forwarder *forwarder;
	struct app *app;
	struct forward_request request;
	const struct forward_ops *ops;
	void *user;
	char *url;
	enum forward_state state;
	uv_timer_t timer; /* the next try, or the time limit of what is under way */
	uint64_t deadline_ms, wait_until_ms;
	int64_t backoff_ms;
	bool starting;            /* forward_start has not returned: nobody is to be called */
	bool refusal_told, again; /* on_refused was called; the request went out a second time */
	struct dial *dial;
	struct app_conn *conn;
	uint64_t started_at_us, begun_ns, connect_us, first_byte_us; /* of the last try */
	uint64_t first_at_us, first_ns;                              /* of the first one */

	struct forward_send send; /* the request on its way */

	/* The answer. */
	struct buffer in; /* read and not used */
	struct http1_head answer;
	struct http1_body body;
	int interim;
	bool paused, resuming;
	struct buffer held; /* the piece that was not taken */
	struct buffer repaired;
	bool event_stream; /* it goes on until somebody ends it */
	enum reason why;   /* PROBING: the reason if TLS does not answer */
};

/* forward.c: the only change of state; one that the drawing there does not have aborts. */
void forward_to(struct forward *w, enum forward_state state);
/* What is under way may take that long from now on. */
void forward_limit(struct forward *w, uint64_t ms);
/* What became of the call until now. */
void forward_fill_result(const struct forward *w, struct forward_result *r);
/* Ends the call. `facts` go into the sentence and may be NULL, where it ends well (REASON_NONE). */
void forward_finish(struct forward *w, enum reason why, const struct facts *facts);
/* Ends the call by a failure, with the facts that the call itself knows. */
void forward_fail(struct forward *w, enum reason why);
/* The connection ended before the answer did: the call ends, or goes out once more, or asks whether the app wants
 * TLS. */
void forward_broke_off(struct forward *w, const struct conn_failure *how);
/* forward.c: called when something happened on the call's connection; it reads to find out what. */
void forward_on_events(struct forward *w);

/* forward_answer.c: reads what has come, and hands it out. False: the call ended, or it goes on with another
 * connection. */
MUST_CHECK bool forward_answer_read(struct forward *w);
/* Offers the held piece again, after forward_resume, and then what came after it. False: it was not taken, or the call
 * ended. */
MUST_CHECK bool forward_answer_offer_held(struct forward *w);
/* Whether the body came to its end and its reader took all of it. */
bool forward_answer_is_whole(const struct forward *w);
/* Hands out bytes as they came (at most STORE_RAW_MOST), for a call whose exact bytes go on record. */
void forward_answer_give_raw(struct forward *w, struct bytes raw);

/* forward_target.c: takes a base URL apart. False: out of memory. */
MUST_CHECK bool forward_take_apart(struct app *app, const char *base);
void forward_free_parts(struct app *app);
