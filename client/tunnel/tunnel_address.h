/* The addresses of the relay's name, tried in turn: libwebsockets 4.1.6 by itself tries only the first one. A round of
 * connecting tries one after another until one takes the connection. Where one took it and no tunnel came of it, the
 * next round begins with the address after it. Loop thread; finding them blocks as getaddrinfo does. */
#pragma once

#include "shared/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define TUNNEL_ADDRESSES 8
#define TUNNEL_ADDRESS_LEN 80 /* "fe80::1%eth0" */

struct tunnel_addresses {
	char text[TUNNEL_ADDRESSES][TUNNEL_ADDRESS_LEN];
	unsigned count, left; /* found; not tried yet in this round */
	unsigned turn;        /* which is tried next, modulo count */
};

/* Begins a round: all are left. Only those of this machine where `here_only`: then count may be 0. localhost and the
 * names below it are 127.0.0.1 and ::1, whatever /etc/hosts says. 0, or an EAI_... of getaddrinfo. */
MUST_CHECK int tunnel_address_find(struct tunnel_addresses *a, const char *host, bool here_only);
/* The next one of the round, borrowed until the next round. Some must be left. */
const char *tunnel_address_next(struct tunnel_addresses *a);
/* The one that was given last worked: the next round begins with it. */
void tunnel_address_keep(struct tunnel_addresses *a);
/* Whether a route leads to an address; nothing is sent. libwebsockets 4.1.6 does not say that none does, and never
 * frees what it began. */
bool tunnel_address_has_route(const char *address);
/* How long the last one given may take to accept the connection, in ms: the last of a round has the whole limit, the
 * others a short while, so that a dead one holds up nobody. */
uint64_t tunnel_address_wait_ms(const struct tunnel_addresses *a, uint64_t limit_ms);
