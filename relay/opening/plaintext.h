/* Unencrypted requests to a relay that has a certificate. From this machine they are allowed, because a proxy in front
 * may have ended TLS. From elsewhere they are not: everybody on the way could read their tokens and webhooks. Loop
 * thread. */
#pragma once

#include "relay/net/peer.h"
#include "relay/common/relay.h"

/* Whether a connection is to be refused for being plaintext. `peer` is the socket's own, whatever its requests say, or
 * the address in the PROXY header of a trusted proxy, which passes on bytes that came from there. */
bool plaintext_is_unwelcome(const struct relay *relay, const struct peer *peer);
/* Appends the URL where the same can be had encrypted: an https URL of the relay's own name with the target as it came.
 * `host` is the request's and may be empty; it is used only by a relay that has no name of its own, and only when it is
 * a host and nothing else. False when out of memory. */
MUST_CHECK bool plaintext_write_location(const struct relay *relay, int fd, struct bytes host, struct bytes target,
					 struct buffer *out);
