/* Wires the client's stages together: tunnel → recorder → forwarder → tunnel, one struct stream a delivery (stream.h,
 * which draws the layers below). Loop thread. */
#pragma once

#include "client/stream/session_options.h"
#include "client/stream/wire_out.h"
#include "client/tunnel/tunnel.h"

struct session;

/* NULL when out of memory. Options are copied; what they point to, and the events, live as long as the session. */
struct session *session_new(uv_loop_t *loop, const struct session_options *options, struct recorder *recorder,
			    struct forwarder *forwarder, const struct session_events *events, void *user);
/* The tunnel's callbacks, with the session as their user. */
extern const struct tunnel_ops session_tunnel_ops;
/* Takes no more deliveries. */
void session_drain(struct session *s);
/* Deliveries that are being recorded or called, or whose call is being recorded. */
size_t session_busy(const struct session *s);
/* Cancels the calls under way; their attempts are recorded as cancelled. */
void session_cancel(struct session *s);
/* After the recorder was closed and has called back for the last time. */
void session_free(struct session *s);

/* What session_tunnel_ops does at WELCOME, for any way out: `out` is the connection until it is lost. */
void session_welcome(struct session *s, struct wire_out out, const struct wire_welcome *welcome);
