/* What the files of this room share. */
#pragma once

#include "relay/crossing/crossing.h"
#include "relay/registry/registry.h"
#include "relay/trunk/trunk.h"

#define CROSSING_CREDIT (1u << 20) /* bytes of frames under way to a client at another node */

/* Another node: the lines to its clients, and its guests here. */
struct crossing_peer {
	struct crossing *crossing;
	struct trunk *trunk;
	struct crossing_peer *next;    /* of the crossing */
	struct crossing_line *lines;   /* utlist */
	struct crossing_guest *guests; /* by their line's number (uthash) */
};

struct crossing {
	struct relay *relay;
	struct crossing_events events;
	void *user;
	struct trunk_set *trunks;
	struct crossing_peer *peers;
	struct crossing_line *lines; /* by their number (uthash) */
	struct buffer frame;         /* made for a line's carrier, and sent at once */
	uint32_t last_line;
	uint8_t id[RECORD_NODE_ID_LEN];
	uv_timer_t tick;
	unsigned ticks;
};

/* Sends a part. */
void crossing_send(struct crossing_peer *p, enum trunk_kind kind, uint32_t line, uint32_t session, struct bytes data);
/* Appends the frame with another stream's number. */
MUST_CHECK bool crossing_put_frame(struct buffer *out, const struct wire_frame *f, uint64_t stream);

/* ---- crossing_line.c: a client at another node ---- */

enum crossing_line_state { CROSSING_OPENING, CROSSING_HERE, CROSSING_AWAY };

struct crossing_line {
	enum crossing_line_state state;
	struct crossing_peer *peer;
	struct crossing_line *prev, *next; /* of the peer */
	struct client *client;
	uint32_t number;
	UT_hash_handle hh;
	uint32_t session;
	uint64_t generation; /* of the record that led there */
	int64_t credit;      /* bytes of frames that may be sent */
	struct carrier carrier;
};

/* False when out of memory. */
MUST_CHECK bool crossing_line_open(struct crossing_peer *p, struct client *c, uint64_t generation);
/* The client left that node, or came here. */
void crossing_line_close(struct crossing_line *l);
/* The trunk of these lines started over. */
void crossing_line_lose_all(struct crossing_peer *p, uint64_t silent_ms);
/* The trunk takes more. */
void crossing_line_pump_all(struct crossing_peer *p);
/* Parts that came for a line. False: they make no sense. */
MUST_CHECK bool crossing_line_take(struct crossing_peer *p, const struct trunk_part *part);

/* ---- crossing_guest.c: a node with deliveries for a client here ---- */

struct crossing_guest {
	struct crossing_peer *peer;
	struct crossing_guest *client_prev, *client_next; /* of the client */
	struct client *client;
	uint32_t line, session;
	UT_hash_handle hh;
	struct crossing_stream *streams; /* by their number there (uthash) */
	uint64_t last_there;             /* the highest such number */
	struct buffer queue;             /* frames that wait for the window of the client's connection */
	size_t queue_at;                 /* those before it have left */
	size_t taken;                    /* bytes for which no credit was given yet */
};

MUST_CHECK bool crossing_guest_take(struct crossing_peer *p, const struct trunk_part *part);
void crossing_guest_lose_all(struct crossing_peer *p);
/* What the registry tells of the client. */
void crossing_guest_resume(struct client *c, uint64_t below);
void crossing_guest_online(struct client *c, bool resumed);
void crossing_guest_left(struct client *c, enum client_left why);

/* ---- crossing_stream.c: the numbers of a guest's streams ---- */

struct crossing_stream {
	struct crossing_guest *guest;
	uint64_t here, there; /* on the client's connection, and on the guest's line */
	uint8_t event_id[UUID_LEN];
	bool live;                    /* not out of a mailbox */
	bool upgrade, recorded, head; /* what came of it from the client, for RESUME */
	bool listed;                  /* in the list of RESUME that is being sent */
	uint64_t body_seen;
	UT_hash_handle by_here, by_there;
};

struct crossing_stream *crossing_stream_here(const struct client *c, uint64_t number);
struct crossing_stream *crossing_stream_there(const struct crossing_guest *g, uint64_t number);
/* Gives the stream that the frame begins (REQUEST, SEALED) the client's next number. NULL: too many, out of memory, or
 * the frame is none such. */
struct crossing_stream *crossing_stream_begin(struct crossing_guest *g, const struct wire_frame *f);
void crossing_stream_end(struct crossing_stream *st);
