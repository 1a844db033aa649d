/* A tunnel at the relay: a name with the clients that hold it. It has one current client, or several that share it;
 * those that were replaced stay while something waits for them. The registry owns it. Loop thread. */
#pragma once

#include "relay/common/quota.h"
#include "relay/names/router.h"
#include "relay/tunnels/client.h"
#include "relay/tunnels/tunnel_table.h"

struct tunnel {
	struct tunnel_table *table;
	struct tunnel *prev, *next;                 /* of all (utlist) */
	struct tunnel *watched_prev, *watched_next; /* of those that the sweep looks at (utlist) */
	bool watched;
	char name[TUNNEL_NAME_MAX + 1];
	bool random_name;
	bool probe;       /* to be forgotten with its connection; it is not in the table of owners */
	bool freed;       /* its name is nobody's any more: to be forgotten once nothing waits */
	unsigned senders; /* requests of its own that hold on to it */
	struct client *clients;
	unsigned passages;        /* senders' WebSockets */
	struct quota_share quota; /* what deliveries under way take of the disk */
	size_t put_bytes;         /* payloads on their way to the spool */
};

/* NULL when there is none of that name. */
struct tunnel *tunnel_find(const struct tunnel_table *table, const char *name);
/* Makes one and holds its name at the router. NULL when out of memory. */
struct tunnel *tunnel_new(struct tunnel_table *table, const char *name, bool random_name);
/* Takes it out of the table and the router, and frees it. It must have no clients any more. */
void tunnel_free(struct tunnel *t);

/* The client with that key and a mailbox, or NULL. */
struct client *tunnel_find_client(const struct tunnel *t, struct bytes key);
size_t tunnel_count_current(const struct tunnel *t);
/* After a restart: makes the client seen last current, and all that shared the tunnel with it. */
void tunnel_choose_current(struct tunnel *t);

/* Whether nobody is here, nothing is under way and nothing waits. */
bool tunnel_is_idle(const struct tunnel *t);
/* When the last of its clients was seen; 0 without any. */
uint64_t tunnel_last_seen_us(const struct tunnel *t);

/* ---- tunnel_watch.c ---- */

/* Makes the registry's sweeps look at it, because something of it is due, until nothing is. */
void tunnel_watch(struct tunnel *t);
/* Makes the sweeps pass it over again. */
void tunnel_unwatch(struct tunnel *t);
