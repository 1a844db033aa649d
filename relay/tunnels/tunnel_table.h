/* All tunnels of a relay, and what they share: its disk's quota, and the queue for the spool. The registry
 * (relay/registry) fills it, and everything below the registry reaches the relay through it. Loop thread. */
#pragma once

#include "relay/common/quota.h"
#include "relay/common/relay.h"
#include "relay/spool/spool.h"

struct client_events;
struct key_holder;
struct levels;
struct stream;
struct tunnel;

struct tunnel_table {
	struct relay *relay;
	struct spool *spool;
	struct tunnel *tunnels;    /* all */
	struct tunnel *watched;    /* those of which something is due (tunnel_watch) */
	struct key_holder *by_key; /* clients by their key (tunnel_keys.h) */
	struct quota quota;
	const struct levels *levels; /* what waits at other nodes; NULL: there are none */
	size_t put_bytes;            /* payloads on their way to the spool */
	struct stream *put_queue;    /* streams that wait until fewer are (utlist) */
	bool putting;
	const struct client_events *watcher; /* NULL: there are no other nodes */
	void *watcher_user;
	bool closing; /* the relay is ending, and its connections for that reason */
};
