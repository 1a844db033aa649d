/* Handing out what waits in a client's mailbox: oldest first, a few at a time, beside live traffic. Loop thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct spool_waiting;

#define DRAIN_PARALLEL 4 /* when the client does not say */

struct drain {
	unsigned parallel, in_flight;
	size_t bytes_out;           /* of payloads handed out and not over */
	bool fetching, more;        /* a fetch is under way; there may be something behind `after` */
	int64_t after;              /* the last row fetched */
	unsigned round;             /* counts beginnings: an older fetch's answer is dropped */
	struct spool_waiting *list; /* fetched, to be handed out */
	size_t listed, listed_bytes;
	uint64_t paused_until; /* loop ms: the client could not record one */
	uint32_t pause_ms;
	int64_t *unreadable; /* rows that the client cannot open: they wait to expire, or for it to come anew */
	size_t unreadable_count;
};

/* From the oldest on: the client came anew. */
void drain_begin(struct client *c);
/* Something was put into the mailbox, or a place is free. */
void drain_more(struct client *c);
/* A spooled delivery's stream is over; `size` is that of its payload. */
void drain_ended(struct client *c, size_t size);
/* The client could not record it: pause, then from the oldest on. */
void drain_failed(struct client *c);
/* The client cannot open it: leave it out. */
void drain_unreadable(struct client *c, int64_t row);
void drain_free(struct client *c);
