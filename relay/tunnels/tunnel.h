/* A tunnel at the relay: a name with the clients that hold it. It has one current client, or several that share it;
 * those that were replaced stay while something waits for them. The registry owns it. Loop thread. */
#pragma once

#include "relay/common/quota.h"
#include "relay/tunnels/client.h"
#include "relay/names/router.h"

struct registry;

struct tunnel {
	struct registry *registry;
	struct tunnel *prev, *next;                 /* of all (utlist) */
	struct tunnel *watched_prev, *watched_next; /* of those that the sweep looks at (utlist) */
	bool watched;
	char name[TUNNEL_NAME_MAX + 1];
	bool random_name;
	bool probe;       /* to be forgotten with its connection; in no table */
	bool freed;       /* its name is nobody's any more: to be forgotten once nothing waits */
	unsigned senders; /* requests of its own that hold on to it */
	struct client *clients;
	unsigned passages;        /* senders' WebSockets */
	struct quota_share quota; /* what deliveries under way take of the disk */
	size_t put_bytes;         /* payloads on their way to the spool */
};

/* NULL when there is none of that name. */
struct tunnel *tunnel_find(const struct registry *r, const char *name);
/* Makes one and holds its name at the router. NULL when out of memory. */
struct tunnel *tunnel_new(struct registry *r, const char *name, bool random_name);
/* Takes it out of the registry and the router and frees it with its clients, who leave their mailboxes. It is idle. */
void tunnel_free(struct tunnel *t);

/* The client with that key and a mailbox, or NULL. */
struct client *tunnel_find_client(const struct tunnel *t, struct bytes key);
/* The client of any tunnel with that key (not empty) that was added last, or NULL; `same_key` leads to the others. */
struct client *tunnel_clients_of_key(const struct registry *r, struct bytes key);
/* A new one, neither current nor here. NULL when out of memory. */
struct client *tunnel_add_client(struct tunnel *t, struct bytes key);
/* Takes a client that is in no tunnel's list any more from the table of keys and frees it. Its streams are closed. */
void tunnel_free_client(struct client *c);
/* Drops those that are neither current nor waited for. */
void tunnel_drop_old_clients(struct tunnel *t);
size_t tunnel_count_current(const struct tunnel *t);
/* After a restart: the one seen last is current, and all that shared with it. */
void tunnel_choose_current(struct tunnel *t);

/* Nobody is here, nothing is under way, nothing waits. */
bool tunnel_is_idle(const struct tunnel *t);
/* When the last of its clients was seen; 0 without any. */
uint64_t tunnel_last_seen_us(const struct tunnel *t);

/* ---- tunnel_watch.c ---- */

/* Something of it is due at a time, or at the next sweep: the registry's sweeps look at it until nothing is. */
void tunnel_watch(struct tunnel *t);
/* The sweeps look at it no more. */
void tunnel_unwatch(struct tunnel *t);
