/* How fast and how often one address may come: its connections at once, its requests a second, the refused handshakes
 * that get a reason, and the requests a second to one tunnel. Counters and token buckets; the caller passes the time; a
 * limit of 0 is off and costs nothing. What cannot be counted, because memory ran out or a table is full, is let
 * through. Loop thread. */
#pragma once

#include "relay/net/peer.h"
#include "shared/base/bytes.h"

struct throttle_settings {
	int64_t connections_per_address;
	int64_t rate_per_address; /* requests a second; a second's worth may come at once */
	int64_t rate_per_tunnel;
	int64_t refusals_per_address; /* refused handshakes a second that are told why */
};

/* What is counted as one address: an IPv4 address, or the first 64 bits of an IPv6 address, because one host has all of
 * its /64 network. */
struct throttle_address {
	uint8_t at[16];
	bool known;
};

struct throttle;

/* NULL when out of memory. */
struct throttle *throttle_new(const struct throttle_settings *s);
void throttle_free(struct throttle *t);

/* An unknown peer is never limited. */
void throttle_address_of(struct throttle_address *out, const struct peer *p);

bool throttle_may_connect(struct throttle *t, const struct throttle_address *a);
/* Each throttle_connected() must be followed by one throttle_disconnected(). */
void throttle_connected(struct throttle *t, const struct throttle_address *a);
void throttle_disconnected(struct throttle *t, const struct throttle_address *a);

/* Take one request out of the address's bucket; false when it is empty. */
bool throttle_take_address(struct throttle *t, const struct throttle_address *a, uint64_t now_ms);
/* The same with the bucket of its refusals, which is apart from that of its requests. False: it got a reason often
 * enough, and must be turned away before there is a WebSocket. */
bool throttle_take_refusal(struct throttle *t, const struct throttle_address *a, uint64_t now_ms);
/* The same with the bucket of a tunnel, by its name. */
bool throttle_take_tunnel(struct throttle *t, struct bytes name, uint64_t now_ms);
/* Forgets the buckets that are full again and whose address has no connection; once a second. */
void throttle_sweep(struct throttle *t, uint64_t now_ms);
/* How many addresses and tunnels are remembered, for tests. */
size_t throttle_entries(const struct throttle *t);
