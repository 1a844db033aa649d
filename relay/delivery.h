/* One webhook on its way through the relay: what the sender sent and is to be answered, and where it stands.
 *
 *    receiving ─▶ whole ─▶ recorded ─▶ answering ─▶ done
 *        │          │          │           └─ aborted (the sender's connection is cut)
 *        └──────────┴──────────┴─ refused (the relay answers in the app's place)
 *
 * ingress.c owns it (new at the head, free when MHD is through with the request) and fills its request side; tunnel.c
 * carries it as one stream and fills its answer side through delivery_on_…. Neither calls back into the other but
 * through `wake` and the tunnel_… functions. Loop thread. */
#pragma once

#include "relay/hash.h"
#include "relay/http_rules.h"
#include "shared/wire.h"

struct tunnel;

enum delivery_phase {
	PHASE_RECEIVING, /* its body is still coming; perhaps streaming already */
	PHASE_WHOLE,     /* all of it was received */
	PHASE_RECORDED,  /* the client committed it */
	PHASE_ANSWERING, /* status and headers are here */
	PHASE_DONE,      /* the answer is whole */
	PHASE_ABORTED,   /* the answer broke off */
	PHASE_REFUSED,   /* answer with `refusal` */
};

struct delivery {
	enum delivery_phase phase;
	enum refusal refusal;
	struct wire_request request; /* views into `head` */
	struct buffer head;          /* prefix, target, method, peer and header block, one after another */

	struct buffer body; /* received and not yet sent */
	struct buffer trailers;
	bool body_whole;
	bool request_sent, end_sent; /* REQUEST has left; so has END */

	struct wire_response answer; /* views into answer_head; body unused */
	struct buffer answer_head;
	struct buffer answer_body; /* received and not yet taken */
	size_t answer_at;          /* bytes of answer_body taken */

	struct tunnel *tunnel; /* NULL: not open, or over */
	uint64_t stream;
	int64_t send_window, receive_window;
	uint32_t credit_due;
	struct delivery *blocked_next; /* tunnel.c: waits for the connection's window */
	bool blocked;
	UT_hash_handle hh; /* tunnel.c: by stream */

	void (*wake)(struct delivery *d); /* the answer side moved, or room came for more body */
	void *owner;                      /* wake's */
};

/* Copies the parts into `head` and points `request` at them. NULL when out of memory. */
struct delivery *delivery_new(const struct wire_request *request);
void delivery_free(struct delivery *d);

/* The relay answers in the app's place; ignored once the answer began. */
void delivery_refuse(struct delivery *d, enum refusal why);
/* Frames of its stream, already decoded. False: the client broke the protocol. */
MUST_CHECK bool delivery_on_recorded(struct delivery *d);
MUST_CHECK bool delivery_on_response(struct delivery *d, const struct wire_response *v, bool end);
MUST_CHECK bool delivery_on_data(struct delivery *d, struct bytes body, bool end);
/* The stream ended early: RESET, or the connection was lost. */
void delivery_on_reset(struct delivery *d, uint32_t code);
void delivery_on_lost(struct delivery *d);
