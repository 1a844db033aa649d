/* One delivery on its way to one client (the stream of PROTOCOL.md §3 at the relay).
 *
 * Its states are those of stream_state.h, and stream_to is the only way from one state to the next. While open,
 * recorded or answering it is in its client's table, by number; it is always in its delivery's list, and holds the
 * delivery. Files, each calling only those before it: stream.c (states, tables), stream_spool.c (to the mailbox),
 * stream_send.c (to the client), stream_receive.c (from the client), stream_frames.c
 * (its frames), delivery_streams.c (all streams of a delivery).
 * Loop thread. */
#pragma once

#include "relay/common/delivery.h"
#include "relay/streams/stream_state.h"

struct client;
struct wire_frame;

/* How much was sent on this connection. */
enum stream_sent { STREAM_UNSENT, STREAM_BEGUN, STREAM_SENT };

/* What becomes of a client's streams, for drain.c: it hands out what waits in the mailbox. */
struct stream_events {
	/* A delivery was put into the mailbox. */
	void (*put)(struct client *c);
	/* The client has recorded the mailbox's row. */
	void (*recorded)(struct client *c, int64_t row);
	/* The client could not record what it got, out of the mailbox or live. */
	void (*not_recorded)(struct client *c);
	/* The client, or the relay, cannot read the mailbox's row. */
	void (*unreadable)(struct client *c, int64_t row);
	/* A stream out of the mailbox is over; `size` is that of its payload. */
	void (*ended)(struct client *c, size_t size);
};

struct stream {
	enum stream_state state;
	struct delivery *delivery;
	struct client *client;
	struct stream *sibling; /* the delivery's next */
	uint64_t id;            /* its number in the client's table; 0: in none */
	UT_hash_handle hh;

	enum stream_sent out;
	bool sent_before;    /* all of it, on a connection that was resumed */
	uint64_t sent;       /* bytes of the body, or of what the spool stored, on this connection */
	uint64_t moved_at;   /* loop ms: when something of it was handed over, or the client gave credit for it */
	uint64_t late_since; /* the due time at which it was found late; 0: never */
	int64_t send_window, receive_window;
	uint32_t credit_due;
	size_t stale; /* bytes of the answer, from an earlier connection, that are still to be passed on and give no
			 credit */
	uint64_t body_seen; /* bytes of the answer's body that came */

	bool blocked; /* in the client's list: waits for the connection's window */
	struct stream *blocked_prev, *blocked_next;
	struct stream *queue_prev, *queue_next; /* while queued: the registry's list */
};

/* Opens one for the client, STREAM_OPEN or STREAM_SPOOLING. NULL when the client has too many or memory ran out. */
struct stream *stream_open(struct client *c, struct delivery *d, enum stream_state first);
/* Ends it without a word to anybody, and frees it. */
void stream_close(struct stream *st);

/* To the next state, and into or out of the tables and counts that go with it. A step that is not allowed aborts the
 * process. */
void stream_to(struct stream *st, enum stream_state to);

/* stream_detach takes it out of its client's table; stream_attach puts it into another client's (or the same one's),
 * under that table's next number. False when out of memory: it is in no table. */
void stream_detach(struct stream *st);
MUST_CHECK bool stream_attach(struct stream *st, struct client *to);

/* Put it into, and take it out of, the client's list of streams that wait for the connection's window. */
void stream_block(struct stream *st);
void stream_unblock(struct stream *st);

/* ---- stream_spool.c ---- */

/* To be called when more of a spooling stream's delivery came: writes it into the mailbox once all of it is here. May
 * close the stream. */
void stream_spool(struct stream *st);
/* To be called when the client will not answer, or cannot have it now. The delivery goes to the mailbox if it may wait
 * there and is not recorded; otherwise the stream is over, and the sender gets `why` unless another stream answers. */
void stream_give_up(struct stream *st, enum refusal why);
/* Ends it because there is no space for its copy; the client learns of a gap once the delivery is safe elsewhere. */
void stream_miss(struct stream *st, enum refusal why);

/* ---- stream_send.c ---- */

/* To be called for more of the delivery, its end, or an open window: sends what there is, or hands the whole to the
 * spool. May close the stream. */
void stream_pump(struct stream *st);
/* To be called when the connection's window is open again: pumps the client's streams that waited for it. */
void stream_pump_blocked(struct client *c);
/* After 101: whether bytes from the sender may go to the app now; if not, the delivery's `window_opened` is called when
 * they may. */
MUST_CHECK bool stream_may_pass(struct stream *st);
void stream_pass(struct stream *st, struct bytes piece, bool end);
/* To be called when the connection is gone: what was not recorded begins again on the next one. */
void stream_restart(struct stream *st);
/* Sends RESUME for it. */
void stream_tell_resume(struct stream *st);
/* Sends RESET where something of it was sent. */
void stream_send_reset(struct stream *st, uint32_t code, const char *reason);
/* Sends DONE. */
void stream_send_done(struct stream *st);
/* Whether the client knows of it. */
bool stream_was_sent(const struct stream *st);
/* For an open stream of a connected client: the loop time in ms at which --record-timeout has passed without progress.
 * It counts as progress, because the stream only waits its turn, when the client records what was sent before it, or
 * takes bytes while some of this one are still to be sent. */
uint64_t stream_record_due(const struct stream *st);
/* To be called when `len` bytes of its answer were passed on: returns credit to the client in good time. */
void stream_credit(struct stream *st, size_t len);

/* ---- stream_receive.c: frames of the client, already decoded. False: it broke the protocol. May close the stream. */

MUST_CHECK bool stream_on_recorded(struct stream *st);
MUST_CHECK bool stream_on_response(struct stream *st, const struct wire_response *v, bool end);
MUST_CHECK bool stream_on_data(struct stream *st, struct bytes body, bool end);
MUST_CHECK bool stream_on_trailers(struct stream *st, struct bytes trailers);
MUST_CHECK bool stream_on_window(struct stream *st, uint32_t credit);
void stream_on_reset(struct stream *st, uint32_t code);

/* ---- stream_frames.c ---- */

/* Takes a frame of one of the client's streams, that may come from a client at all (wire_place.h). Returns NULL, or how
 * it breaks the protocol: the connection is then to be closed. */
MUST_CHECK const char *stream_take_frame(struct client *c, const struct wire_frame *f);
