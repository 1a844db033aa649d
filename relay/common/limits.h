/* Who may have how much: connections of an address, requests a second of an address and to a tunnel. Counts and token
 * buckets in two tables, with the time handed in; a limit of 0 is off and costs nothing. Loop thread. */
#pragma once

#include "relay/common/peer.h"
#include "shared/base/bytes.h"

#define LIMITS_MAX_RATE 1000000

struct limits_settings {
	int64_t connections_per_address;
	int64_t rate_per_address; /* requests a second; a second's worth may come at once */
	int64_t rate_per_tunnel;
	int64_t refusals_per_address; /* a second; of an address that is refused again and again */
};

/* Whom a limit counts: an IPv4 address, or the first 64 bits of an IPv6 one, for one host has all of the rest. */
struct limits_address {
	uint8_t at[16];
	bool known;
};

struct limits;

struct limits *limits_new(const struct limits_settings *s);
void limits_free(struct limits *l);

/* An unknown peer is never limited. */
void limits_address_of(struct limits_address *out, const struct peer *p);

bool limits_may_connect(struct limits *l, const struct limits_address *a);
/* Each connected wants its disconnected. */
void limits_connected(struct limits *l, const struct limits_address *a);
void limits_disconnected(struct limits *l, const struct limits_address *a);

/* Take one request out of the bucket; false when it is empty. */
bool limits_take_address(struct limits *l, const struct limits_address *a, uint64_t now_ms);
/* Likewise for a refusal: false when the address has had its part, and is to be turned away with less ado. It says
 * nothing about the address's other requests. */
bool limits_take_refusal(struct limits *l, const struct limits_address *a, uint64_t now_ms);
bool limits_take_tunnel(struct limits *l, struct bytes name, uint64_t now_ms);
/* Forgets buckets that are full again and belong to nobody connected. */
void limits_sweep(struct limits *l, uint64_t now_ms);
size_t limits_entries(const struct limits *l);
