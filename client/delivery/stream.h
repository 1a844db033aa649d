/* One delivery on the client, from REQUEST to the last byte of the answer and the attempt's record (PROTOCOL.md §3).
 *
 *    receiving ─▶ committing ─▶ calling ─▶ answered ─▶ over      (the answer leaves while calling, or a little after)
 *        └─ dropped   └─ refused back to the relay, or known
 *
 * The relay knows a stream (`on_wire`) until its DONE or a RESET; meanwhile a lost connection may be resumed, so what
 * it has not credited of the answer is kept. Freed in one place, stream_release, when neither the wire nor the store
 * nor the app needs it. Loop thread.
 *
 *    session.c  frames to streams          stream.c  life, the way in, the commit
 *    resume.c   lost and found again       call.c    the app's call and its record
 *    sealed.c   SEALED to plain frames     response.c  what goes back to the relay
 *    hold.c     deliveries that wait for the app         left_over.c  those of an earlier run
 *    asked.c    replays that another program asked for       answer_challenge.c  --answer-challenges
 *    weather.c  --chaos, between the commit and the call       recognise.c  who sent it, does its signature hold */
#pragma once

#include <uthash.h>

#include "client/common/limits.h"
#include "client/delivery/session.h"
#include "shared/signature/signature.h"
#include "shared/disk/spill.h"
#include "shared/wire/wire.h"

#define BODY_SLACK                                                                                                     \
	(1u << 20) /* over the longest body allowed: heads and tags, or bytes under way when it passed the limit */

/* Body bytes received on one stream, and the credit that goes back for them. */
struct inflow {
	int64_t window;
	uint32_t due;
};

/* The answer on its way to the relay. Offsets are of its body. */
struct answer {
	int status;
	uint64_t body_len; /* as the app declared */
	struct buffer reason, headers;
	struct buffer kept;       /* from `kept_from` on: not credited, or not sent */
	uint64_t kept_from, sent; /* `sent`: where the next byte sent on this connection stands */
	uint64_t credited;        /* may run ahead of what was sent */
	uint64_t reached;         /* the furthest byte ever sent: no relay has seen more */
	int64_t window;
	bool head_here, head_sent, head_ever_sent;
	bool whole, aborted; /* the app ended well, or broke off */
	bool end_sent;
	struct answered given; /* when it was */
};

struct hold;

struct stream {
	struct session *session;
	uint64_t id;
	UT_hash_handle hh;      /* by id, while the relay knows the stream */
	bool on_wire;           /* in the session's table */
	bool whole;             /* the request came to its end */
	bool upgrade, upgraded; /* the sender asks for a WebSocket; the app said 101 */
	bool up_ended, hang_up; /* the sender sends no more; the app's connection is to be closed at the turn's end */
	bool committing, committed; /* on its way to the disk, or there: only then anything goes back to the relay */
	bool begun;                 /* the app is called, or will be, or has been: committed is enough for that */
	bool calling, recording, recorded; /* its end goes on record, or is there */
	bool refused;                      /* only for the record */
	bool listed;                       /* by the RESUME frames of this connection */
	bool relay_recorded;               /* the relay said so in RESUME */
	bool resend, resend_begun;         /* the relay sends the request again: ignored */
	bool old;                          /* of an earlier run: left_over.c waits for its end */
	enum delivery_origin origin;       /* ORIGIN_SPOOL: nobody waits for the answer */

	struct wire_request request; /* views into `head` */
	struct buffer head, trailers;
	struct spill body;
	uint64_t body_size;
	struct inflow inflow;
	struct buffer up; /* after 101: of the sender, not yet with the app */
	size_t up_at;

	/* recognise.c */
	const char *provider; /* or NULL */
	struct buffer event;
	enum signature_verdict signature;

	int64_t delivery_id;
	int64_t replay_of, job; /* a replay that was asked for (asked.c), or 0 */
	int attempt;
	struct forward *forward;
	struct forward_result result;
	struct store_attempt record; /* of the call's end; its views are the stream's */
	struct stream *unrecorded_next;
	struct hold *hold; /* called for it (hold.c) */
	/* weather.c */
	struct chaos_fate fate;
	unsigned chaos;       /* enum chaos_mark: what became of it */
	struct spell *spell;  /* it is not called yet */
	struct buffer spoilt; /* headers for the app in the place of the request's, or empty */

	struct answer answer;
	/* For the record, where it differs from what goes back. */
	bool answered_instead;
	struct buffer came_reason, came_headers;
	struct buffer called; /* the URL, then the sentence of the call that is over */
	struct spill came_body;
	uint64_t came_size;
	bool came_cut;       /* no more of it is kept */
	bool abandoned;      /* its sender went while the app was called: the answer is for the record alone */
	uint64_t unheard;    /* bytes of it that came since */
	enum answer_cut cut; /* why not all of it was read */

	bool dirty; /* in the session's list of streams to flush at the turn's end */
	struct stream *dirty_next;
	struct stream *live_next, **live_back;
};

/* A stream that the client ended while the relay, after a resumption, was sending its request again. */
struct ended {
	uint64_t id;
	UT_hash_handle hh;
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
	struct sealed *sealed; /* deliveries that come sealed, by stream */
	struct stream *dirty;
	uv_idle_t flush;           /* active while streams are dirty */
	struct stream *unrecorded; /* their attempts could not be recorded, and are to be tried again */
	uv_timer_t record_again;
	uv_timer_t grace;    /* active while streams wait for their connection's return */
	struct link *link;   /* greeted by WELCOME */
	struct link *wire;   /* the same once streams may be sent on: not while RESUME frames come */
	struct ended *ended; /* on this connection: what comes of them is no new delivery */
	bool listing;
	uint64_t last_listed;
	uint32_t grace_ms;
	uint64_t max_body;
	size_t busy;
	bool draining, cancelled;
	bool looked_back;      /* for deliveries of an earlier run */
	bool store_fails;      /* said so */
	struct left_over *old; /* to be called yet */
	size_t old_running;
	uv_timer_t asked_look;
	int64_t asked[LIMIT_ASKED]; /* jobs taken */
	size_t asked_count;
	struct hold *holds;      /* one a route, or NULL */
	struct weather *weather; /* with --chaos */
	struct confirm *confirm; /* or NULL */
	struct stream *live;     /* all there are, by live_next */
	int open_handles;
};

/* ---- stream.c ---- */

/* NULL when out of memory. */
struct stream *stream_new(struct session *s, uint64_t id, const struct wire_request *request, bool refused);
/* The request is whole: commit, then call the app. */
void stream_commit(struct stream *st);
/* More of the body. False when memory or disk ran out (errno): stream_give_up is what is left then. */
MUST_CHECK bool stream_take_body(struct stream *st, struct bytes body);
/* There is no room for it: refused back to the relay. The stream may be gone afterwards. */
void stream_give_up(struct stream *st);
/* What the store is given of a body: its first --record-max bytes. */
void stream_recorded_part(const struct stream *st, const struct spill *body, struct bytes *view,
			  const struct spill **spilled);
/* A delivery out of the store, no sender waits; the bodies change hands. NULL when out of memory. */
struct stream *stream_of_taken(struct session *s, struct taken *t);
void stream_tell_delivery(struct stream *st);
/* The relay knows the stream no more: nothing is sent on it. */
void stream_leave_wire(struct stream *st);
/* Frees it when nothing holds it. */
void stream_release(struct stream *st);
/* resume.c: what the relay still sends again of it is to be ignored. */
void session_note_ended(struct session *s, uint64_t id);
/* Whether the request is of such a stream. */
bool session_has_ended(const struct session *s, uint64_t id);
/* call.c: the whole answer was given to the tunnel. */
void stream_answer_given(struct stream *st);
/* call.c: tries once more what could not be recorded; no longer once the session ends. */
void session_record_again(struct session *s);
/* RESET when it can be sent; the stream leaves the wire in any case. */
void stream_send_reset(struct stream *st, enum wire_reset code, const char *reason);
void stream_send_recorded(struct stream *st);
/* Where its frames may go now, or NULL. */
struct link *stream_wire(const struct stream *st);
/* The two halves of inflow_take: bytes that come, and bytes that have gone on. */
MUST_CHECK bool inflow_come(struct inflow *in, size_t len);
void inflow_gone(struct inflow *in, struct link *l, uint64_t id, size_t len);
/* Counts bytes that came on stream `id` and returns credit in good time. False when they are beyond the window. */
MUST_CHECK bool inflow_take(struct inflow *in, struct link *l, uint64_t id, size_t len);
/* After a frame was appended, or could not be. */
void append_or_close(struct link *l, bool appended);

/* recognise.c: when the request is whole, before it is committed. */
void stream_mark(struct stream *st);

/* ---- call.c ---- */

void stream_call_app(struct stream *st);
/* This is the answer: the app is not called; the sentence says why, for the record. */
void stream_answer_as_app(struct stream *st, int status, struct bytes headers, struct bytes body, const char *sentence);
/* After 101: bytes of the sender. */
MUST_CHECK bool stream_take_upgraded(struct stream *st, struct bytes piece, bool end);
/* The sender is gone, or the connection to the relay: the app's is closed. May free the stream. */
void stream_hang_up(struct stream *st);
/* The index of the route that a target goes to. */
size_t session_route(const struct session *s, struct bytes target);

/* answer_challenge.c: false when it is none to be answered. */
MUST_CHECK bool stream_answer_challenge(struct stream *st);

/* ---- response.c ---- */

/* Sends what the windows allow of the answer. */
void stream_send_answer(struct stream *st);
/* A piece from the app. False when the app is to be made to wait. */
MUST_CHECK bool stream_keep_answer(struct stream *st, struct bytes piece);
/* The client answers in the app's place: what became of the call. */
void stream_answer_instead(struct stream *st);
/* An answer of a status and nothing else. */
void stream_answer_status(struct stream *st, int status);
/* WINDOW for the stream. False when the window is lifted above 2^31. */
MUST_CHECK bool stream_take_credit(struct stream *st, uint32_t credit);
/* Goes back to where the relay stands. False when it claims what was never sent. */
MUST_CHECK bool stream_rewind_answer(struct stream *st, bool head, uint64_t body_seen);

/* ---- resume.c ---- */

void session_welcome(struct session *s, struct link *l, const struct wire_welcome *w);
MUST_CHECK bool session_on_resume(struct session *s, struct link *l, const struct wire_frame *f);
void session_lost(struct session *s, bool may_resume);

/* ---- session.c ---- */

/* Sends what there is of its answer before the loop sleeps again. */
void session_mark_dirty(struct session *s, struct stream *st);
/* stream_hang_up then. */
void session_hang_up_soon(struct session *s, struct stream *st);
/* A stream for a delivery that begins; NULL when there is no room for it and the relay was told so. */
struct stream *session_admit(struct session *s, struct link *l, uint64_t id, const struct wire_request *r,
			     uint8_t flags);
/* The store took a delivery, or did not (`e`): says so once. */
void session_store_works(struct session *s, const struct error *e);

/* ---- sealed.c ---- */

MUST_CHECK bool session_on_sealed(struct session *s, struct link *l, const struct wire_frame *f);
struct sealed *sealed_find(struct session *s, uint64_t id);
/* The relay took it back. */
void sealed_drop(struct session *s, uint64_t id);
void sealed_drop_all(struct session *s);

/* ---- left_over.c, asked.c, weather.c, hold.c ---- */

/* Looks what an earlier run left: once, when the tunnel's name is known. */
void session_look_back(struct session *s);
/* An old one's call is over. */
void old_call_over(struct session *s);
void old_forget(struct session *s);

void asked_init(struct session *s);
/* Looks for them from now on: the tunnel's name is known. */
void asked_begin(struct session *s);
void asked_stop(struct session *s);
/* The call of one is on record. */
void asked_over(struct stream *st);

MUST_CHECK bool weather_init(struct session *s);
/* Calls the app when the delivery's weather is over. */
void weather_take(struct stream *st);
/* Its call is on record: whether another follows. */
MUST_CHECK bool weather_call_again(struct stream *st);
/* Calls all that wait. */
void weather_drain(struct session *s);
/* Puts back all that wait: the next run calls them. */
void weather_cancel(struct session *s);
void weather_close(struct session *s);

MUST_CHECK bool hold_init(struct session *s);
/* The delivery is on record as held. */
void hold_add(struct session *s, size_t route, int64_t delivery_id);
/* The call of a held one is over; `again` when the app was not there still. */
void hold_call_over(struct hold *h, bool again);
/* The app of this route took a call. */
void hold_app_is_there(struct session *s, size_t route);
void hold_stop(struct session *s);
/* Closes the timers, each with the session as its data and counted in open_handles; hold_free after the last. */
void hold_close(struct session *s, uv_close_cb closed);
void hold_free(struct session *s);
