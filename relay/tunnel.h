/* The relay's end of the tunnels: WebSockets (libwebsockets) of clients, their streams and flow control. Loop thread.
 */
#pragma once

#include "relay/delivery.h"
#include "relay/relay.h"

struct tunnel_server;

/* Makes the lws context on the relay's loop, with a TLS side when a certificate is configured. NULL and *e. */
struct tunnel_server *tunnel_server_new(struct relay *relay, struct error *e);
/* Takes a connected socket whose first bytes are a tunnel's (still unread in the socket). */
void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls);
/* Reads certificate and key anew for handshakes to come; those that stand stay. */
MUST_CHECK bool tunnel_server_reload(struct tunnel_server *s, struct error *e);
/* Closes tunnels whose token is gone. */
void tunnel_server_check_tokens(struct tunnel_server *s);
/* Sends GOAWAY to all; later tunnel_server_close. */
void tunnel_server_goaway(struct tunnel_server *s);
void tunnel_server_close(struct tunnel_server *s); /* closes every tunnel with 1001 */
void tunnel_server_free(struct tunnel_server *s);

/* Opens a stream for the delivery (its head is ready, its body perhaps coming). False when the tunnel is full. */
MUST_CHECK bool tunnel_open(struct tunnel *t, struct delivery *d);
/* More of the body, or its end, stands in the delivery: sends what the windows allow. */
void tunnel_pump(struct delivery *d);
/* Sends REQUEST with REFUSED, for the record only; opens no stream that lasts. */
void tunnel_tell_refused(struct tunnel *t, const struct delivery *d, int status);
/* The answer's bytes were taken by the sender's connection. */
void tunnel_consumed(struct delivery *d, size_t len);
/* Ends the stream: DONE when the answer is whole, else RESET with the code. Does nothing when it is over. */
void tunnel_finish(struct delivery *d, uint32_t reset_code, const char *reason);
