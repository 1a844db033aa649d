/* One webhook on its way through the relay: what the sender sent and is to be answered, and where its answer stands.
 *
 *    receiving ─▶ whole ─▶ answering ─▶ done
 *        │          │          └─ aborted (the sender's connection is cut)
 *        └──────────┴─ refused (the relay answers in the app's place), accepted (202: it is safe)
 *
 * It goes to each client of its tunnel as a stream of its own (stream.c); the first that answers, answers the sender.
 * ingress.c makes it and fills its request side, or drain.c does when it comes out of the spool; streams fill its
 * answer side through delivery_answer_…. Counted holds: the sender's exchange and each stream. Loop thread. */
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
	struct quota_hold quota; /* what it takes of the disk; delivery_take_quota */
	bool upgrade;            /* the sender asks for a WebSocket, and the client can pass it on */

	/* Out of the spool: sent in place of the request, as it is stored; nobody waits for an answer. */
	struct buffer stored;
	size_t stored_size;
	bool sealed;
	int64_t row; /* 0: live */

	struct stream *streams;  /* by their `sibling` */
	struct stream *answerer; /* NULL before the answer's head, and when it is over */
	int64_t *missed;         /* mailboxes whose copy did not fit into the spool */
	size_t missed_count;
	unsigned live, spooling; /* streams that may answer; those whose copy is on its way to the disk */

	struct wire_response answer; /* views into answer_head; body unused */
	struct buffer answer_head;
	struct buffer answer_body; /* received and not yet taken */
	size_t answer_at;          /* bytes of answer_body taken */

	void (*wake)(struct delivery *d);          /* the answer side moved; NULL: no sender waits (any more) */
	void (*window_opened)(struct delivery *d); /* after 101: more may be sent to the app; or NULL */
	void *owner;                               /* of wake and window_opened */
};

/* Copies the parts into `head` and points `request` at them; `folder` is where a large body goes. Held once. NULL when
 * out of memory. */
struct delivery *delivery_new(const struct wire_request *request, const char *folder);
/* One out of the spool; the payload changes hands. */
struct delivery *delivery_new_stored(const uint8_t event_id[UUID_LEN], int64_t row, struct buffer *payload,
				     bool sealed);
void delivery_hold(struct delivery *d);
void delivery_drop(struct delivery *d);

/* POST, PUT, PATCH and DELETE may wait on the relay's disk (shared/DESIGN.md §4). */
bool delivery_queueable(struct bytes method);
/* The relay answers in the app's place; ignored once the answer began. */
void delivery_refuse(struct delivery *d, enum refusal why);
/* A stream ended or changed: answers the sender when no stream will. */
void delivery_settle(struct delivery *d);
/* What the spool keeps: the frames of PROTOCOL.md, SEALED. False when out of memory or the body cannot be read back. */
MUST_CHECK bool delivery_encode(struct delivery *d, struct buffer *out);

/* The answering stream's. */
void delivery_answer(struct delivery *d, const struct wire_response *v);
void delivery_answer_data(struct delivery *d, struct bytes body, bool end);
void delivery_answer_broken(struct delivery *d);
