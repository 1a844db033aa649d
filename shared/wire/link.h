/* One end of a creel.v1 WebSocket, the same for relay and client. It sends the frames of one loop turn as one message,
 * puts incoming messages together, hands out their frames, and keeps the connection's flow-control window.
 *
 * The owner drives it from its lws callback and gets frames through `on_frame`. Loop thread. The link does not own the
 * wsi; after link_free no lws callback may use the link. */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"
#include "shared/wire/wire.h"

struct lws;
struct link;

/* Bytes that wait for the socket, heads included. With this many the queue is full until half of them have left: larger
 * than the window, so that a peer that reads never sees it. */
#define LINK_QUEUE (8u << 20)

struct link_ops {
	/* A frame came; it is borrowed for the call. False: the connection is to be closed, and link_fail was called.
	 * WINDOW frames of stream 0 do not come here: they are the link's. */
	bool (*on_frame)(void *user, const struct wire_frame *frame);
	/* link_may_send_body or link_may_send_long was false, and may be true now: the connection's window opened, or
	 * half of what filled the queue left. */
	void (*on_credit)(void *user);
};

struct link *link_new(uv_loop_t *loop, struct lws *wsi, const struct link_ops *ops, void *user);
/* NULL allowed. The memory is freed when the loop has closed a handle. */
void link_free(struct link *l);

/* The buffer that wire_encode_… appends frames to; link_flush_soon sends them. Its memory is there from here until all
 * of it has left: call this again for each frame. */
struct buffer *link_out(struct link *l);
/* The same for a part of a long body: with room for all that link_may_send_long lets wait, which would otherwise be
 * moved each time that the buffer grows. */
struct buffer *link_out_long(struct link *l);
/* Whether the queue is full (LINK_QUEUE): frames that may wait should, until on_credit. */
bool link_is_full(const struct link *l);
/* For how long nothing has left of what waits here or in lws, in ms, if this is called each second; 0: nothing waits.
 * Control frames of the peer change nothing in it. */
uint64_t link_stalled_ms(struct link *l);
/* Whether the system still holds much of what was sent, but not as much as at the last call: the line is slow. */
bool link_moves(struct link *l);
/* Sends what was appended at the end of this loop turn, in one message. */
void link_flush_soon(struct link *l);

/* Flow control of the whole connection: body bytes in REQUEST, RESPONSE and DATA count. A frame with body may be
 * sent while the window is above zero, even if it is longer than what is left, and not while the queue is full.
 * Streams keep their own windows. */
bool link_may_send_body(const struct link *l);
/* The same for long bodies: leaves a part of the window to others, so that a short answer does not wait behind long
 * ones that began before it, and is false from nearly half a MiB in the queue on: whoever has a long body keeps it
 * already. */
bool link_may_send_long(struct link *l);
void link_sent_body(struct link *l, size_t len);
/* The owner took body bytes: returns credit to the peer in good time. Closes with 1002 when they were beyond the
 * window.
 */
void link_received_body(struct link *l, size_t len);

/* A piece of a message came; `ends`: its last one. */
void link_on_receive(struct link *l, struct bytes piece, bool binary, bool ends);
/* For LWS_CALLBACK_…_WRITEABLE, which returns what this returns: 0, or -1 to close. */
int link_on_writable(struct link *l);

/* lws_set_timeout for use outside lws' callbacks: lws 4.1.6 sets libuv's timer only after an event of its own, and this
 * makes one. */
void link_set_timeout(struct lws *wsi, int reason, int seconds);
/* Closes with `status` (RFC 6455 §7.4: 1000, 1001, 1002, 1008) and the reason, once all that was appended before has
 * left. A second call changes nothing. */
void link_close(struct link *l, int status, const char *reason);
/* For an end that reads without lws: answers the peer's close frame (RFC 6455 §5.5.1), unless ours went first. */
void link_answer_close(struct link *l, struct bytes payload);
/* For on_frame: link_close with 1002, returns false. */
bool link_fail(struct link *l, const char *reason);
/* What link_close was given, or "". With a reason, LWS_CALLBACK_WS_PEER_INITIATED_CLOSE is the answer to our close:
 * return -1 there. */
const char *link_close_reason(const struct link *l);
/* The status that it was or will be closed with by this end; 0: not by this end. */
int link_close_status(const struct link *l);
