/* What the files of this room share. */
#pragma once

#include "relay/crossing/crossing.h"
#include "relay/registry/registry.h"
#include "relay/shares/levels.h"
#include "relay/trunk/trunk.h"

#define CROSSING_CREDIT (1u << 20) /* bytes of frames under way to a client at another node */

/* Another node: the lines to its clients, and its guests here.
 *
 *    not there ── something comes of it, or the directory says so ─▶ there ── silence, or it is gone ─▶ not there */
struct crossing_peer {
	struct crossing *crossing;
	struct trunk *trunk;
	struct crossing_peer *next;    /* of the crossing */
	struct crossing_line *lines;   /* utlist */
	struct crossing_guest *guests; /* by their line's number (uthash) */
	struct crossing_ask *asks;     /* utlist */
	bool there, greeted;           /* it is there; it was told all levels from the beginning */
	bool said;                     /* it told of its own, since it was away last */
	uint64_t told;                 /* the last change of a level that it was told */
};

struct crossing {
	struct relay *relay;
	struct crossing_events events;
	void *user;
	struct trunk_set *trunks;
	struct crossing_peer *peers;
	struct crossing_line *lines; /* by their number (uthash) */
	struct buffer frame;         /* made for a line's carrier, and sent at once */
	uint32_t last_line, last_ask;
	struct levels *levels;
	uv_timer_t telling; /* until others are told of levels; runs while there is something to tell */
	int open_handles;
	uint8_t id[RECORD_NODE_ID_LEN];
	uv_timer_t tick;
	unsigned ticks;
	size_t mailboxes_from; /* how many mailboxes were asked for before */
};

/* ---- crossing_peer.c ---- */

/* Sends a part. */
void crossing_send(struct crossing_peer *p, enum trunk_kind kind, uint32_t line, uint32_t session, struct bytes data);
/* The same for what nobody waits for: it may leave some milliseconds later, with what comes after it. */
void crossing_send_late(struct crossing_peer *p, enum trunk_kind kind, uint32_t line, uint32_t session,
			struct bytes data);
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
	uint32_t slots_session; /* the session in which slots are counted: a resumed one has those of before */
	uint64_t generation;    /* of the record that led there */
	int64_t credit;         /* bytes of frames that may be sent */
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
	uint32_t line, session, slots_session;
	UT_hash_handle hh;
	struct slots_claim claim;
	struct crossing_stream *streams; /* by their number there (uthash) */
	struct crossing_ended
	    *ended;          /* numbers there of streams that ended here, and of which pieces may come (uthash) */
	struct buffer queue; /* frames that wait for the window of the client's connection */
	size_t queue_at;     /* those before it have left */
	size_t taken;        /* bytes for which no credit was given yet */
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

/* Streams that the client, or this node, has ended: a later piece of one is not a new one, though numbers do not come
 * in their order. Each until its taker says that it knows. */
MUST_CHECK bool crossing_stream_note_ended(struct crossing_guest *g, uint64_t there);
bool crossing_stream_has_ended(const struct crossing_guest *g, uint64_t there);
void crossing_stream_forget_ended(struct crossing_guest *g, uint64_t there);
void crossing_stream_forget_all_ended(struct crossing_guest *g);

/* ---- crossing_slots.c: who hands out next (relay/shares/slots.h) ---- */

/* A guest joins the book of its client. */
void crossing_slots_join(struct crossing_guest *g);
/* What a guest offers and gives back. False: it makes no sense. */
MUST_CHECK bool crossing_slots_take(struct crossing_guest *g, const struct trunk_part *part);
/* The line's client hands out by the book of that node. */
void crossing_slots_lead(struct crossing_line *l);
/* That node grants slots. */
MUST_CHECK bool crossing_slots_granted(struct crossing_line *l, const struct trunk_part *part);

/* ---- crossing_ask.c: what waits elsewhere for a client that came, where order counts ---- */

struct crossing_ask {
	struct crossing_peer *peer;
	struct client *client;
	struct crossing_ask *prev, *next;               /* of the peer */
	struct crossing_ask *client_prev, *client_next; /* of the client */
	uint32_t number;
	uint64_t until; /* loop ms */
};

/* Asks all that are there, and have no line to the client yet. */
void crossing_ask_all(struct crossing *x, struct client *c);
/* The node has a line now, has nothing, or is gone: it is not waited for. */
void crossing_ask_end(struct crossing_ask *a);
void crossing_ask_end_of_client(struct client *c);
void crossing_ask_end_of_peer(struct crossing_peer *p);
/* The one that is open for that client; NULL: there is none. */
struct crossing_ask *crossing_ask_find(const struct client *c, const struct crossing_peer *p);
/* Ends those that took too long. */
void crossing_ask_look(struct crossing_peer *p, uint64_t now);
/* Another node asks. */
MUST_CHECK bool crossing_ask_take(struct crossing_peer *p, const struct trunk_part *part);
/* It answers. */
void crossing_ask_answered(struct crossing_peer *p, uint32_t number, uint64_t count);

/* ---- crossing_levels.c: what waits at each node (relay/shares/levels.h) ---- */

MUST_CHECK bool crossing_levels_begin(struct crossing *x);
void crossing_levels_end(struct crossing *x);
/* The others are told soon what they have not heard. */
void crossing_levels_tell(struct crossing *x);
MUST_CHECK bool crossing_levels_take(struct crossing_peer *p, const struct trunk_part *part);
/* Writes what others have said, for the next start, as much of it as a turn of the loop may; and forgets what has
 * expired at nodes that stay away. */
void crossing_levels_keep(struct crossing *x);
void crossing_levels_expire(struct crossing *x);
