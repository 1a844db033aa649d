/* Handing out what waits in a client's mailbox: oldest first, a few at a time, beside live traffic. It reads the
 * mailbox ahead, opens a stream for each delivery, and is told what becomes of the client's streams (struct
 * stream_events). Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct spool_waiting;

/* At once, when the client does not say: beside senders who wait for it, and while nobody does. */
#define DRAIN_BESIDE_LIVE 4
#define DRAIN_ALONE 64

struct drain {
	unsigned parallel, in_flight; /* `parallel` as the client asked for; 0: it did not say */
	size_t bytes_out;             /* of payloads handed out and not over */
	bool fetching, more;          /* a fetch is under way; there may be something after `after` */
	int64_t after;                /* the last row fetched */
	unsigned round;               /* counts beginnings: what an older fetch brings is dropped */
	struct spool_waiting *list;   /* fetched, to be handed out */
	size_t listed, listed_bytes;
	uint64_t paused_until; /* loop ms, while paused since the client could not record one; else 0 */
	uint32_t pause_ms;
	int64_t
	    *unreadable; /* rows that the client cannot open: they wait to expire, or for the client to connect again */
	size_t unreadable_count;
};

/* Before its first stream: its streams tell of themselves here from now on (stream.h). */
void drain_init(struct client *c);
/* The client connected without resuming: starts from the oldest. */
void drain_begin(struct client *c);
/* Something was put into the mailbox, or a pause is over: goes on. */
void drain_more(struct client *c);
/* Frees what it holds of the mailbox. */
void drain_free(struct client *c);
