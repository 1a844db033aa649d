/* The laptop's end of the tunnel: one WebSocket (libwebsockets on the libuv loop), opened again and again after growing
 * random waits, and its state with the reason for it. Frames of deliveries go to the session. Loop thread. */
#pragma once

#include <uv.h>

#include "client/reason/reason.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/wire/link.h"

struct tunnel;
struct lws_context;

struct tunnel_options {
	const char *relay;      /* http, https, ws or wss URL */
	const char *name;       /* wanted, or NULL */
	const char *token;      /* or NULL; the caller wipes it after tunnel_free */
	const char *ca, *pin;   /* PEM file; "sha256//BASE64" of the certificate's public key */
	bool insecure;          /* any certificate; loopback relays only */
	bool allow_plain_token; /* over http to another machine as well */
	int64_t ping_interval_ms;
	int64_t answer_within_ms; /* from connecting to WELCOME; 0: 10 s */
	uint32_t wire_options;    /* enum wire_option */
	uint32_t drain_parallel;  /* spooled deliveries at once; 0: the relay's default */
	struct bytes public_key;  /* what queues at the relay is sealed to it; empty: none */
};

enum tunnel_state { TUNNEL_CONNECTING, TUNNEL_ONLINE, TUNNEL_OFFLINE };

/* A view for the call. */
struct tunnel_news {
	enum tunnel_state state;
	enum reason reason; /* offline: why */
	const struct facts *facts;
	const char *why;   /* the reason in words, with what to do; "" when online */
	uint64_t retry_ms; /* offline: until it is tried again */
};

struct tunnel_ops {
	/* The state changed, or its reason. */
	void (*on_state)(void *user, const struct tunnel_news *news);
	/* The relay took the tunnel; `on_state` follows. The streams of the connection before go on if it says resumed.
	 */
	void (*on_welcome)(void *user, struct link *link, const struct wire_welcome *welcome);
	/* A frame of a stream. False closes the connection, after link_fail has noted why. */
	bool (*on_frame)(void *user, struct link *link, const struct wire_frame *frame);
	void (*on_credit)(void *user);
	/* The connection is gone, or an attempt to make it again failed; its streams are over unless they may be
	 * resumed. `on_state` follows. */
	void (*on_lost)(void *user, bool may_resume);
	/* The relay wants this client to stop, or the token would go where others read it: trying again would change
	 * nothing. `facts` are borrowed for the call. */
	void (*on_stop)(void *user, enum reason reason, const struct facts *facts);
	/* A sentence for the user; the state does not change. May be NULL. */
	void (*on_warning)(void *user, const char *sentence);
};

/* Whether URL, name, CA and pin can be used at all: what tunnel_new says of them, without a tunnel. EXIT_USAGE. */
MUST_CHECK bool tunnel_check(const struct tunnel_options *options, struct error *e);
/* Borrows `options` and what it names until tunnel_free. NULL and *e (EXIT_USAGE, EXIT_RELAY) when they cannot be used.
 */
struct tunnel *tunnel_new(uv_loop_t *loop, const struct tunnel_options *options, const struct tunnel_ops *ops,
			  void *user, struct error *e);
/* Connects, and goes on doing so until tunnel_close. */
void tunnel_start(struct tunnel *t);
/* Sends what is pending, closes with 1000 and never connects again. Calls `closed`, which may be NULL, when its handles
 * are gone. */
void tunnel_close(struct tunnel *t, void (*closed)(void *user), void *user);
/* After tunnel_close. On a libuv loop of ours lws 4.1.6 wants its context destroyed twice: first to start closing its
 * handles, which this does; then, when the loop has closed them, tunnel_free_rest does it again and frees the memory.
 */
void tunnel_free(struct tunnel *t);
void tunnel_free_rest(struct tunnel *t);

/* Whether a probe (WIRE_OPTION_PROBE, any name) that stopped for this reason has shown that the relay knows the token,
 * which is for certain names alone. Relays older than the code NAME_FORBIDDEN say NAME_TAKEN, though nobody owns a
 * random name. */
bool tunnel_token_is_for_others(enum reason reason);

/* While the first connection is being made: says in words who has not answered for that long. */
void tunnel_say_wait(struct tunnel *t, uint64_t waited_ms, char *out, size_t size);

/* NULL when there is no connection. */
struct link *tunnel_link(struct tunnel *t);
const char *tunnel_public_url(const struct tunnel *t); /* "" before the first WELCOME */
const char *tunnel_name(const struct tunnel *t);
/* When the relay last gave a sign of life, in µs of the wall clock; 0 before the first. */
uint64_t tunnel_confirmed_at_us(const struct tunnel *t);
/* How long the last ping took to the relay and back, measured once a ping interval; 0 before the first and offline. */
uint64_t tunnel_lag_us(const struct tunnel *t);
