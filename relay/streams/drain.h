/* Handing out what waits in a client's mailbox: oldest first, a few at a time, beside live traffic. It reads the
 * mailbox ahead, opens a stream for each delivery, and learns what becomes of the client's streams (struct
 * stream_events). Loop thread. */
#pragma once

struct client;
struct slots_way;

/* How many at once, unless the client says: while senders wait for this client, and while none does. */
#define DRAIN_BESIDE_LIVE 4
#define DRAIN_ALONE 64

/* To be called before the client's first stream: makes its streams report here (stream.h). */
void drain_init(struct client *c);
/* From now on another node grants what is handed out, by this way (slots_lead); NULL: this one. What was granted before
 * does not count. To be followed by drain_begin or drain_more. */
void drain_lead(struct client *c, const struct slots_way *way, void *end);
/* The client connected without resuming: starts from the oldest. */
void drain_begin(struct client *c);
/* Something was put into the mailbox, or a pause is over: goes on. */
void drain_more(struct client *c);
/* Frees what it holds of the mailbox. */
void drain_free(struct client *c);
