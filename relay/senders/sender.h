/* One connection of a sender, and what the files of this room share of it.
 *
 *    SNIFF ─▶ TLS ─▶ HEAD ─▶ BODY ─▶ WAIT ─▶ ANSWER ─▶ IDLE ─▶ HEAD …
 *                     ▲ ▼
 *                    LOOKUP
 *      │       └──────┴───────┴───────┴────────┴─▶ LINGER ─▶ CLOSED
 *      └─▶ handed to libwebsockets              └─▶ PASSAGE ─▶ CLOSED
 *
 *    sender_turn.c  what is read, written and polled for       passage.c  after 101
 *    sniff.c        the first bytes                            request.c  heads and bodies
 *    warning.c      the page before a tunnel                   answer.c   what goes back
 *    sender.c       states and deadlines                       senders.c  who gets in, and who has to go for it
 *
 * sender_turn.c is the only place where a connection's socket is read or written after its first bytes, so calls from
 * elsewhere (deliveries, the registry) never find a connection in the middle of one. Loop thread. */
#pragma once

#include "relay/cluster/lookups.h"
#include "relay/common/delivery.h"
#include "relay/common/refusal.h"
#include "relay/common/throttle.h"
#include "relay/senders/senders.h"
#include "relay/common/silent.h"
#include "shared/http/http1.h"
#include "shared/net/conn.h"
#include "shared/net/wheel.h"
#include "shared/base/uuid.h"

enum sender_state {
	SENDER_SNIFF,   /* accepted; nothing read, its first bytes are looked at */
	SENDER_TLS,     /* in its handshake */
	SENDER_IDLE,    /* between two requests */
	SENDER_HEAD,    /* a head is coming */
	SENDER_LOOKUP,  /* a head is here; which node of the cluster has its tunnel is being asked */
	SENDER_BODY,    /* a body is coming */
	SENDER_WAIT,    /* the request is whole, its answer is not here */
	SENDER_ANSWER,  /* an answer is on its way out */
	SENDER_LINGER,  /* answered for the last time: what still comes is read and dropped, so that the answer arrives
			 */
	SENDER_PASSAGE, /* after 101 */
	SENDER_CLOSED,  /* the socket is closed; the memory lives until libuv has closed the handle */
	SENDER_STATES,
};

/* How the end of an answer is marked. */
enum answer_kind {
	ANSWER_OWN,         /* the relay's, all of it in `out` */
	ANSWER_BODILESS,    /* to HEAD, 204, 304 */
	ANSWER_LENGTH,      /* Content-Length */
	ANSWER_CHUNKED,     /* the last chunk */
	ANSWER_UNTIL_CLOSE, /* to HTTP/1.0, of unknown length */
	ANSWER_UPGRADED,    /* 101: a passage begins */
};

struct sender {
	struct senders *all;
	struct sender *prev, *next; /* of all->list */
	struct silent_entry silent; /* in SNIFF, TLS, HEAD and IDLE */
	struct silent_entry turn;   /* in all->handshakes: in TLS, not polled, while its handshake waits for its turn */
	uv_poll_t poll;
	int watched; /* events polled for */
	struct conn conn;
	enum sender_state state;
	struct wheel_entry deadline;
	bool tunnels_only;
	bool working; /* a turn is under way: no other may begin */

	struct peer from;                /* of the socket, or of its PROXY header */
	bool proxied;                    /* there was one */
	bool forwarded;                  /* that is a trusted proxy: X-Forwarded-For says whose the request is */
	struct throttle_address address; /* counted as connected; unknown: nobody's */
	char peer[PEER_TEXT_LEN];        /* whose the request is; between two: `from` */
	bool half_closed;                /* it sends no more */

	struct buffer in; /* read and not used: a head that is coming, or requests after this one */
	struct http1_head head;
	struct http1_body body;
	uint64_t body_since;          /* loop ms: when its body began, for the least rate */
	uint64_t wait_ends;           /* loop ms, while it waits: the reply timeout, or that of the disk */
	struct lookups_waiter lookup; /* in LOOKUP */
	enum refusal after_body;      /* a page that is to be seen once its form's body has come; else REFUSE_NOTHING */
	enum lookup looked_up;        /* what that said of this request's tunnel; UNDER_WAY: nothing yet */
	bool asked;                   /* its head was read once already, before LOOKUP */
	bool continue_due;            /* it waits for 100 before it sends its body */
	bool keeps_alive;             /* another request may follow this one */
	bool version_1_0;             /* of HTTP: no chunks, no 100 */
	bool asks_head;               /* its method is HEAD: an answer has no body */
	bool counted;                 /* in metrics.in_flight */
	struct delivery *delivery;
	struct tunnel *tunnel;
	struct buffer fields; /* of a refusal's answer, beside the standing ones */
	struct buffer page;   /* HTML that a refusal is, or empty */
	char *sentence;       /* what a refusal says in place of its standing sentence, or NULL */

	enum answer_kind answer;
	bool last_chunk;   /* ANSWER_CHUNKED: it is in `out` */
	bool blocked;      /* the socket took no more */
	bool woken;        /* in all->woken */
	struct buffer out; /* to be sent before anything else of the answer */
	size_t out_at;
	uint64_t answer_left; /* ANSWER_LENGTH: of the body */
	struct sender *woken_next;
	uint64_t dropped; /* in LINGER */
};

/* How many warnings were logged in this second, and how many were not since the last line. */
struct warning_log {
	int64_t second;
	int written;
	int64_t unwritten;
};

struct senders {
	struct relay *relay;
	struct sender *list;
	size_t count, busy, tunnels; /* of `list`; in a request; handed to libwebsockets */
	struct silent silent;
	struct sender *woken; /* their answer moved; looked at by `soon` */
	uv_idle_t soon;       /* active while there are any */
	uv_idle_cb on_soon;
	struct wheel wheel;
	struct silent handshakes; /* that wait for their turn (sender_turn.c) */
	uv_idle_t handshaking;    /* active while there are any */
	uv_idle_cb on_handshakes;
	struct sender *handshaker;             /* whose turn it is */
	uint64_t handshakes_at, handshakes_ns; /* what they took at this loop ms */
	SSL_CTX *tls;                          /* NULL: no certificate */
	int staple_index;
	uint64_t looked_at_us; /* when the certificate's date was looked at last */
	struct warning_log warnings;
	struct uuid_random random; /* of the event ids */
};

/* ---- sender.c: below all others ---- */

/* Puts it into the table and into its first state. */
void sender_enter(struct sender *s);
/* The only way to another state; aborts on a move that is not in the drawing. Sets the state's own deadline. */
void sender_to(struct sender *s, enum sender_state state);
void sender_expires_in(struct sender *s, int64_t ms); /* negative: never */
/* Takes it out of the table and gives up its socket: `closed` gets the poll handle, whose data is the sender, when
 * libuv has closed it, and calls sender_free. */
void sender_leave(struct sender *s, uv_close_cb closed);
void sender_free(struct sender *s);
/* Closes the socket without sending anything. May be called anywhere; the memory stays until the loop's next turn. */
void sender_close(struct sender *s);
/* Takes its next step in the loop's next turn: for callers that are in the middle of something. */
void sender_go_on_soon(struct sender *s);
/* The request was answered or will not be: lets go of all that belongs to it. */
void sender_end_request(struct sender *s);
/* Takes the connection's peer as the owner of its requests, until a trusted proxy names another. */
void sender_know_peer(struct sender *s);

/* Whether `more` bytes of a request may be held; counted where not. */
bool sender_has_memory(const struct sender *s, size_t more);

/* A line of the log about a connection that was not taken. */
void sender_log_refused(const struct relay *relay, const char *why);

/* ---- sniff.c ---- */

/* Looks at what has come and was not read. Afterwards the connection was handed over as a tunnel, or is in its TLS
 * handshake, ready for a head, closed, or waiting for more. `ended`: no more will come. */
void sniff_look(struct sender *s, bool ended);

/* ---- request.c ---- */

/* Takes bytes from the sender, beginning after the last that were used; *used: how many of these were. False: no more
 * can be used in this state. */
MUST_CHECK bool request_take(struct sender *s, struct bytes in, size_t *used);

/* Answers that the head or the body did not come in time. */
void request_too_slow(struct sender *s);

/* ---- answer.c ---- */

/* Begins to answer as the delivery's phase demands: a refusal, 202, or the answer's head. */
void answer_begin(struct sender *s);
void answer_refuse(struct sender *s, enum refusal why);
/* 200 with the text, for a request without a body. */
void answer_text(struct sender *s, struct bytes text);
/* Sends what there is. True once the last byte of the answer left. */
MUST_CHECK bool answer_send(struct sender *s);
/* Bytes of the relay's own before the answer: 100 Continue. */
void answer_continue(struct sender *s);

/* ---- warning.c ---- */

struct route;
/* Whether the request gets the page of --browser-warning or comes from it. If so it was answered here, or will be after
 * its body. */
bool warning_answers(struct sender *s, const struct wire_request *r, const struct route *route, bool body_comes);

/* ---- sender_turn.c: above all others ---- */

/* Begins to look at a connection that was accepted and is in the table. */
void sender_begin(struct sender *s);
/* The callbacks of the wheel and the idle handles. */
void sender_on_due(struct wheel_entry *e);
void sender_on_soon(uv_idle_t *h);
void sender_on_handshakes(uv_idle_t *h);
