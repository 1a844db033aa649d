/* What one node of a cluster publishes to another: a head, and a piece of a sequence of parts. A part is about one
 * client of the other node, or of this one, and holds whole creel.v1 frames or a word about the client. A message ends
 * with a part's end, unless the part alone is longer than a message. Integers are big-endian. Whatever does not parse
 * whole is refused. Pure. */
#pragma once

#include "shared/base/buffer.h"

#define TRUNK_NODE_LEN 16
#define TRUNK_MESSAGE_MOST (256u << 10) /* bytes, head included */
#define TRUNK_HEAD_LEN 52
#define TRUNK_PART_HEAD_LEN 16
#define TRUNK_PART_MOST (4u << 20) /* bytes that a part holds: more than a frame does */

enum trunk_flag {
	TRUNK_PROBE = 1,   /* to be answered at once */
	TRUNK_BARE = 2,    /* holds no parts, and its number is that of the message before it */
	TRUNK_RESTART = 4, /* bare: messages are missing of what `to_epoch` sent, which is to start over */
};

struct trunk_head {
	uint8_t flags; /* enum trunk_flag */
	uint8_t sender[TRUNK_NODE_LEN];
	uint64_t epoch;    /* the sender's, another one whenever it starts over; never 0 */
	uint64_t to_epoch; /* the receiver's, as the sender knows it; 0: not yet */
	uint64_t number;   /* from 1, of the epoch; 0: a bare one before any other */
	uint64_t acked;    /* the last number that came from the receiver */
};

enum trunk_kind {
	/* From the node that took a webhook, to the one that has the client. */
	TRUNK_OPEN = 1,  /* which client the line is for (struct trunk_client_name); states follow until CLOSE */
	TRUNK_CLOSE,     /* the line is over */
	TRUNK_TO_CLIENT, /* frames */
	TRUNK_FAIL,      /* u16, text: the client broke the rules; its connection is to be closed with that */
	/* Back. */
	TRUNK_STATE,       /* struct trunk_state */
	TRUNK_FROM_CLIENT, /* frames */
	TRUNK_CREDIT,      /* u32: so many bytes of TO_CLIENT are handed to the client's connection, or dropped */
	/* Forth, and back: what the node that took a webhook may hand out of what waits. */
	TRUNK_OFFER,     /* struct trunk_offer: what would be handed out next (relay/shares/slots.h) */
	TRUNK_GIVE_BACK, /* u32: so many slots are free again */
	TRUNK_GRANT,     /* u32, u32: the round of the offers, and how many slots there are for them */
	/* From any node to each other; `line` is a question's number, or 0. */
	TRUNK_ASK,     /* what waits there for a client (struct trunk_client_name): LEVEL answers */
	TRUNK_LEVEL,   /* struct trunk_level: what waits here for a client */
	TRUNK_LEVELS,  /* LEVELs that came before do not count any more */
	TRUNK_ADOPTED, /* struct trunk_adopted: what is left of it at a node that is gone, since some was taken over */
	TRUNK_KINDS_END,
};

struct trunk_part {
	enum trunk_kind kind;
	uint32_t line;    /* chosen by the node that opened it, one a client */
	uint32_t session; /* counts connections of the client; 0 before the first STATE */
	struct bytes data;
};

struct trunk_client_name {
	struct bytes tunnel; /* its name */
	struct bytes key;    /* empty or 32 bytes */
};

struct trunk_level {
	struct trunk_client_name of;
	uint64_t count, bytes;
};

struct trunk_adopted {
	uint8_t node[TRUNK_NODE_LEN];
	uint64_t at_us; /* since 1970 */
	struct trunk_level rest;
};

struct trunk_offer {
	uint32_t round;
	bool unsure;
	struct bytes times; /* u64 each, in microseconds since 1970 */
};

enum trunk_presence {
	TRUNK_GONE,    /* it is not here, and not expected: the line is over */
	TRUNK_MOVED,   /* it is at another node, or will be: likewise */
	TRUNK_AWAY,    /* its connection was lost, and may be resumed */
	TRUNK_RESUMED, /* it is back, and its streams live on */
	TRUNK_HERE,    /* it is here, and knows none of the line's streams */
	TRUNK_PRESENCES,
};

struct trunk_state {
	enum trunk_presence presence;
	uint32_t features, options, drain_parallel; /* of its HELLO */
};

/* Appends a head; what follows it is the caller's. False when out of memory. */
MUST_CHECK bool trunk_message_put_head(struct buffer *out, const struct trunk_head *h);
/* *rest: a piece of the parts. False: it is no such message. */
MUST_CHECK bool trunk_message_read(struct bytes in, struct trunk_head *out, struct bytes *rest);

/* Appends a part. False when out of memory, or longer than TRUNK_PART_MOST. */
MUST_CHECK bool trunk_message_put_part(struct buffer *out, const struct trunk_part *p);

enum trunk_read { TRUNK_READ_PART, TRUNK_READ_MORE, TRUNK_READ_BAD };
/* The part at the front, of *used bytes. MORE: its end has not come. */
MUST_CHECK enum trunk_read trunk_message_read_part(struct bytes in, struct trunk_part *out, size_t *used);

/* The data of OPEN and ASK, of STATE, of LEVEL, of ADOPTED, and of OFFER. */
MUST_CHECK bool trunk_message_put_name(struct buffer *out, const struct trunk_client_name *n);
MUST_CHECK bool trunk_message_read_name(struct bytes in, struct trunk_client_name *out);
MUST_CHECK bool trunk_message_put_state(struct buffer *out, const struct trunk_state *s);
MUST_CHECK bool trunk_message_read_state(struct bytes in, struct trunk_state *out);
MUST_CHECK bool trunk_message_put_level(struct buffer *out, const struct trunk_level *v);
MUST_CHECK bool trunk_message_read_level(struct bytes in, struct trunk_level *out);
MUST_CHECK bool trunk_message_put_adopted(struct buffer *out, const struct trunk_adopted *a);
MUST_CHECK bool trunk_message_read_adopted(struct bytes in, struct trunk_adopted *out);
MUST_CHECK bool trunk_message_put_offer(struct buffer *out, const struct trunk_offer *v);
MUST_CHECK bool trunk_message_read_offer(struct bytes in, struct trunk_offer *out);
