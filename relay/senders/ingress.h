/* The public HTTP side: libmicrohttpd parses what senders send and writes what they are answered. Each request becomes
 * a delivery (delivery.h) that the router's tunnel carries. MHD runs in external mode on the loop. */
#pragma once

#include "relay/common/peer.h"
#include "relay/common/relay.h"

struct ingress;

struct ingress *ingress_new(struct relay *relay, struct error *e);
/* Takes a connected socket, its first bytes still unread in it; `peer` is who it is of. */
void ingress_adopt(struct ingress *in, int fd, bool tls, const struct peer *peer);
/* New TLS connections get the certificate as it is on disk now; those that stand keep theirs. */
MUST_CHECK bool ingress_reload(struct ingress *in, struct error *e);
/* Connections that are in a request. */
size_t ingress_busy(const struct ingress *in);
size_t ingress_connections(const struct ingress *in);
/* Stops the daemons, closes the loop handles; `closed` on the loop when the memory is gone. */
void ingress_close(struct ingress *in, void (*closed)(void *user), void *user);
