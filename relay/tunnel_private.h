/* What tunnel.c (a tunnel's streams and frames) and tunnel_server.c (the lws end) share. */
#pragma once

#include "relay/limits.h"
#include "relay/router.h"
#include "relay/tokens.h"
#include "relay/tunnel.h"
#include "shared/link.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>

struct tunnel {
	struct tunnel_server *server;
	struct link *link;
	struct tunnel *next, **link_back; /* all of the server's */
	struct delivery *streams;         /* uthash by stream id */
	struct delivery *blocked;         /* waiting for the connection's window */
	uint64_t last_stream;
	char name[TUNNEL_NAME_MAX + 1]; /* "" until WELCOME */
	char owner[65];
	uint64_t owner_mark; /* of the very token */
	struct limits_address address;
	char secret[TOKEN_TEXT_LEN + 2]; /* of the handshake, wiped after HELLO */
	bool online;
};

struct tunnel_server {
	struct relay *relay;
	struct lws_context *context;
	struct lws_vhost *plain, *tls;
	SSL_CTX *tls_context; /* of the tls vhost; lws's */
	struct tunnel *all;
	lws_retry_bo_t keepalive;
	bool wants_tokens; /* there were some once */
};

extern const struct link_ops tunnel_link_ops;

void tunnel_send_note(struct tunnel *t, enum wire_type type, enum wire_notice code, const char *text);
/* Says why and closes; the name is free at once. */
void tunnel_refuse_client(struct tunnel *t, enum wire_notice code, const char *text);
/* The stream is over for the tunnel. */
void tunnel_forget_stream(struct delivery *d);
