/* One delivery on the client, from REQUEST to the last byte of the response and the record of the app's call
 * (PROTOCOL.md §3), and the set of them that a session has.
 *
 * The relay knows a stream (`on_wire`) until its DONE or a RESET; meanwhile a lost connection may be resumed, so what
 * it has not credited of the response is kept. Freed in one place, stream_release, when neither the relay nor the store
 * nor the app needs it. Loop thread.
 *
 * The layers; a file calls those of its own line and of the lines above it, never of those below:
 *
 *    wire_out, ends, inflow             the relay, the app and the store, as tables that a test replaces
 *    stream_states, stream              stages; life and place on the wire
 *    chaos                              the fate that --chaos gives a delivery
 *    report, recognise                  what the user is shown; who sent it, does its signature hold
 *    response                           what goes back to the relay
 *    attempt                            the record of a call
 *    call                               the app's call
 *    commit, taken                      into the store; out of it again
 *  client/origin
 *    hold                               deliveries that wait for the app: --hold
 *    weather                            --chaos, between the commit and the call
 *    challenge, confirm, answer_challenge   --answer-challenges
 *    asked, left_over, live             who else has the app called: another program, an earlier run; and live ones
 *  client/session
 *    inbound, sealed, resume            frames that bring a request; a lost connection
 *    session                            all of it together, under the tunnel */
#pragma once

#include <uthash.h>

#include "client/stream/chaos.h"
#include "client/stream/inflow.h"
#include "client/stream/session_options.h"
#include "client/stream/wire_out.h"
#include "client/stream/stream_states.h"
#include "shared/disk/spill.h"
#include "shared/signature/signature.h"
#include "shared/wire/wire.h"

/* What goes to the relay of the app's answer. Offsets are into its body. */
struct response {
	int status;
	uint64_t body_len; /* as the app declared, or WIRE_UNKNOWN_LENGTH */
	struct buffer reason, headers, trailers;
	struct buffer kept;       /* from `kept_from` on: not sent, or not credited and not on record either */
	uint64_t kept_from, sent; /* `sent`: where the next byte sent on this connection stands */
	uint64_t credited;        /* may run ahead of what was sent */
	uint64_t reached;         /* the furthest byte ever sent: no relay has seen more */
	int64_t window;
	size_t counted;        /* of its buffers, in the stream's `held` */
	bool head_ever_sent;   /* on this connection or one before */
	struct answered given; /* when the whole of it had been given to the tunnel */
};

/* What the record has of the app's answer. */
struct answer {
	bool apart; /* reason, headers and trailers differ from the response's: they are here */
	struct buffer reason, headers, trailers; /* empty unless apart */
	struct buffer raw;                       /* as struct message has it */
	struct spill body;
	uint64_t size;       /* as it came */
	bool full;           /* no more of it is kept */
	uint64_t unheard;    /* bytes that came since the sender went */
	enum answer_cut cut; /* why not all of it was read */
};

struct stream;
struct streams;

/* Who has the app called for a delivery: one table for live and spooled ones, for those held, left over by an earlier
 * run, asked for by another program, and sent twice by --chaos. `by_user` of the stream is that origin's own. */
struct origin_ops {
	bool once;                    /* the call does not wait for an app that is not there */
	bool may_hold;                /* with --hold it waits for the app when that is not there */
	bool taken_while_draining;    /* out of the store, though the session ends */
	enum delivery_state put_back; /* taken and not wanted any more; DELIVERY_SENDING: it is left so */
	/* In the store: has the app called (call_begin), now or later. May be NULL: now. */
	void (*begin)(struct stream *st);
	/* Whether the call that just ended (st->result) counts. If not, nothing of it is shown or recorded. May be
	 * NULL: it does. */
	bool (*counts)(const struct stream *st);
	/* The app took the call. */
	void (*reached)(struct stream *st);
	/* The call is over (CALL_OVER), its record is on its way; or there was none that counts (CALL_LEFT). May be
	 * NULL. */
	void (*over)(struct stream *st);
	/* The record of the call is made (RECORD_DONE), or given up (RECORD_GIVEN_UP). */
	void (*recorded)(struct stream *st);
	/* It could not be taken out of the store. `gone`: it is not to be called any more. May be NULL. */
	void (*not_taken)(void *user, int64_t id, bool gone);
};

/* What is done for a stream at the end of the loop's turn. */
enum turn { TURN_NOTHING, TURN_SEND, TURN_HANG_UP };
/* Whether the RESUME frames of this connection listed it. */
enum listed { LISTED_NOT, LISTED_OPEN, LISTED_RECORDED };

struct stream {
	struct streams *set;
	uint64_t id;
	UT_hash_handle hh; /* by id, while the relay knows the stream */
	unsigned pins;     /* functions that still use it */

	enum inbound_state inbound;
	enum commit_state commit;
	enum call_state call;
	enum record_state record;
	enum response_state response_state;
	enum sent_state sent;
	enum resent_state resent;
	enum listed listed;

	enum delivery_origin origin; /* ORIGIN_SPOOL: nobody waits for the answer */
	const struct origin_ops *by;
	void *by_user;
	bool on_wire;      /* in the set's table */
	bool counted;      /* as busy */
	bool upgrade;      /* the sender asks for a WebSocket */
	bool up_ended;     /* after 101: the sender sends no more */
	bool abandoned;    /* the sender went while the app was called: the answer is for the record alone */
	bool report_waits; /* its call is over and was not shown, as its delivery has no number yet */

	/* The request. */
	struct wire_request request; /* views into `head` */
	struct bytes tunnel;         /* likewise: its name, which may be another after the next WELCOME */
	struct buffer head, trailers;
	struct spill body;
	uint64_t body_size;
	size_t held; /* bytes of memory counted in the set */
	struct inflow inflow;
	struct buffer up; /* after 101: of the sender, not yet with the app, from `up_at` on */
	size_t up_at;

	/* recognise.c */
	const char *provider; /* or NULL */
	struct buffer event;
	enum signature_verdict signature;

	/* The call. */
	int64_t delivery_id; /* below 0: on record, without a number of the database yet (recorder.h) */
	int64_t replay_of;   /* or 0 */
	int64_t job;         /* of another program, which the attempt's record ends, or 0 */
	size_t route;
	const struct route_rule *skipped; /* by --skip or, with an empty text, by --only; or NULL: the app is called */
	int attempt;
	struct forward *forward; /* while the app is called */
	struct forward_result result;
	struct buffer spoilt; /* headers for the app in the place of the request's, or empty */
	struct buffer called; /* the URL, then the sentence of the call that is over */
	struct store_attempt attempt_record;
	struct stream *retry_next;
	struct chaos_fate fate;
	unsigned chaos; /* enum chaos_kind: what became of it */

	struct response response;
	struct answer answer;

	enum turn turn;
	struct stream *turn_next;
	struct stream *live_next, **live_back;
};

/* A stream that the client ended while the relay, after a resumption, was sending its request again. */
struct ended {
	uint64_t id;
	UT_hash_handle hh;
};

struct holds;
struct store_probe;
struct stubs;

/* All deliveries of a session, with what they share. */
struct streams {
	uv_loop_t *loop;
	struct session_options options;
	const struct session_events *events;
	void *user;
	const struct record_ops *record;
	struct recorder *recorder;
	const struct app_ops *app;
	struct forwarder *forwarder;
	char tunnel_name[64], public_url[600]; /* of the last WELCOME; "" before */

	const struct wire_out *greeted; /* the connection, from WELCOME on */
	const struct wire_out *wire;    /* the same once streams may be sent on: not while RESUME frames come */
	uint64_t max_body;              /* as WELCOME has it */
	struct stream *by_id;
	struct ended *ended; /* on this connection: frames that still come for them are ignored */

	struct stream *live; /* all there are, by live_next */
	size_t held;         /* bytes of memory, about: their heads, and bodies that are not in a file */
	size_t busy;         /* streams whose commit, call or record is under way */
	size_t taking;       /* deliveries on their way out of the store */

	struct stream *turn; /* something is to be done for them at the turn's end */
	uv_idle_t turn_end;  /* active while there are */
	void (*on_turn_end)(uv_idle_t *h);
	struct stream *retry; /* their attempts could not be recorded, and are to be tried again */
	uv_timer_t retry_timer;
	struct holds *holds;       /* hold.c's, or NULL */
	struct stubs *stubs;       /* stub.c's, or NULL */
	struct store_probe *probe; /* route.c's; NULL: there are no filters */
	bool draining, cancelled;
	bool store_fails; /* the user was told so */
};

/* Puts a new stream into the set, on the wire unless `id` is 0. The request is copied, but for its body. NULL when out
 * of memory. */
struct stream *stream_new(struct streams *set, uint64_t id, const struct wire_request *request);
/* Frees it when nothing needs it any more. */
void stream_release(struct stream *st);
/* Between the two it is not freed; stream_unpin releases it. */
void stream_pin(struct stream *st);
void stream_unpin(struct stream *st);

/* The stream that the relay knows by this number, or NULL. */
struct stream *stream_find(const struct streams *set, uint64_t id);
/* Counts memory that the stream holds (negative: no longer holds), until it ends. */
void stream_hold(struct stream *st, int64_t bytes);
/* Whether more may be held: LIMIT_HELD bounds all streams together. False: errno is ENOMEM. */
MUST_CHECK bool stream_may_hold(const struct stream *st);
/* Takes more of the request's body. False when memory or disk ran out (errno): the caller must call stream_give_up. */
MUST_CHECK bool stream_take_body(struct stream *st, struct bytes body);
/* The same for its trailers. */
MUST_CHECK bool stream_take_trailers(struct stream *st, struct bytes block);
/* There is no room for the request: it is refused back to the relay. May free the stream. */
void stream_give_up(struct stream *st);
/* The part of a body that the store is given: its first --record-max bytes. */
void stream_recorded_part(const struct stream *st, const struct spill *body, struct bytes *view,
			  const struct spill **spilled);

/* The state in which it goes on record. */
enum delivery_state stream_first_state(const struct stream *st);
/* What the store is given of it, views of the stream; the body as far as it goes on record. */
void stream_describe(const struct stream *st, struct store_delivery *out);
/* The request's size for the record: the declared one when it never came whole. */
uint64_t stream_request_bytes(const struct stream *st);
/* Marks it as waiting for its call, if it is not marked already. */
void stream_await_call(struct stream *st);
/* Whether its call found no app, and it waits for one. */
bool stream_is_held(const struct stream *st);
/* Whether the app answered 101. */
bool stream_is_upgraded(const struct stream *st);

/* Where its frames may go now, or NULL. */
const struct wire_out *stream_wire(const struct stream *st);
void stream_send_recorded(struct stream *st);
/* RESET when it can be sent; the stream leaves the wire in any case. */
void stream_send_reset(struct stream *st, enum wire_reset code, const char *reason);
/* Takes the stream off the wire: the relay no longer knows it, and nothing is sent on it. */
void stream_leave_wire(struct stream *st);

/* Whether the client ended the stream of this number on this connection: frames of its request that still come are not
 * a new delivery. */
bool stream_has_ended(const struct streams *set, uint64_t id);
/* Forgets these numbers, once the connection is gone. */
void stream_forget_ended(struct streams *set);

/* Has the set's on_turn_end do this for it before the loop sleeps. TURN_SEND does nothing for a stream that is not on
 * the wire, and does not undo TURN_HANG_UP. */
void stream_at_turn_end(struct stream *st, enum turn turn);

/* The store took something, or did not (`e`): tells the user when that changes. */
void stream_store_works(struct streams *set, const struct error *e);
