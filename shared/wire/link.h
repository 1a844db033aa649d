/* One end of a creel.v1 WebSocket, the same for relay and client: batches outgoing frames into one message a loop
 * turn, reassembles incoming messages, checks and hands out frames, and keeps the connection's flow-control window.
 *
 * The owner drives it from its lws callback (three lines a case) and gets frames through `on_frame`. Everything runs
 * on the loop's thread. The link does not own the wsi; after link_free no lws callback may use it. */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"
#include "shared/wire/wire.h"

struct lws;
struct link;

struct link_ops {
	/* One frame, borrowed for the call. Return false to close the connection with 1002 and the reason given by
	 * link_fail. WINDOW frames of stream 0 never come here: the link keeps them. */
	bool (*on_frame)(void *user, const struct wire_frame *frame);
	/* The connection's window opened again after link_may_send_body or link_may_send_long was false. */
	void (*on_credit)(void *user);
};

struct link *link_new(uv_loop_t *loop, struct lws *wsi, const struct link_ops *ops, void *user);
/* The memory goes when the loop has closed a handle. */
void link_free(struct link *l);

/* Where frames are appended (wire_encode_… into it); call link_flush_soon afterwards. The pointer stays valid. */
struct buffer *link_out(struct link *l);
/* At the end of this loop turn all frames appended until then leave in one message. */
void link_flush_soon(struct link *l);
/* Bytes appended and not yet handed to lws. */
size_t link_pending(const struct link *l);

/* Flow control of the whole connection: body bytes in REQUEST, RESPONSE and DATA count. A frame with body may be
 * sent while the window is above zero, even if it is longer than what is left. Streams keep their own windows. */
bool link_may_send_body(const struct link *l);
/* The same for what is long: it leaves a part of the window to others, so that a short answer need not wait until all
 * the long ones that began before it have what they can take. */
bool link_may_send_long(const struct link *l);
void link_sent_body(struct link *l, size_t len);
/* The owner received body bytes (already buffered or consumed by it): returns credit to the peer in good time. */
void link_received_body(struct link *l, size_t len);

/* A piece of a message that came, `ends` with its last one. */
void link_on_receive(struct link *l, struct bytes piece, bool binary, bool ends);
/* From the lws callback, which must return what it returns: 0, or -1 to close. */
int link_on_writable(struct link *l);

/* lws_set_timeout from outside lws' callbacks: lws 4.1.6 sets libuv's timer to its own only behind an event of its own,
 * of which this makes one. */
void link_set_timeout(struct lws *wsi, int reason, int seconds);
/* Notes why the connection is to be closed (the first reason stays); the next callback closes with `status`
 * (RFC 6455 §7.4: 1000, 1001, 1002, 1008) once everything appended before has left. */
void link_close(struct link *l, int status, const char *reason);
/* The peer's close frame came to an end that reads beside lws: it is answered (RFC 6455 §5.5.1), unless ours went
 * first.
 */
void link_answer_close(struct link *l, struct bytes payload);
/* For on_frame: link_close with 1002, returns false. */
bool link_fail(struct link *l, const char *reason);
/* "" when none was noted. When there is one, LWS_CALLBACK_WS_PEER_INITIATED_CLOSE is the answer to it: return -1. */
const char *link_close_reason(const struct link *l);
/* The status that it was or will be closed with by this end; 0: not by this end. */
int link_close_status(const struct link *l);
