/* One client of a tunnel at the relay. It is identified by its key, keeps its streams over a lost connection for the
 * grace, and has a mailbox in the spool for what comes while it is away. Its tunnel owns it. Loop thread. */
#pragma once

#include "relay/common/delivery.h"
#include "relay/shares/slots.h"
#include "relay/tunnels/carrier.h"

struct connection;
struct crossing_ask;
struct crossing_guest;
struct crossing_line;
struct crossing_stream;
struct late;
struct spool_waiting;
struct stream;
struct stream_events;
struct tunnel;

/* How far a client's mailbox has been handed out (drain.c). */
struct drain {
	unsigned parallel, in_flight; /* `parallel` as the client asked for; 0: it did not say */
	size_t bytes_out;             /* of payloads handed out and not over */
	struct slots_claim claim;     /* to slots, by which it hands out */
	unsigned granted;             /* slots for the first of the list, which were not handed out yet */
	bool fetching, more;          /* a fetch is under way; there may be something after `after` */
	bool unread;                  /* the last fetch failed: it is not known when there will be more */
	int64_t after;                /* the last row fetched */
	uint32_t round;               /* counts beginnings: what an older fetch brings is dropped */
	struct spool_waiting *list;   /* fetched, to be handed out */
	size_t listed, listed_bytes;
	uint64_t paused_until; /* loop ms, while paused since the client could not record one; else 0 */
	uint32_t pause_ms;
	int64_t *unreadable; /* rows that the client cannot open: they wait to expire, or for it to connect again */
	size_t unreadable_count;
};

struct client {
	struct tunnel *tunnel;
	struct client *next;                     /* of the tunnel */
	struct client *same_key_prev, *same_key; /* clients of any tunnel with this key (utlist) */
	struct connection *connection;           /* NULL: away, or at another node of the cluster */
	struct carrier *remote;          /* what leads to it while it is at another node, which says it is there */
	struct crossing_line *line;      /* of `remote` (relay/crossing); also while that opens */
	bool foreign;                    /* it was last seen at another node, not here */
	struct crossing_guest *guests;   /* other nodes with deliveries for it (relay/crossing) */
	struct crossing_ask *asks;       /* other nodes that may have some (relay/crossing) */
	struct crossing_stream *crossed; /* the streams of these, by their number here (uthash) */
	uint64_t generation;             /* of its record in the directory; 0: it has none yet */
	char owner[65];                  /* the token's name at its last HELLO */
	bool current;       /* gets what arrives; otherwise it was replaced, and its mailbox waits for it */
	bool in_grace;      /* away, and its streams wait until grace_end */
	uint64_t grace_end; /* loop ms */
	uint8_t key[32];
	size_t key_len;
	uint32_t options;  /* enum wire_option */
	uint32_t features; /* enum wire_feature */
	uint64_t seen_at_us;
	uint8_t nonce[WIRE_NONCE_LEN];
	bool has_nonce;
	uint8_t older_nonce[WIRE_NONCE_LEN]; /* good until a frame shows that WELCOME with the new one arrived */
	bool has_older;
	int64_t mailbox;        /* 0: it went with the name's owner */
	uint64_t gap_told;      /* lost deliveries counted in a NOTICE that may not have arrived yet */
	bool quota_hit;         /* senders were turned away; the client is to be told */
	struct stream *streams; /* uthash by id */
	struct stream *blocked; /* streams that wait for the connection's window (utlist) */
	uint64_t last_stream;
	unsigned spooling;     /* streams on their way to the mailbox */
	unsigned crossed_live; /* of `crossed`: not out of a mailbox */
	struct drain drain;
	struct slots slots;   /* how many of its deliveries are handed out, here and at other nodes */
	struct late *late;    /* late.c */
	uint64_t recorded_at; /* loop ms: its last RECORDED, and of which stream */
	uint64_t recorded_stream;
	uint64_t credited_at;               /* loop ms: its last WINDOW for a stream */
	const struct stream_events *events; /* drain.c's */
};

/* Why a client is no longer here. */
enum client_left {
	CLIENT_AWAY,  /* its connection was lost, and it may come back within the grace */
	CLIENT_ENDED, /* it is not expected */
	CLIENT_MOVED, /* it is, or will be, at another node */
};

/* What relay/crossing is told of this node's clients, for other nodes with deliveries for them. */
struct client_events {
	/* RESUME is due for what other nodes hold of it: for streams whose number is below this. */
	void (*resume)(void *user, struct client *c, uint64_t below);
	/* It is online. */
	void (*online)(void *user, struct client *c, bool resumed);
	void (*left)(void *user, struct client *c, enum client_left why);
	/* It will be freed. */
	void (*forgotten)(void *user, struct client *c);
};

/* The loop's time, in milliseconds. */
uint64_t client_now_ms(const struct client *c);
/* What brings it frames; NULL when the client is away. */
struct carrier *client_carrier(const struct client *c);
/* Whether it is online, or may be back within the grace. */
bool client_is_here(const struct client *c);
/* Whether it gets what arrives, now or when it is back. A client of a shared tunnel that was not seen for long does
 * not. */
bool client_takes_part(const struct client *c);
/* Whether a request with that method may wait in its mailbox. */
bool client_may_queue(const struct client *c, struct bytes method);
/* Whether it is neither here nor waited for by anything, so that it may be forgotten. `current` does not matter. */
bool client_is_idle(const struct client *c);

/* Notes when it was last seen, in the spool too. Never an earlier time than before. */
void client_seen(struct client *c, uint64_t now_us);
/* To be called when something came from the client, or it said goodbye: the NOTICE about a gap has arrived. */
void client_heard(struct client *c);
/* Tells the client of deliveries that were lost in the spool, if there are any and it is online. */
void client_tell_gap(struct client *c);
/* To be called when a sender was turned away because the client's part of the spool is full: the client is told once,
 * when it is online. */
void client_note_full(struct client *c);
/* Sends REQUEST with REFUSED, for the record only; nothing when it is away, or does not read. `status` is what the
 * sender got, 0: nothing. */
void client_tell_refused(struct client *c, const struct delivery *d, int status);
