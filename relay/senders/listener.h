/* A public port; it hands accepted connections to senders.h (shared/DESIGN.md §3). Loop thread. */
#pragma once

#include "relay/common/relay.h"

struct listener;

/* Listens on ADDR:PORT ("[::1]:0", "0.0.0.0:8080"); `tunnels_only` hands everything to the tunnels. NULL and *e. */
struct listener *listener_new(struct relay *relay, const char *address, bool tunnels_only, struct error *e);
/* The same with a socket that listens already. Takes the socket, and closes it on failure. */
struct listener *listener_adopt(struct relay *relay, int fd, bool tunnels_only, struct error *e);
/* The address with the port it really has: "127.0.0.1:41234". */
const char *listener_address(const struct listener *l);
/* Stops accepting. Freed on the loop. */
void listener_close(struct listener *l);
/* Whether a relay could listen there now; *e when not. */
MUST_CHECK bool listener_probe(const char *address, struct error *e);
/* Whether it can be parsed; *e when not. */
bool listener_check_address(const char *address, struct error *e);
/* The address at which --acme-listen has the certificate authority answered in plaintext; NULL: none. */
const char *listener_for_acme(const struct settings *set);
/* Whether the address is a loopback one; false when it cannot be parsed. */
bool listener_is_loopback(const char *address);
