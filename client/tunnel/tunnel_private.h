/* What tunnel.c (the connection), tunnel_connect.c (making it), tunnel_ping.c and tunnel_options.c (checking what the
 * user asked for) share. */
#pragma once

#include "client/tunnel/backoff.h"
#include "client/tunnel/clock_watch.h"
#include "client/tunnel/tunnel.h"
#include "client/tunnel/tunnel_read.h"

#include <libwebsockets.h>
#include <netdb.h>

struct tunnel {
	uv_loop_t *loop;
	const struct tunnel_ops *ops;
	void *user;
	struct tunnel_options options;
	char *host, *path;
	int port;
	unsigned tries;
	bool tls, proxied;
	struct lws_context *context;
	struct lws *wsi;
	struct link *link;
	struct tunnel_reader *reader;
	lws_retry_bo_t keepalive;
	struct backoff backoff;
	uv_timer_t retry, welcome, watch;
	struct clock_watch clock;
	enum tunnel_state state;
	bool closing, stopped;
	bool warned;     /* that the token goes in clear */
	bool at_once;    /* the next try waits for nothing */
	bool ended_well; /* by a close with 1000: nothing is resumed */
	uint64_t online_since_ms, confirmed_at_us;
	uint64_t ping_at_ms, ping_sent, lag_us; /* ping_sent: uv_hrtime; what a pong brings back */
	bool ping_due, pong_due;
	uint8_t pong[125];
	size_t pong_len;
	uint8_t nonce[WIRE_NONCE_LEN];
	bool has_nonce;
	char name[64], public_url[600], reason[300];
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

/* Fills in host, port, path and tls. EXIT_USAGE. */
MUST_CHECK bool tunnel_parse_relay(struct tunnel *t, const char *url, struct error *e);
MUST_CHECK bool tunnel_check_options(struct tunnel *t, struct error *e);
/* tunnel_plain.c: where a token may go without TLS. Whether there is one, and no TLS: */
bool tunnel_guards_token(const struct tunnel *t);
enum plain_way {
	PLAIN_HERE,   /* to this machine: to `address` */
	PLAIN_OUT,    /* to another one, or through a proxy */
	PLAIN_UNKNOWN /* the name cannot be resolved now */
};
enum plain_way tunnel_plain_way(const struct tunnel *t, char address[NI_MAXHOST]);
/* Before anything is opened; EXIT_USAGE. */
MUST_CHECK bool tunnel_check_plain(const struct tunnel *t, struct error *e);
/* The sentence of that. False. */
bool tunnel_refuse_plain(const struct tunnel *t, struct error *e);
/* Once: that it goes all the same. */
void tunnel_warn_plain(struct tunnel *t);
/* The last look, at whom it is connected to. */
bool tunnel_peer_may_have_token(const struct tunnel *t, struct lws *wsi);
/* tunnel_ping.c: how far away the relay is. */
int tunnel_send_ping(struct tunnel *t, struct lws *wsi);
/* The answer to the relay's. */
int tunnel_send_pong(struct tunnel *t, struct lws *wsi);
void tunnel_take_pong(struct tunnel *t, struct bytes payload);
void tunnel_ping_now_and_then(struct tunnel *t);

/* tunnel_refused.c */
enum tunnel_refused {
	TUNNEL_NOT_ANSWERED, /* no status came */
	TUNNEL_NOT_OPENED,   /* it may be another time */
	TUNNEL_REFUSED,      /* it will not be */
};
/* From lws' CONNECTION_ERROR: what the answer to the handshake was, and in `why` what that means. */
enum tunnel_refused tunnel_read_refused(struct lws *wsi, char *why, size_t size);
/* tunnel.c */
extern const struct lws_protocols tunnel_protocols[];
void tunnel_set_state(struct tunnel *t, enum tunnel_state state, const char *why, uint64_t retry_ms);
/* The connection is gone, or never came about: says so and tries again later. */
void tunnel_lost(struct tunnel *t, const char *why);
/* Ends it for such a reason, from outside lws' callbacks. */
void tunnel_drop(struct tunnel *t, const char *why);
/* tunnel_connect.c */
void tunnel_connect(struct tunnel *t);
MUST_CHECK bool tunnel_make_context(struct tunnel *t, struct error *e);
