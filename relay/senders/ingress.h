/* The public HTTP side: libmicrohttpd parses what senders send and writes their answers. Each request becomes a
 * delivery (relay/common/delivery.h), which the tunnel that the router finds carries. Loop thread. */
#pragma once

#include "relay/common/peer.h"
#include "relay/common/relay.h"

struct ingress;

/* NULL and *e. `relay` must outlive it. */
struct ingress *ingress_new(struct relay *relay, struct error *e);
/* Takes a connected socket whose first bytes are still unread; `peer` is its other end. */
void ingress_adopt(struct ingress *in, int fd, bool tls, const struct peer *peer);
/* Reads the certificate from its file again for new TLS connections; present ones keep theirs. False and *e when it
 * cannot be used: the old one stays in use. */
MUST_CHECK bool ingress_reload(struct ingress *in, struct error *e);
/* How many connections are in the middle of a request, and how many there are in all. */
size_t ingress_busy(const struct ingress *in);
size_t ingress_connections(const struct ingress *in);
/* Ends all connections; `closed`, which may be NULL, is called on the loop when the memory is gone. */
void ingress_close(struct ingress *in, void (*closed)(void *user), void *user);
