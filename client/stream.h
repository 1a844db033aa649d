/* One delivery on the client, from REQUEST to the last byte of the answer and the attempt's record.
 *
 *    receiving ─▶ committing ─▶ calling ─▶ over      (the answer leaves while calling, or a little after)
 *        └─ dropped   └─ refused back to the relay, or a duplicate
 *
 * Freed in one place, stream_release, when neither the wire nor the store nor the app needs it. Loop thread. */
#pragma once

#include <uthash.h>

#include "client/session.h"
#include "shared/wire.h"

struct stream {
	struct session *session;
	uint64_t id;
	UT_hash_handle hh; /* by id, while the relay knows the stream */
	bool on_wire;      /* in the session's table */
	bool committing, calling, recording;
	bool refused; /* only for the record */

	struct wire_request request; /* views into `head` */
	struct buffer head, body, trailers;
	uint64_t body_size;
	uint32_t credit_due;
	int64_t receive_window;

	int64_t delivery_id;
	int attempt;
	struct forward *forward;
	struct forward_result result;

	/* The answer: on its way to the relay, and for the record. */
	int status;
	uint64_t answer_len;
	struct buffer answer_reason, answer_headers, answer_record;
	uint64_t answer_size;
	struct buffer unsent;
	bool head_here, head_sent, answer_whole, answer_aborted;
	int64_t send_window;
	bool dirty; /* in the session's list of streams to flush at the turn's end */
	struct stream *dirty_next;
	struct stream *live_next, **live_back;
};

struct session {
	uv_loop_t *loop;
	struct session_options options;
	struct recorder *recorder;
	struct forwarder *forwarder;
	struct tunnel *tunnel;
	const struct session_events *events;
	void *user;
	struct stream *streams;
	struct stream *dirty;
	uv_idle_t flush; /* active while streams are dirty */
	size_t busy;
	bool draining, cancelled;
	bool looked_back;    /* for deliveries of an earlier run */
	struct stream *live; /* all there are, by live_next */
};

/* NULL when out of memory. */
struct stream *stream_new(struct session *s, uint64_t id, const struct wire_request *request, bool refused);
/* The request is whole: commit, then call the app. */
void stream_commit(struct stream *st);
/* Calls the app again for a delivery of an earlier run; no sender waits. */
void stream_finish_old(struct session *s, struct unfinished *old);
/* More of the body. False when it is beyond its window or memory ran out. */
MUST_CHECK bool stream_take_body(struct stream *st, struct bytes body);
/* Sends what the windows allow of the answer. */
void stream_send_answer(struct stream *st);
/* The relay knows the stream no more: nothing is sent on it. */
void stream_leave_wire(struct stream *st);
/* session.c: sends what there is of its answer before the loop sleeps again. */
void session_mark_dirty(struct session *s, struct stream *st);
/* Frees it when nothing holds it. */
void stream_release(struct stream *st);
