/* One webhook on its way through the relay: what the sender sent, how far the answer has come, and what it says.
 *
 *    receiving ─▶ whole ─▶ answering ─▶ done
 *        │          │          └─ aborted (the sender's connection is cut)
 *        └──────────┴─ refused (the relay answers in the app's place), accepted (202: it is safe)
 *
 * Each client of its tunnel gets it as a stream of its own (relay/streams); the first client that answers it answers
 * the sender. The senders' side makes it and fills in the request, or the spool's side does when it was stored; streams
 * fill in the answer through delivery_answer_…. It is freed when the last hold is dropped: the sender's request has
 * one, and each stream. Loop thread. */
#pragma once

#include "relay/common/hash.h"
#include "relay/common/quota.h"
#include "relay/common/refusal.h"
#include "shared/disk/spill.h"
#include "shared/wire/wire.h"

struct stream;

enum delivery_phase {
	PHASE_RECEIVING, /* its body is still coming; perhaps streaming already */
	PHASE_WHOLE,     /* all of it was received */
	PHASE_ANSWERING, /* status and headers are here */
	PHASE_DONE,      /* the answer is whole */
	PHASE_ABORTED,   /* the answer broke off */
	PHASE_REFUSED,   /* answer with `refusal` */
	PHASE_ACCEPTED,  /* answer 202: it is in the spool, or in a client's store */
	PHASES,
};

struct delivery {
	enum delivery_phase phase;
	enum refusal refusal; /* once no stream can answer, the sender gets this unless it is safe */
	unsigned holds;
	bool safe; /* in the spool, or in a client's store */

	struct wire_request request; /* views into `head` */
	struct buffer head;          /* prefix, target, method, peer and header block, one after another */
	struct spill body;
	struct buffer trailers;
	bool body_whole;
	struct quota_hold quota; /* the space it takes on disk; see delivery_take_quota */
	bool upgrade;            /* the sender asks for a WebSocket, and the client can pass it on */

	/* Out of the spool: sent in place of the request, as it is stored; nobody waits for an answer. */
	struct buffer stored;
	size_t stored_size;
	bool sealed;
	int64_t row; /* 0: live */

	struct stream *streams;  /* by their `sibling` */
	struct stream *answerer; /* NULL before the answer's head, and after its end */
	int64_t *missed;         /* mailboxes whose copy did not fit into the spool */
	size_t missed_count;
	unsigned live, spooling; /* streams that may answer; those whose copy is on its way to the disk */

	struct wire_response answer; /* views into answer_head; body unused */
	struct buffer answer_head;
	struct buffer answer_body;     /* received and not yet taken */
	struct buffer answer_trailers; /* field lines, once it is whole */
	size_t answer_at;              /* bytes of answer_body taken */

	void (*wake)(struct delivery *d);          /* the answer side moved; NULL: no sender waits (any more) */
	void (*window_opened)(struct delivery *d); /* after 101: more may be sent to the app; or NULL */
	void *owner;                               /* of wake and window_opened */
};

/* Copies the parts into `head` and points `request` at them; `folder` is where a large body goes. Held once. NULL when
 * out of memory. */
struct delivery *delivery_new(const struct wire_request *request, const char *folder);
/* One that was stored in the spool. Takes the payload: the caller's buffer is empty afterwards. NULL when out of
 * memory, and the payload stays the caller's. */
struct delivery *delivery_new_stored(const uint8_t event_id[UUID_LEN], int64_t row, struct buffer *payload,
				     bool sealed);
/* Each hold must be dropped once; the last drop frees it. Dropping NULL does nothing. */
void delivery_hold(struct delivery *d);
void delivery_drop(struct delivery *d);

/* POST, PUT, PATCH and DELETE may wait on the relay's disk (shared/DESIGN.md §4). */
bool delivery_queueable(struct bytes method);
/* Whether a delivery goes from one phase to the other. Pure. */
bool delivery_phase_may(enum delivery_phase from, enum delivery_phase to);
/* All of the body is here, or all that will come. */
void delivery_body_ends(struct delivery *d);
/* The relay itself will answer, with `why`; ignored once an answer has begun. */
void delivery_refuse(struct delivery *d, enum refusal why);
/* To be called when a stream has ended or changed: answers the sender if no stream is left that will, with 202 when the
 * delivery is safe. */
void delivery_settle(struct delivery *d);
/* Appends what the spool stores: the frames of a request (shared/PROTOCOL.md, SEALED), as a client with these features
 * (enum wire_feature) takes them. False when out of memory, or when the body cannot be read back. */
MUST_CHECK bool delivery_encode(struct delivery *d, uint32_t features, struct buffer *out);

/* For the stream that answers: the head, then pieces of the body, `end` with the last one; or that it broke off.
 * Trailers come before the end; fields that a trailer must not carry are left out. */
void delivery_answer(struct delivery *d, const struct wire_response *v);
void delivery_answer_data(struct delivery *d, struct bytes body, bool end);
void delivery_answer_trailers(struct delivery *d, struct bytes trailers);
void delivery_answer_broken(struct delivery *d);
