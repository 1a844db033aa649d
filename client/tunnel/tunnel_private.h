/* What tunnel.c (the connection), tunnel_connect.c (making it), tunnel_ping.c and tunnel_options.c (checking what the
 * user asked for) share. */
#pragma once

#include "client/watch/backoff.h"
#include "client/watch/certificate.h"
#include "client/watch/clock_watch.h"
#include "client/proxy/proxy_way.h"
#include "client/proxy/relay_look.h"
#include "client/tunnel/tunnel.h"
#include "client/tunnel/tunnel_address.h"
#include "client/tunnel/tunnel_read.h"

#include <libwebsockets.h>
#include <netdb.h>

/* How far a connection that is being made has come. */
enum stage {
	STAGE_PROXY,  /* a proxy is asked for a way */
	STAGE_DIALED, /* connect() was called */
	STAGE_TLS,    /* TLS has begun */
	STAGE_ASKED   /* the WebSocket's handshake was sent */
};

struct network_acts;

struct tunnel {
	uv_loop_t *loop;
	const struct tunnel_ops *ops;
	void *user;
	struct tunnel_options options;
	char *host, *path;
	char base[300]; /* the relay's URL up to host and port */
	int port;
	struct tunnel_addresses addresses;
	enum reason unreached; /* of the addresses of this round that were tried so far */
	enum stage stage;
	enum tunnel_state state;
	unsigned long tls_error;         /* of OpenSSL, while TLS was set up */
	char dialed[TUNNEL_ADDRESS_LEN]; /* the address that was connected to */
	bool tls, proxied;
	struct proxy proxy;       /* none without a variable */
	struct proxy_way *way;    /* of the connection that is being made or stands */
	struct second_look *look; /* under way, or NULL */
	bool closing, stopped;
	bool warned;     /* the user knows that the token goes in clear */
	bool at_once;    /* the next attempt follows without a wait */
	bool ended_well; /* the relay closed with 1000: nothing is resumed */
	struct lws_context *context;
	struct lws *wsi;
	struct link *link;
	struct tunnel_reader *reader;
	lws_retry_bo_t keepalive;
	struct backoff backoff;
	uv_timer_t retry, welcome, watch;
	uv_timer_cb on_retry; /* connects; here, so that what ends a connection need not know how one is made */
	uv_timer_t proof;     /* tunnel_network.c's, with the next two */
	uint64_t changed_at_us;
	struct network_watch *network; /* or NULL */
	const struct network_acts *acts;
	struct clock_watch clock;
	uint64_t online_since_ms, confirmed_at_us;
	uint64_t ping_at_ms, ping_sent, lag_us; /* ping_sent: uv_hrtime; what a pong brings back */
	uint64_t
	    unanswered_since_ms; /* the first ping without its pong became due, or something still moved; 0: none */
	bool ping_due, pong_due;
	uint8_t pong[125];
	size_t pong_len;
	uint8_t nonce[WIRE_NONCE_LEN];
	bool has_nonce;
	char name[64], public_url[600];
	/* Why it is lost, or will be: */
	enum reason noted;
	struct facts facts; /* tunnel_facts completes them */
	struct certificate certificate;
	char detail[300];
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

/* tunnel_options.c. Fills in host, port, path and tls. False and *e (EXIT_USAGE) for what is not a relay's URL. */
MUST_CHECK bool tunnel_parse_relay(struct tunnel *t, const char *url, struct error *e);
MUST_CHECK bool tunnel_check_options(struct tunnel *t, struct error *e);
/* tunnel_plain.c: where a token may go without TLS. Whether there is a token, and no TLS: */
bool tunnel_guards_token(const struct tunnel *t);
enum plain_way {
	PLAIN_HERE,   /* to this machine: to one of `here` */
	PLAIN_OUT,    /* to another one, or through a proxy */
	PLAIN_UNKNOWN /* the name cannot be resolved now */
};
enum plain_way tunnel_plain_way(const struct tunnel *t, struct tunnel_addresses *here);
/* To be asked before a connection is made; EXIT_USAGE. */
MUST_CHECK bool tunnel_check_plain(const struct tunnel *t, struct error *e);
/* The reason why the token is not sent there. */
enum reason tunnel_plain_reason(const struct tunnel *t);
/* Warns, once, that the token is sent in the clear all the same. */
void tunnel_warn_plain(struct tunnel *t);
/* The last check: whether the machine at the other end of the connection may get the token. */
bool tunnel_peer_may_have_token(const struct tunnel *t, struct lws *wsi);
/* tunnel_ping.c: how far away the relay is. */
int tunnel_send_ping(struct tunnel *t, struct lws *wsi);
/* Answers the relay's ping. */
int tunnel_send_pong(struct tunnel *t, struct lws *wsi);
void tunnel_take_pong(struct tunnel *t, struct bytes payload);
/* Each second, online: pings now and then, and drops a connection on which the relay does not read. */
void tunnel_watch_relay(struct tunnel *t);

/* tunnel_network.c: watches the network from the tunnel's start to its end. What it does about a change: */
struct network_acts {
	void (*drop)(struct tunnel *t, enum reason why);
	void (*try_now)(struct tunnel *t);
};
void tunnel_watch_network(struct tunnel *t, const struct network_acts *acts);
void tunnel_leave_network(struct tunnel *t, uv_close_cb closed);

/* tunnel_reason.c. The reason given by the answer to the handshake when no tunnel opened; REASON_NONE when no status
 * came. */
enum reason tunnel_reason_of_handshake(struct tunnel *t, struct lws *wsi);
/* Why a connection was not even answered, by how far it got. */
enum reason tunnel_reason_of_dial(const struct tunnel *t);
/* By what a second look at the server found; `why` is the reason known before. */
enum reason tunnel_reason_of_look(struct tunnel *t, enum reason why, enum relay_look seen, const char *shown);
/* By an error of getaddrinfo, not 0. */
enum reason tunnel_reason_of_resolver(int code);
/* By a NOTICE or GOAWAY; keeps what it names among the facts. */
enum reason tunnel_reason_of_notice(struct tunnel *t, const struct wire_note *note);
/* By the status of the relay's close frame. */
enum reason tunnel_reason_of_close(struct tunnel *t, int status);
/* Keeps words from elsewhere as the facts' detail, fit for a terminal. */
void tunnel_set_detail(struct tunnel *t, struct bytes words);
/* What is known now, borrowed until the next call. */
const struct facts *tunnel_facts(struct tunnel *t);
/* tunnel.c */
extern const struct lws_protocols tunnel_protocols[];

/* tunnel_lost.c */
void tunnel_set_state(struct tunnel *t, enum tunnel_state state, enum reason reason, uint64_t retry_ms);
/* The connection is gone, or could not be made: says so and tries again later. A reason that was noted before goes
 * before `why`. */
void tunnel_lost(struct tunnel *t, enum reason why);
/* Notes a reason for the end that is to come. The first is kept: what follows is its consequence. */
void tunnel_note(struct tunnel *t, enum reason reason);
/* Never connects again, and says why. */
void tunnel_stop(struct tunnel *t, enum reason why);
/* Tries again now instead of after its wait. */
void tunnel_try_now(struct tunnel *t);
/* Ends the WebSocket, from outside lws' callbacks. */
void tunnel_drop_wsi(struct tunnel *t);
/* The same for a reason, at any stage of a connection. */
void tunnel_drop(struct tunnel *t, enum reason why);
/* tunnel_look.c: looks at a server that ended a connection without a word; then tunnel_offline with what was found.
 * False: there is nothing to look for, or it cannot be begun. */
MUST_CHECK bool tunnel_look(struct tunnel *t, enum reason why);
/* The reason known so far, while a look is under way; else REASON_NONE. */
enum reason tunnel_look_reason(const struct tunnel *t);
/* Ends a look that is under way; nothing is said of it. */
void tunnel_look_end(struct tunnel *t);
/* Says that the tunnel is offline, and tries again later. */
void tunnel_offline(struct tunnel *t, enum reason why);
/* tunnel_connect.c */
void tunnel_connect(struct tunnel *t);
MUST_CHECK bool tunnel_make_context(struct tunnel *t, struct error *e);
