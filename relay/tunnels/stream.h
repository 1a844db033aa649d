/* One delivery on its way to one client: its frames, windows, and what becomes of it when the client goes.
 *
 *    live ─▶ recorded ─▶ over                    a client that is there, or may be back within the grace
 *      └─▶ spooling ─▶ over                      on its way to the client's mailbox
 *
 * Belongs to its client's table while live, to its delivery's list always. Loop thread. */
#pragma once

#include "relay/common/delivery.h"

struct client;

struct stream {
	struct delivery *delivery;
	struct client *client;
	struct stream *sibling; /* the delivery's next */
	uint64_t id;            /* 0: spooling, not in the client's table */
	UT_hash_handle hh;

	int64_t send_window, receive_window;
	uint32_t credit_due;
	size_t stale;  /* bytes of the answer to be taken that give no credit: of an earlier connection */
	uint64_t sent; /* bytes of the body, or of `stored`, on this connection */
	bool request_sent, end_sent;
	bool end_sent_before; /* on a connection that was resumed */
	bool recorded;
	bool head;          /* RESPONSE came */
	uint64_t body_seen; /* bytes of the answer's body that came */

	bool spooling, put; /* is to go to the spool; is on its way */
	bool queued;        /* whole, and waits until fewer bytes are on their way */
	struct stream *queue_next, **queue_back;
	struct stream *blocked_next; /* waits for the connection's window */
	bool blocked;
};

/* Opens one for the client: live, or `spooling`. NULL when the client has too many or memory ran out. */
struct stream *stream_open(struct client *c, struct delivery *d, bool spooling);
/* More of the delivery, its end, or open windows: sends what there is, or hands the whole to the spool. */
void stream_pump(struct stream *st);
/* After 101. Whether bytes of the sender may go to the app now; if not, `window_opened` is called when they may.
 */
MUST_CHECK bool stream_may_pass(struct stream *st);
void stream_pass(struct stream *st, struct bytes piece, bool end);
/* The connection is gone: what was not recorded begins again on the next one. */
void stream_restart(struct stream *st);
/* The client will not answer, or cannot have it now: to the spool if it may wait there and is not recorded, else over;
 * the sender gets `why` if nothing better comes. */
void stream_give_up(struct stream *st, enum refusal why);
/* Over, without a word. */
void stream_close(struct stream *st);
/* RESUME for it. */
void stream_tell_resume(struct stream *st);

/* Frames of the client, already decoded. False: it broke the protocol. May close the stream. */
MUST_CHECK bool stream_on_recorded(struct stream *st);
MUST_CHECK bool stream_on_response(struct stream *st, const struct wire_response *v, bool end);
MUST_CHECK bool stream_on_data(struct stream *st, struct bytes body, bool end);
MUST_CHECK bool stream_on_window(struct stream *st, uint32_t credit);
void stream_on_reset(struct stream *st, uint32_t code);

/* Counts what the delivery needs of the disk, with `more` bytes of its body that are just coming, and takes the space
 * for it; when there is none, says which limit it was, and it has what it had. Call it when a stream was opened or is
 * to go to the spool, and before the body grows. */
enum refusal delivery_take_quota(struct delivery *d, uint64_t more);
/* Counts anew what is needed no more, and lets go of a body that no stream reads. */
void delivery_give_quota(struct delivery *d);
/* The copies that are on their way to the spool find no room: they are missed, where a client that is here may still
 * get its own. False when there were none, or it is all there is. */
bool delivery_leave_out_copies(struct delivery *d, enum refusal why);

/* All streams of a delivery. */
void delivery_pump(struct delivery *d);
/* The answer's bytes were taken by the sender's connection. */
void delivery_consumed(struct delivery *d, size_t len);
/* Nobody waits any more: RESET where something was sent. */
void delivery_reset(struct delivery *d, uint32_t code, const char *reason);
/* Its body will not come whole. For the record RESET where something was sent, a REQUEST with REFUSED where nothing
 * was; `status` is what the sender got, 0: nothing. */
void delivery_cut(struct delivery *d, uint32_t code, int status, const char *reason);
/* The reply timeout passed: what no client has recorded goes to the spool, the rest is reset. */
void delivery_on_timeout(struct delivery *d);
/* The sender is gone, or its answer is through: streams that only the sender waited for end. The hold is given back. */
void delivery_leave_sender(struct delivery *d);
